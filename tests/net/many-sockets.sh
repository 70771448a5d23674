#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# many-sockets.sh - a program that has thousands of sockets does not hold up the packets of others.  The client has to
# look through all of them when the program asks for levels without the library, and when a user lists or changes sockets.
# A busy machine has gaps of a tenth of a second of its own; a client that looks through them in its loop stands for minutes.
. "$(dirname "$0")/lib.sh"

topology
echo_server
start_server
start_guarded_client
chmod 755 "$T"
watch_stalls
# The longest gap that is borne, in ms.
bearable() { echo $((400 + 2 * $(longest_stall))); }
nobody() { in_phone setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
cat >"$T/many.py" <<'END'
import os, resource, socket, struct, sys, time
LEVEL, UNENCRYPTED, SO_MARK = 0x7453, 1, 36
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
count = min(6000, hard - 100)
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, hard))
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
sockets[0].bind(("0.0.0.0", 5999))
print("open", flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
for s in sockets:
    while True:
        try:
            s.setsockopt(socket.SOL_SOCKET, LEVEL, struct.pack("i", UNENCRYPTED))
            break
        except OSError: time.sleep(0.01) # there is no room for the question now
print("asked", flush=True)
# A value is 4, for a level that a program has chosen, plus the level.
while any(s.getsockopt(socket.SOL_SOCKET, SO_MARK) >> 24 != 5 for s in sockets): time.sleep(0.05)
print("have", flush=True)
time.sleep(600)
END
program hold encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 10 --report 50
must 10 'encrypted_up && [ "$(last hold .echoed)" -gt 5 ]'
background many "$PHONE" setpriv --reuid 65534 --regid 65534 --clear-groups python3 "$T/many.py" "$T/go"
many=$LAST_PID
must 20 'grep -q open "$T/many.out"'

# --- each socket of the program asks for a level ---
program asking encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --report 20
must 5 '[ "$(last asking .echoed)" -gt 20 ]'
: >"$T/go"
must 60 'grep -q have "$T/many.out"' "each socket gets the level that it asks for"
grows asking .echoed 20
is "while they ask, packets of others go on: longest gap in ms" "$(last asking '.max_gap_ms | floor')" -lt "$(bearable)"

# --- a reload looks at all sockets of the host ---
cat >"$T/open.py" <<'END'
import resource, socket, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(min(6000, hard - 100))]
for s in sockets: s.bind(("127.0.0.1", 0))
print("open", flush=True)
time.sleep(600)
END
for n in 1 2 3; do background open$n "$PHONE" python3 "$T/open.py"; done
for n in 1 2 3; do must 30 "grep -q open '$T/open$n.out'"; done
program reloading encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5005" --to $HOST:7000 --rate 100 --report 20
must 5 '[ "$(last reloading .echoed)" -gt 20 ]'
check "a reload" client reload
grows reloading .echoed 20
is "while it looks at all sockets: longest gap in ms" "$(last reloading '.max_gap_ms | floor')" -lt "$(bearable)"

# --- the user has them listed and changed ---
program listing encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 100 --report 20
must 5 '[ "$(last listing .echoed)" -gt 20 ]'
for _ in {1..5}; do
	nobody "$TSCF_SBINDIR/tscf-client" sockets --control "$CLIENT_CONTROL" >/dev/null || fail "the user's sockets are not listed"
	nobody "$TSCF_SBINDIR/tscf-client" level unencrypted --port 5999 --proto udp --control "$CLIENT_CONTROL" >/dev/null || fail "the user's socket has no level"
	nobody "$TSCF_SBINDIR/tscf-client" level unencrypted --pid "$many" --control "$CLIENT_CONTROL" >/dev/null || fail "the user's program has no level"
done
grows listing .echoed 20
is "while they are looked through: longest gap in ms" "$(last listing '.max_gap_ms | floor')" -lt "$(bearable)"
