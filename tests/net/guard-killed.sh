#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-killed.sh [SEED] - the client is killed a hundred times, at any moment of its life, its start included.
# Meanwhile 20 programs open sockets that policies make encrypted-only, by program and by user.  No socket is without
# its level at birth, nothing of them is in clear, and they get through when there is a client again.
. "$(dirname "$0")/lib.sh"

KILLS=100 PROGRAMS=20 COVERED=4242 SYN_PORT=7777
CC=${CC:-cc}
RANDOM=${1:-${TSCF_SEED:=$((RANDOM % 10000))}}
note "seed ${1:-$TSCF_SEED}"

topology
chmod 711 "$T"
$CC -O1 -static -o "$T/opener" "$TSCF_SRC/tests/net/guard/opener.c" || die "opener cannot be built"
cp "$T/opener" "$T/opener-of-user"
start_capture
echo_server
start_server
CLIENT_CONF=("policy program { program = $T/opener level = encrypted-only }" "policy user { uid = $COVERED level = encrypted-only }")
start_guarded_client
OPENERS=()
for ((i = 0; i < PROGRAMS; i++)); do
	if ((i % 2)); then as=("$T/opener"); else as=(setpriv --reuid "$COVERED" "$T/opener-of-user"); fi
	program "opener$i" stranger "${as[@]}" $HOST 7000 $SYN_PORT M-opener
	OPENERS+=("$LAST_PID")
done
for ((i = 0; i < PROGRAMS; i++)); do must 10 "[ \"\$(last opener$i .back)\" -gt 0 ]" "opener$i gets through"; done

begin=$(now)
for ((i = 0; i < KILLS; i++)); do
	command sleep "0.$(printf %03d $((RANDOM % 250)))"
	kill_client
	launch_client
done
note "$KILLS kills in $(elapsed "$begin") ms; tunnels meanwhile: $(server_counter encrypted_established) encrypted"
for ((i = 0; i < PROGRAMS; i++)); do
	before=$(last opener$i .back)
	must 20 "[ \"\$(last opener$i .back)\" -gt $((before + 5)) ]" "opener$i gets through again"
done
kill -TERM "${OPENERS[@]}"
for pid in "${OPENERS[@]}"; do finish "$pid"; done
sum() { for ((i = $2; i < PROGRAMS; i += $3)); do last opener$i "$1"; done | awk '{ s += $1 } END { print s }'; }
is "sockets" "$(sum .sockets 0 1)" -gt 1000
is "refused while there was no client" "$(sum .refused 0 1)" -gt 0
is "sockets of the program without the mark of their level" "$(sum .unmarked 1 2)" -eq 0
stop_client
stop_capture
is "datagrams in clear" "$(in_clear M-opener)" -eq 0
is "connections in clear" "$({ wire flows; wire outside; } | grep -c "$SYN_PORT")" -eq 0
