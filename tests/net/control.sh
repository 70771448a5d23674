#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# control.sh - the client's control socket is open to all users of the host.  A user other than root can change only his
# own sockets.  Sockets of another network namespace are refused.  Malformed input, with any descriptors, does not end
# the client and leaves nothing behind in it.
. "$(dirname "$0")/lib.sh"

nobody() { in_phone setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
descriptors() { ls "/proc/$CLIENT_PID/fd" | wc -l; }

topology
echo_server
start_server
start_client
chmod 755 "$T"
must 5 reachable
before=$(descriptors)

# --- processes of other users, and the client itself ---
program other stranger "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --report 50
other=$LAST_PID
must 5 '[ "$(last other ".echoed // 0")" -gt 5 ]'
for selector in "--pid $other" "--proto udp --port 5004"; do
	nobody "$TSCF_SBINDIR/tscf-client" level encrypted-only $selector --control "$CLIENT_CONTROL" 2>/dev/null
	is "a stranger must not change the level of $selector" $? -eq 1
done
is "and has not changed it" "$(client_status '.sockets["encrypted-only"]')" -eq 0
for command in stop flush; do
	nobody "$TSCF_SBINDIR/tscf-client" $command --control "$CLIENT_CONTROL" 2>/dev/null
	check "a stranger must not $command" [ $? -ne 0 ]
done
nobody "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted -- "$TSCF_TOOLS/flow" --to $HOST:7000 --count 1 >/dev/null
is "a stranger gives levels to his own sockets" $? -eq 0
ip netns exec "$SERVICE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --to $HOST2:7000 --count 1 >"$T/elsewhere" 2>"$T/elsewhere.err"
is "a socket of another network namespace is refused" "$(jq -r .error "$T/elsewhere")" = EACCES
check "and tscf-run says why" grep -q "another network namespace than the client's, such as a container's: the program's sockets fail" "$T/elsewhere.err"

# --- malformed requests, with descriptors of every kind, and many connections ---
cat >"$T/abuse.py" <<'END'
import array, os, random, socket, struct, sys
MAGIC, SIZE = 0x54534346, 36
def connection():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect(sys.argv[1])
    return s
def send(data, fds):
    s = connection()
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    return s
random.seed(1)
fds = list(os.pipe()) + [os.open("/", os.O_RDONLY), os.open("/dev/null", os.O_RDWR), os.open("/etc/passwd", os.O_PATH)]
keep = [socket.socket(*kind) for kind in ((socket.AF_NETLINK, socket.SOCK_RAW, 0), (socket.AF_UNIX, socket.SOCK_DGRAM),
                                          (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_STREAM))]
fds += [s.fileno() for s in keep]
for op in range(16):
    for level in (0, 1, 2, 3, 4, 2**32 - 1):
        for fd in [None] + fds:
            words = [MAGIC, op, level] + [random.choice((0, 1, 17, os.getpid(), 5060 << 16 | 17, 2**32 - 1)) for _ in range(3)] + [1, 0, 0]
            with send(struct.pack("=9I", *words), [fd] if fd is not None else []) as s:
                try:
                    s.recv(100000)
                except ConnectionResetError:
                    pass
for _ in range(20):
    s = send(struct.pack("=9I", MAGIC, 13, *[0] * 7), [])
    for _ in range(50):
        data, fd = struct.pack("=9I", MAGIC, random.choice((14, 15)), *[random.getrandbits(32) for _ in range(7)]), random.choice([None] + fds)
        try:
            s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else [])
        except OSError:
            break
    s.close()
for _ in range(300):
    for data in (os.urandom(random.randint(1, 200)), struct.pack("=I", MAGIC)):
        try:
            send(data, random.sample(fds, random.randint(1, 6))).close()
        except OSError:
            pass
many = [connection() for _ in range(1100)]
print("done")
END
# An interpreter that root finds may be closed to other users.
nobody python3 "$T/abuse.py" "$CLIENT_CONTROL" >"$T/abuse.txt"
check "all of it was said" grep -q "done" "$T/abuse.txt"
check "the client goes on" reachable
is "the plain socket was not touched" "$(last other .errors)" -eq 0
must 10 '[ "$(encrypted_state)" != requested ]'
# An encrypted tunnel that lingers has a socket of its own.
wait_until 10 '[ "$(descriptors)" -le $((before + 1)) ]'
is "no descriptor is left in it" "$(descriptors)" -le $((before + 1))
