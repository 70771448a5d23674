#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# device-named.sh - sockets whose program names a device, while there is no encrypted tunnel any more.  On the encrypted
# device they get an error, and nothing is in clear.  An encrypted-only socket may join a multicast group on the link:
# only the kernel's report of that is on the link, and packets for the group do not reach the socket.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
start_client
# The device has an address from its first tunnel on; before that the kernel accepts no packets from it.
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --linger 3000 --until-echoed 5 >"$T/once.out"
is "a tunnel is there once" "$(last once .echoed)" -ge 5
stop_server
if [ "$TSCF_INNER" = 6 ]; then ERROR=EACCES; else ERROR=EHOSTUNREACH; fi

cat >"$T/named.py" <<'END'
import errno, socket, sys, time
host, local = sys.argv[1:3]
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tscf1\0")
s.bind((local, 0))
end = time.time() + 8
while time.time() < end:
    try:
        s.connect((host, 7000))
        s.send(b"M-named")
    except OSError as error:
        print(errno.errorcode[error.errno])
        break
    time.sleep(0.05)
END
is "bound to the encrypted device without a tunnel: an error" "$(run encrypted-only python3 "$T/named.py" $HOST "$PHONE_INNER")" = $ERROR

cat >"$T/group.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5004))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.1.2.3") + socket.inet_aton("198.51.100.2"))
print("joined", flush=True)
while True:
    print(s.recv(100).decode(), flush=True)
END
if [ "$TSCF_INNER$TSCF_OUTER" = 44 ] && [ "$(client_status .guard.state)" = on ]; then
	program plain library python3 "$T/group.py"
	must 5 'grep -q joined "$T/plain.out"'
	plain=$LAST_PID
	shout() { in_server python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(0, 32, socket.inet_aton("198.51.100.1")); s.sendto(b"heard", ("239.1.2.3", 5004))'; }
	must 5 'shout; grep -q heard "$T/plain.out"' "a group on the link is heard"
	kill "$plain"
	gone "$plain"
	joined=$(now)
	program only encrypted-only python3 "$T/group.py"
	must 5 'grep -q joined "$T/only.out"'
	for _ in 1 2 3 4 5; do shout; done
	must 5 '[ "$(client_status ".counters.guard_in_only")" -ge 5 ]' "the guard keeps it from an encrypted-only socket"
	# reported TEXT: what the kernel has reported about groups on the link since then.
	reported() { tcpdump -r "$PCAP" -n -tt -v 2>/dev/null | paste -sd ' ' | sed 's/ \([0-9]\{10\}\.\)/\n\1/g' | awk -v from="$joined" '$1 >= from' | grep -c "$1"; }
	must 10 '[ "$(reported "igmp.*report.*239.1.2.3")" -ge 1 ]' "the kernel tells the link of the group"
	is "which hears nothing" "$(grep -c heard "$T/only.out")" -eq 0
fi
fence
stop_capture
is "nothing of it in clear" "$(in_clear M-named)" -eq 0
