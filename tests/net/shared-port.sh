#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shared-port.sh - a plain socket has the port of an encrypted-only one, by SO_REUSEPORT or because it is an IPv6-only
# socket.  What the encrypted-only socket sends and receives stays encrypted, in any order in which the two are opened,
# reported and closed.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
start_client
in_phone sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0

# shared.py LOCAL [REMOTE]: counts what it gets; with a remote it sends as well.
cat >"$T/shared.py" <<'END'
import select, socket, sys, time
v6 = ":" in sys.argv[1]
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
if v6:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind((sys.argv[1], 5004))
if len(sys.argv) > 2:
    s.connect((sys.argv[2], 7000))
sent = got = 0
while True:
    if len(sys.argv) > 2:
        s.send(b"M-shared-up")
        sent += 1
    time.sleep(0.005)
    while select.select([s], [], [], 0)[0]:
        got += len(s.recv(2000)) > 0
    print('{"sent": %d, "got": %d}' % (sent, got), flush=True)
END
shared() { program "$1" "$2" python3 "$T/shared.py" "${@:3}"; }

shared first encrypted-only "$PHONE_INNER" $HOST
must 10 'encrypted_up && [ "$(last first .got)" -gt 10 ]'
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST2:7001 --to "$PHONE_INNER:5004" --rate 100 --linger 0 \
	--marker "M-shared-down " --report 50
shared second unencrypted "$PHONE_INNER"
second=$LAST_PID
grows first .got 100
must 5 '[ -s "$T/second.out" ]'
shared third unencrypted ::
third=$LAST_PID
must 5 '[ -s "$T/third.out" ]'
grows first .got 100
# The client reports each of them; that says nothing about the others.
level unencrypted --pid "$second" >/dev/null
level unencrypted --pid "$third" >/dev/null
grows first .got 100
shared fourth encrypted-preferred "$PHONE_INNER"
fourth=$LAST_PID
must 5 '[ -s "$T/fourth.out" ]'
grows first .got 50
level unencrypted --pid "$fourth" >/dev/null
grows first .got 100
kill "$second" "$third" "$fourth"
grows first .got 50
stop_capture
is "nothing of the encrypted-only socket in clear" "$(in_clear M-shared-up)" -eq 0
is "nor what was sent to it" "$(in_clear M-shared-down)" -eq 0
