#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bound-device.sh - a program that names the device itself, or that sends to the broadcast address of the link, does not
# get past its level.  The kernel sends such packets although every rule prohibits it, or routes them before it reads
# our rules.  The test does this also after the client was killed and after it has stopped.  When no encrypted-only
# socket is left, nothing of this stays in the kernel.
. "$(dirname "$0")/lib.sh"

topology
for address in fe80::2/64 2001:db8:1::2/64; do add_address "$PHONE" access $address; done
for neighbour in fe80::1 2001:db8:1::1; do in_phone ip neigh replace $neighbour dev access lladdr 02:00:00:00:00:01 nud permanent; done
start_capture
echo_server
start_server
start_client

# device.py TEXT [WAIT]: send in every way.  With WAIT, the sockets are made at once and used when that file exists.
cat >"$T/device.py" <<'END'
import os, socket, struct, sys, time
text = sys.argv[1].encode()
index = socket.if_nametoindex("access")
IP_PKTINFO, IP_UNICAST_IF, IPV6_UNICAST_IF = 8, 50, 76
udp, pktinfo, unicast, multicast, broadcast = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(5)]
tcp = socket.socket()
v6, bound6, pktinfo6, unicast6, multicast6 = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(5)]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
for s in udp, tcp, raw, bound6:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"access\0")
unicast.setsockopt(socket.IPPROTO_IP, IP_UNICAST_IF, struct.pack("!I", index))
multicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4sI", bytes(4), bytes(4), index))
broadcast.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
unicast6.setsockopt(socket.IPPROTO_IPV6, IPV6_UNICAST_IF, struct.pack("!I", index))
multicast6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
tcp.settimeout(0.3)
print("ready", flush=True)
while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
server, server6 = "198.51.100.1", "2001:db8:1::1"
ways = {
    "bound to the device": lambda: udp.sendto(text, (server, 7000)),
    "bound to the device, tcp": lambda: tcp.connect((server, 7001)),
    "bound to the device, raw": lambda: raw.sendto(text, (server, 0)),
    "pktinfo": lambda: pktinfo.sendmsg([text], [(0, IP_PKTINFO, struct.pack("=I4s4s", index, bytes(4), bytes(4)))], 0, (server, 7000)),
    "unicast interface": lambda: unicast.sendto(text, (server, 7000)),
    "multicast": lambda: multicast.sendto(text, ("239.1.2.3", 7000)),
    "broadcast": lambda: broadcast.sendto(text, ("198.51.100.255", 7000)),
    "multicast, IPv6": lambda: v6.sendto(text, ("ff02::1234", 7000, 0, index)),
    "multicast to all the world, IPv6": lambda: v6.sendto(text, ("ff0e::1234", 7000)),
    "multicast interface, IPv6": lambda: multicast6.sendto(text, ("ff0e::1234", 7000)),
    "link-local, IPv6": lambda: v6.sendto(text, ("fe80::1", 7000, 0, index)),
    "bound to the device, IPv6": lambda: bound6.sendto(text, (server6, 7000)),
    "pktinfo, IPv6": lambda: pktinfo6.sendmsg([text], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, bytes(16) + struct.pack("=I", index))],
                                              0, (server6, 7000)),
    "unicast interface, IPv6": lambda: unicast6.sendto(text, (server6, 7000)),
}
refused = 0
for way, send in ways.items():
    try:
        send()
        print(way, flush=True)
    except PermissionError:
        refused += 1
    except OSError as error:
        print(way, error, flush=True)
print("refused", refused, flush=True)
END
refused() { awk '/^refused/ { print $2 }' "$1"; }
no_policies() { [ -z "$(in_phone ip xfrm policy)" ]; }

run stranger python3 "$T/device.py" M-stranger >"$T/stranger.txt"
is "other sockets may" "$(refused "$T/stranger.txt")" -eq 0
fence
is "and are seen" "$(in_clear M-stranger)" -ge 12
run encrypted-only python3 "$T/device.py" M-only >"$T/only.txt"
is "encrypted-only: every way is refused" "$(refused "$T/only.txt")" -eq 14
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 20 --linger 2000 >"$T/flow.json" || fail "flow"
is "encrypted-only: what goes through the tunnel passes" "$(tail -n1 "$T/flow.json" | jq .echoed)" -ge 19

program killed encrypted-only python3 "$T/device.py" M-killed "$T/go-killed"
killed=$LAST_PID
program stopped encrypted-only python3 "$T/device.py" M-stopped "$T/go-stopped"
stopped=$LAST_PID
must 5 'grep -q ready "$T/killed.out" && grep -q ready "$T/stopped.out"'
kill_client
touch "$T/go-killed"
must 5 'grep -q refused "$T/killed.out"'
is "client killed: every way is refused" "$(refused "$T/killed.out")" -eq 14
start_client
stop_client
touch "$T/go-stopped"
must 5 'grep -q refused "$T/stopped.out"'
is "client stopped: every way is refused" "$(refused "$T/stopped.out")" -eq 14
finish "$killed"
finish "$stopped"
stop_capture
for text in only killed stopped; do is "$text: not in clear" "$(in_clear M-$text)" -eq 0; done
start_client
stop_client
check "a stop without such sockets leaves nothing" no_policies
