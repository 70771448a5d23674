#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# full-table.sh - more sockets than a session may register.  Sockets without an entry are encrypted nevertheless, in
# both directions, and so is everything else of that client until there is room.  A user other than root can use only
# his share, and is told when it is used up.
. "$(dirname "$0")/lib.sh"

SHARE=4096 # SHARES_MAX
ROOM=20000 # SERVER_BINDINGS_MAX

topology
start_capture
echo_server
start_server
start_client
chmod 755 "$T"
# Make so many encrypted-only sockets, print how many failed with EACCES, and keep the others until the end.
cat >"$T/many.py" <<-'END'
	import errno, os, resource, socket, sys, time
	hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
	resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
	refused, kept = 0, []
	for _ in range(int(sys.argv[1])):
	    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, socket.SOCK_DGRAM)
	    s.bind((sys.argv[2], 0))
	    try:
	        s.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
	        kept.append(s)
	    except OSError as error:
	        refused += error.errno == errno.EACCES
	print("refused", refused, "kept", len(kept), flush=True)
	time.sleep(600)
END
at library

# --- a user's share ---
background user "$PHONE" setpriv --reuid 65534 --regid 65534 --clear-groups "${AT[@]}" python3 "$T/many.py" $((SHARE + 100)) "$PHONE_INNER"
user=$LAST_PID
must 60 '[ -s "$T/user.out" ]' "a user makes more sockets than his share"
is "the user is refused what goes beyond it" "$(awk '{ print $2 }' "$T/user.out")" -eq 100
kill "$user"
finish "$user" 10

# --- the whole session ---
pids=()
for n in 1 2 3 4; do
	background "many-$n" "$PHONE" "${AT[@]}" python3 "$T/many.py" $((ROOM / 4 + 50)) "$PHONE_INNER"
	pids+=("$LAST_PID")
done
must 90 '[ -s "$T/many-1.out" ] && [ -s "$T/many-2.out" ] && [ -s "$T/many-3.out" ] && [ -s "$T/many-4.out" ]' "root makes more than the session may have"
must 15 '[ "$(server_counter binding_limit)" -gt 0 ]' "the server has no room for all"
why="too many bindings"
must 10 'client status | grep -q "^sockets, refused by the server: limit reached: $why\$"' "the status says why"
is "and the log, not for each try" "$(grep -c "the server refused to register sockets: limit reached: $why" "$T/client.log")" -le 3
check "the server's log" grep -q "refused: bindings of the encrypted tunnel of $PHONE_OUTER:[0-9]*, identity not known: $why" "$T/server.log"
program victim encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --marker "M-victim " --report 50
victim=$LAST_PID
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate 100 --marker "M-down " --report 50
program plain stranger "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 50 --marker "M-plain " --report 50
from=$(now)
grows victim .echoed 100 "an encrypted-only socket for which there is no room is served"
grows victim .foreign 100
grows plain .echoed 50 "and so is a plain one"
is "nothing of theirs in clear" "$(($(in_clear M-victim) + $(in_clear M-down) + $(in_clear M-plain "$from")))" -eq 0

# --- room again ---
kill "${pids[0]}"
must 30 'grep -q "has room for all sockets again" "$T/client.log"' "the client knows when there is room"
must 5 '[ "$(client_status .bindings_refused)" = null ]' "nothing is refused any more"
must 10 '[ "$(in_clear M-plain)" -gt 0 ]' "the plain socket is plain again"
grows plain .echoed 50
grows victim .echoed 50
kill "$victim" "${pids[@]:1}"
stop_capture
is "nothing of the encrypted-only socket in clear" "$(($(in_clear M-victim) + $(in_clear M-down)))" -eq 0
