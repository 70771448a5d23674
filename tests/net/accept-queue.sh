#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# accept-queue.sh - a listening socket becomes encrypted-only while connections wait in its queue and others are in the
# middle of their handshake.  What the program sends on them after it has accepted them is never in clear.  That holds
# after the client was killed, and with the guard also if it was killed before.  The test covers programs with the
# library, programs that are moved by the command, and programs that only the guard serves.
. "$(dirname "$0")/lib.sh"

# A server that accepts when the file NAME.accept is there, and says a text of its own on all connections for ever.
cat >"$T/listen.py" <<'END'
import os, socket, sys, time
name, text, port, option = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
family = socket.AF_INET6 if sys.argv[5] == "6" else socket.AF_INET
def when(what):
    while not os.path.exists(name + "." + what): time.sleep(0.01)
l = socket.socket(family)
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("", port))
l.listen(50)
print("listening", flush=True)
when("level")
if option == "itself": l.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
print("level", flush=True)
when("accept")
count = int(open(name + ".accept").read())
connections = []
l.settimeout(20)
try:
    while len(connections) < count: connections.append(l.accept()[0])
except TimeoutError: pass
print("accepted", len(connections), flush=True)
l.close()
for c in connections: c.setblocking(False)
while True:
    marks = [c.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) >> 24 & 3 for c in connections]
    print("levels", *marks, flush=True)
    for c in connections:
        try: c.send(text.encode())
        except OSError: pass
    time.sleep(0.05)
END
cat >"$T/connect.py" <<'END'
import os, socket, sys, time
host, port, source, name = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[5]
connections = []
for i in range(int(sys.argv[4])):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.bind(("", source + i))
    s.connect((host, port))
    s.setblocking(False)
    connections.append(s)
print("connected", flush=True)
while True:
    for s in connections:
        try:
            if os.path.exists(name + ".accept"): s.send(sys.argv[6].encode())
            s.recv(10000)
        except OSError: pass
    time.sleep(0.05)
END

# full NAME PORT: three connections wait to be accepted, and of two more the server lacks the last packet of the
# handshake.
full() {
	background "$1-far" "$SERVICE" python3 "$T/connect.py" "$PHONE_INNER" "$2" $((30000 + 10 * ($2 - 5060))) 3 "$T/$1" "M-far-$1 "
	must 5 "[ -s '$T/$1-far.out' ]"
	in_service nft -f - <<-END || die "nft"
		table inet hold
		delete table inet hold
		table inet hold {
			chain out { type filter hook output priority 0; tcp flags & (syn | ack) == ack tcp sport 40000-40100 tcp dport $2 drop; }
		}
	END
	background "$1-half" "$SERVICE" python3 "$T/connect.py" "$PHONE_INNER" "$2" $((40000 + 10 * ($2 - 5060))) 2 "$T/$1" "M-far-$1 "
	must 5 "[ -s '$T/$1-half.out' ]"
	must 5 "[ \"\$(in_phone ss -Htn state established state syn-recv \"sport = :$2\" | wc -l)\" -eq 5 ]" "the queue is full"
}
# A socket that the client serves: NAME PORT HOW.  HOW is "itself" (the program asks) or "other" (the command does).
listener() {
	program "$1" "$4" python3 "$T/listen.py" "$T/$1" "M-$1 " "$2" "$3" "$TSCF_INNER"
	local pid=$LAST_PID
	must 5 "grep -q listening '$T/$1.out'"
	full "$1" "$2"
	[ "$3" = itself ] || level encrypted-only --pid "$pid" >/dev/null
	touch "$T/$1.level"
	must 5 "grep -qx level '$T/$1.out'"
}
# The first data of the other end finishes the handshakes.
let_in() { in_service nft delete table inet hold; }
accepts() { # NAME COUNT
	echo "$2" >"$T/$1.accept.new"
	mv "$T/$1.accept.new" "$T/$1.accept"
	must 20 "grep -q 'accepted $2' '$T/$1.out'" "$1: accepted"
}
round() { # NAME PORT HOW LIBRARY
	listener "$@"
	let_in
	accepts "$1" 5
	must 5 "[ \"\$(tail -n1 '$T/$1.out')\" = 'levels 2 2 2 2 2' ]" "$1: each gets the level of the socket that listened"
	pass "$1: each has the level of the socket that listened"
}

topology
start_capture
echo_server
start_server
CLIENT_CONF=("$([ -z "${GUARD-}" ] || echo "guard = $GUARD")")
start_client
guard=$(client_status .guard.state)
only
must 10 encrypted_up

round library 5060 itself library
round other 5061 other stranger
[ "$guard" != on ] || round guard 5062 itself stranger
kill_client
for name in library other $([ "$guard" != on ] || echo guard); do
	lines=$(wc -l <"$T/$name.out")
	must 5 "[ \"\$(wc -l <'$T/$name.out')\" -gt $((lines + 10)) ]" "$name goes on"
done

# --- killed while they wait ---
if [ "$guard" = on ]; then
	start_client
	must 10 encrypted_up
	listener killed 5063 itself library
	kill_client
	let_in
	# No packet comes any more that would finish a handshake.
	accepts killed 3
	must 5 "[ \"\$(grep -c levels '$T/killed.out')\" -gt 20 ]" "killed: goes on"
	start_client
	must 10 "[ \"\$(tail -n1 '$T/killed.out')\" = 'levels 2 2 2' ]" "killed: the next client gives them their level"
	pass "killed: the next client gives them their level"
fi
stop_capture
for name in library other guard killed; do
	is "in clear: $name" "$(in_clear "M-$name")" -eq 0
	is "in clear: what is said to it" "$(in_clear "M-far-$name")" -eq 0
done
