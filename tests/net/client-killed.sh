#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# client-killed.sh - tscf-client dies by SIGKILL.  An encrypted-only socket stays prohibited, although its host has a
# default route outside the tunnels, and goes on by itself when the client is started again.  Nothing that it sends or
# receives is in clear at any time.
. "$(dirname "$0")/lib.sh"

# What a busy machine may add, ms.
BUSY=2000

topology
start_capture
echo_server
start_server
start_client
# The server asks a tunnel in which 8 packets were not answered: so slow that a machine that stands still for a moment
# does not make the last echoes so many.
program only encrypted-only \
	"$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 40 --marker "M-only " --report 50
only=$LAST_PID
# The far end begins when the server knows the socket: before that, it could not be protected.
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]'
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate 100 --marker "M-down " --report 50
remote=$LAST_PID
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 50 ]'
is "no error before" "$(last only .errors)" -eq 0

address=$PHONE_INNER
kill_client
killed=$(now)
must 5 '[ "$(last only ".send_errors.EACCES // 0")" -gt 20 ]' "the program sees EACCES"
sent=$(last only .sent)
must 5 "[ \"\$(last only '.send_errors.EACCES')\" -gt 100 ]"
# Packets for the socket are not answered (tscf(7), DYNAMIC ENCRYPTION).
must 5 '[ "$(server_counter encrypted_probed)" -gt 0 ]' "the server asks the tunnel, since it talks in vain"
is "once" "$(server_counter encrypted_probed)" -eq 1
is "nothing more was sent" "$(last only .sent)" -eq "$sent"
# A new encrypted-only program is refused, too, with and without the library.
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 3 --linger 0 --marker "M-new " >"$T/new.out" 2>/dev/null
check "a new encrypted-only program cannot send" jq -se 'last | .sent == 0 or .failed' "$T/new.out"
is "the phone has a way into the open" "$(in_phone ip -j route get $HOST | jq -r '.[0].dev')" = access

echoed=$(last only .echoed)
started=$(now)
start_client
note "internal address before $address, after $PHONE_INNER"
must 15 "[ \$(last only .echoed) -gt $((echoed + 10)) ]" "the same socket goes on"
is "in time, ms after the start" "$(elapsed "$started")" -le $((1000 + BUSY))
is "the server has not asked again" "$(server_counter encrypted_probed)" -eq 1
is "nor refused the new one" "$(server_counter refused_reservation)" -eq 0
grows only .echoed 50 "it goes on"

# --- once more, without packets for the socket ---
kill "$remote"
finish "$remote" 10
grows only .echoed 50 "it goes on alone"
kill_client
must 5 '[ "$(last only .errors)" -gt '"$(last only .errors)"' ]' "the program sees errors again"
echoed=$(last only .echoed)
started=$(now)
start_client
must 15 "[ \$(last only .echoed) -gt $((echoed + 10)) ]" "the same socket goes on again"
is "in time again, ms after the start" "$(elapsed "$started")" -le $((1000 + BUSY))
is "the server need not ask the tunnel of the former run" "$(server_counter encrypted_probed)" -eq 1
is "nor refuse the new one" "$(server_counter refused_reservation)" -eq 0
kill "$only"
finish "$only"
fence
stop_capture
is "the socket was never in clear" "$(in_clear M-only)" -eq 0
is "nor was the new program" "$(in_clear M-new)" -eq 0
is "nor what was sent to it" "$(in_clear M-down)" -eq 0
is "no packet of the socket in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0
check "nothing of it outside either" [ -z "$(wire outside --from "$killed" | grep -E "$HOST:700[01]|$PHONE_INNER")" ]
