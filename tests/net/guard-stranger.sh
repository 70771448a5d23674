#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-stranger.sh - sockets that are made in a cgroup which the client has not seen, and that policies do not match: they are encrypted-only until it has
# looked, and get through then, a datagram socket and a connect() that never bind; also if the events of
# all of them were too many.
. "$(dirname "$0")/lib.sh"

make_cgroup || skip "no cgroups can be made"

topology
start_capture
echo_server
start_server
gcc -static -o "$T/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
CLIENT_CONF=("policy apps { cgroup = \"/tscf-test-*/app-*.scope\" level = encrypted-only }")
start_guarded_client
# stranger NAME COMMAND...: in a cgroup of that name, which is new; the client stands still.
stranger() {
	kill -STOP "$CLIENT_PID"
	bash -c 'mkdir "$1" && echo $$ >"$1/cgroup.procs" && shift && exec ip netns exec "$@"' - "$CGROUP/$1" "$PHONE" "${@:2}" >"$T/$1.out" 2>"$T/$1.log" &
	stranger=$!
	PIDS+=("$stranger")
}
looks() { kill -CONT "$CLIENT_PID"; }
# What the program NAME says at last.
said() { sed -E 's/.*(value=0)/\1/; s/ $//' "$T/$1.out"; }
CONNECT=("$TSCF_TOOLS/tcp" --to "$HOST:7000" --bytes 6400 --marker M-tcp --patience 15000)
connects() { in_phone ss -Htn state syn-sent | grep -q .; }

# --- with an encrypted tunnel ---
in_phone "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --count 1 --linger 1000 --until-echoed 1 >/dev/null
stranger sends "$T/born" $HOST M-sends v w"$T/go" s1 l0 s2
must 5 '[ -s "$T/sends.out" ]'
looks
: >"$T/go"
finish $stranger
is "a datagram socket" "$(said sends)" = "value=0 back=2/0"
stranger connects "${CONNECT[@]}"
must 5 connects
looks
finish $stranger
is "a connect()" "$(last connects .done)" = true

# --- more sockets than there is room for events, and the one that sends ---
rm "$T/go"
# shellcheck disable=SC2046 # many words
stranger many "$T/born" $HOST M-many v $(printf 'k%.0s ' {1..100}) w"$T/go" s1 l0 s2
must 10 '[ "$(wc -w <"$T/many.out")" -ge 801 ]'
looks
: >"$T/go"
finish $stranger
is "after too many events" "$(said many)" = "value=0 back=2/0"

stop_client
stop_capture
