#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# unlisted.sh - sockets that the kernel does not list, because they have no local port yet, are encrypted-only
# nevertheless.  After a clean stop of the client their first packets do not go out in clear.  While the tunnel is
# refused they get an error, and do not make the client ask for each packet.  The rules that all this depends on belong
# to the first client: a second client in the same place is refused.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
in_phone sysctl -qw net.ipv4.ping_group_range="0 2147483647"
SERVICES=SIP
start_server
start_client

cat >"$T/unlisted.py" <<'END'
import os, socket, sys, time
v6 = ":" in sys.argv[1]
family = socket.AF_INET6 if v6 else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
tcp = socket.socket(family, socket.SOCK_STREAM)
ping = socket.socket(family, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
echo = (b"\x80" if v6 else b"\x08") + bytes(7) + b"M-unlisted"
tcp.settimeout(0.2)
def ping_for(seconds):
    refused = 0
    end = time.time() + seconds
    while time.time() < end:
        try:
            ping.sendto(echo, (sys.argv[1], 0))
        except OSError as error:
            refused += error.errno == 13
        time.sleep(0.02)
    return refused
print("refused", ping_for(2), flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
ping_for(0.2)
for i in range(3):
    for send in (lambda: udp.sendto(b"M-unlisted", (sys.argv[1], 7000)), lambda: tcp.connect((sys.argv[1], 7000))):
        try:
            send()
        except OSError as error:
            pass
print("done", flush=True)
time.sleep(60)
END
program unlisted encrypted-only python3 "$T/unlisted.py" $HOST "$T/go"
must 10 'grep -q refused "$T/unlisted.out"'
is "ping: refused while there is no tunnel" "$(awk '/refused/ { print $2 }' "$T/unlisted.out")" -gt 30
is "ping: the server was not asked for each packet" "$(server_counter refused_service)" -le 6

# --- a second client ---
# Without the rules that change while the first client tries again.
kernel() { in_phone ip -$TSCF_INNER rule | grep -v -e ^7003: -e ^7039: ; for table in 7453 7454; do in_phone ip -$TSCF_INNER route show table $table; done; }
before=$(kernel)
timeout 10 ip netns exec "$PHONE" "$TSCF_SBINDIR/tscf-client" --foreground --state-dir "$T/phone" --server $SERVER_OUTER:$PORT --pin "$PIN" \
	--control "$T/second.sock" --plain-dev second0 --encrypted-dev second1 >"$T/second.log" 2>&1
status=$?
check "a second client with the same tables is refused, with a reason" [ "$status" -eq 1 -a -s "$T/second.log" ]
check "and has changed nothing" [ "$(kernel)" = "$before" ]
check "the first one goes on" reachable

# --- a clean stop ---
stop_client
touch "$T/go"
must 10 'grep -q done "$T/unlisted.out"'
stop_capture
is "unlisted sockets: not in clear" "$(in_clear M-unlisted)" -eq 0
is "nor a connection" "$(tcpdump -nr "$PCAP" "tcp port 7000 or icmp[0] == 8 or (icmp6 and ip6[40] == 128)" 2>/dev/null | wc -l)" -eq 0

# --- the device is removed ---
start_client
in_phone ip link del tscf0
must 10 'in_phone ip link show tscf0 >"$T/link.out" 2>&1' "a device that is taken away is made again"
must 10 'plain_up' "the client goes on"
stop_client
