#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# source-route.sh - a packet with a source route has its first hop in the IP header, not the service network that the
# default level holds for.  The guard refuses it, by UDP, by TCP and for one message.  The same packet passes of a
# socket that its program has made unencrypted.
. "$(dirname "$0")/lib.sh"

topology
cat >"$T/route.py" <<'END'
import errno, socket, struct, sys, time
hop, host, text, how, level = sys.argv[1:6]
if ":" in host:
    family, option, message = socket.AF_INET6, (socket.IPPROTO_IPV6, socket.IPV6_RTHDR), (socket.IPPROTO_IPV6, socket.IPV6_RTHDR)
    # A segment routing header (RFC 8754): two segments of which one is left, last one first.
    value = struct.pack("BBBBB3x", 0, 4, 4, 1, 1) + socket.inet_pton(family, host) + socket.inet_pton(family, hop)
else:
    # An option that does nothing comes first.
    family, option, message = socket.AF_INET, (socket.IPPROTO_IP, socket.IP_OPTIONS), (socket.IPPROTO_IP, socket.IP_RETOPTS)
    value = bytes([1, 131, 7, 4]) + socket.inet_pton(family, hop)
s = socket.socket(family, socket.SOCK_STREAM if how == "tcp" else socket.SOCK_DGRAM)
s.settimeout(1.5)
if level != "none":
    s.setsockopt(socket.SOL_SOCKET, 0x7453, int(level))
    # The client lowers the level.
    end = time.monotonic() + 5
    while s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) == 0 and time.monotonic() < end:
        time.sleep(0.01)
try:
    if how in ("udp", "tcp"):
        s.setsockopt(*option, value)
    if how == "tcp":
        s.connect((host, 7100))
    for i in range(3):
        s.sendmsg([text.encode()], [(*message, value)] if how == "message" else [], 0, (host, 7000))
    print("sent")
except socket.timeout:
    print("no answer")
except OSError as e:
    print(errno.errorcode[e.errno])
END
send() { in_phone python3 "$T/route.py" "$SERVER_LINK" $HOST "$@"; }
start_capture
echo_server
start_server
CLIENT_CONF=("default-level = encrypted-only")
start_guarded_client
must 15 'encrypted_up && [ "$(send M-plain none none)" = sent ]' "without a source route"

is "UDP, by the option" "$(send M-option udp none)" = EPERM
# Of the routing headers for one message, the kernel takes only that of Mobile IPv6.
[ "$TSCF_INNER" = 6 ] || is "UDP, for one message" "$(send M-message message none)" = EPERM
is "TCP" "$(send M-tcp tcp none)" = "no answer"
is "unencrypted by its program" "$(send N-given udp 1)" = sent
fence
stop_client
stop_capture
for marker in plain option message; do is "in clear: $marker" "$(in_clear M-$marker)" -eq 0; done
is "in clear: a connection" "$(tcpdump -n -r "$PCAP" "dst port 7100 or (ip6[6] = 43 and ip6[40] = 6)" 2>/dev/null | wc -l)" -eq 0
is "in clear: of the one that is unencrypted" "$(in_clear N-given)" -eq 3
