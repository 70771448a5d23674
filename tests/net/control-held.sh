#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# control-held.sh - one user of the host cannot harm others by the control sockets.  Descriptors whose close() waits
# delay neither packets nor the calls of others, at client and server.  Connections that are kept open leave places for
# root and for other users.  A client without free descriptors refuses calls, and recovers.  A control socket that is
# removed, with or without its directory, is made again at once.
. "$(dirname "$0")/lib.sh"

CLIENT_CONTROL=$T/run/client.sock
nobody() { in_phone setpriv --reuid "$1" --regid 65534 --clear-groups "${@:2}"; }
answers() { timeout 2 "$TSCF_SBINDIR/tscf-$1" status --control "$2" >/dev/null; }

topology
echo_server
start_server
start_client
chmod 755 "$T"
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --report 20
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]'

# --- descriptors whose close() waits for 20 s: with a whole request, half of one, and more than one; and closed unread ---
cat >"$T/linger.py" <<'END'
import array, resource, socket, struct, sys, threading, time
def lingering():
    l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(5)
    c = socket.socket(); c.connect(l.getsockname()); peer, _ = l.accept()
    c.setblocking(False)
    try:
        while True: c.send(b"x" * 65536)
    except BlockingIOError: pass
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
    return c, peer
peers = []
for op in (1, 8, 11, 13):
    r = struct.pack("=9I", 0x54534346, op, *[0] * 7)
    for first, rest in ((r, b""), (r[:35], r[35:]), (r + r, b"")):
        c, peer = lingering()
        peers.append(peer)
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
        s.sendmsg([first], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [c.fileno()]))])
        threading.Thread(target=c.close, daemon=True).start()
        try: s.send(rest)
        except OSError: pass
        s.close()
print("sent", flush=True)
time.sleep(30)
END
lingers() {
	background "linger-$1" "$2" setpriv --reuid 65534 --regid 65534 --clear-groups python3 "$T/linger.py" "$3"
	local pid=$LAST_PID
	must 10 "[ -s '$T/linger-$1.out' ]"
	must 3 "answers $1 '$3'" "the $1 answers while a user's descriptors wait to be closed"
	kill "$pid"
}
lingers client "$PHONE" "$CLIENT_CONTROL"
grows only .echoed 50
# At 100 packets a second; one that waits for close() would take 20 s.  What is under way counts as lost.
is "no packet was held up: lost" "$(last only .lost)" -le 100
is "others' programs get their level" "$(run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --rate 100 --until-echoed 5 | tail -1 | jq .echoed)" -eq 5
lingers server "$SERVER" "$SERVER_CONTROL"

# --- connections that are kept open ---
cat >"$T/hold.py" <<'END'
import resource, socket, struct, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (1500, 1500))
held = []
for i in range(1400):
    s = socket.socket(socket.AF_UNIX); s.settimeout(2); held.append(s)
    try: s.connect(sys.argv[1]); s.send(struct.pack("=9I", 0x54534346, 13 if i % 2 else 10, *[0] * 4 + [60000] + [0] * 2))
    except OSError: pass
print("held", flush=True)
time.sleep(60)
END
prlimit --pid $$ --nofile=4096:4096
for user in 65533 65534; do
	background "hold-$user" "$PHONE" setpriv --reuid $user --regid 65534 --clear-groups python3 "$T/hold.py" "$CLIENT_CONTROL"
done
must 20 "[ -s '$T/hold-65533.out' ] && [ -s '$T/hold-65534.out' ]"
check "root gets through" answers client "$CLIENT_CONTROL"
is "so do other users" "$(nobody 65532 "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level encrypted-only -- "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --rate 100 --until-echoed 5 | tail -1 | jq .echoed)" -eq 5
is "the client has descriptors left" "$(ls /proc/$CLIENT_PID/fd | wc -l)" -lt 700

# --- the client has no descriptor left ---
limit=$(prlimit --pid "$CLIENT_PID" --nofile --noheadings --output SOFT,HARD | tr -s ' ' : | sed 's/^://')
prlimit --pid "$CLIENT_PID" --nofile=3:"${limit#*:}"
is "no descriptors: encrypted-only is refused" "$(run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 1 --linger 0 2>/dev/null | jq -r .error)" = EACCES
check "and the log says so" grep -q "calls at the control socket wait" "$T/client.log"
grows only .echoed 10 "what is there goes on"
prlimit --pid "$CLIENT_PID" --nofile="$limit"
must 3 'answers client "$CLIENT_CONTROL"' "descriptors again: it answers"

# --- the socket is removed ---
rm "$CLIENT_CONTROL"
must 3 'answers client "$CLIENT_CONTROL"' "a control socket that was removed is there again"
rm -r "$T/run"
must 3 'answers client "$CLIENT_CONTROL"' "also with its directory"
rm "$SERVER_CONTROL"
must 3 'answers server "$SERVER_CONTROL"' "the server's, too"
stop_client
is "no control socket is left after a stop" "$(ls "$T/run" | wc -l)" -eq 0
