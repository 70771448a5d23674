#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# joined.sh - datagrams are joined on their way to programs, and no program sees it.  Each program gets the datagrams as
# they were sent.  While there is a raw socket or a packet socket that would see the difference, they are not joined.
. "$(dirname "$0")/lib.sh"

SIZE=500
TRAINS=40
EACH=20
TOTAL=$((TRAINS * EACH))
# IP and UDP headers, and the protocol number of the link layer.
if [ "$TSCF_INNER" = 6 ]; then HEADERS=48 ETHERTYPE=0x86dd; else HEADERS=28 ETHERTYPE=0x0800; fi

topology
command -v nft >/dev/null || skip "needs nft"
command -v ethtool >/dev/null || skip "needs ethtool"
echo_server
start_server
start_client
in_phone nft -f - <<-END || die "nft"
	table inet t {
		counter in { }
		chain delivered {
			type filter hook input priority 0;
			iifname tscf0 udp dport 6000 counter name in
		}
	}
END

# seen FIELD: packets or bytes for port 6000 that the client has given to the phone's kernel.
seen() { in_phone nft -j list counter inet t in | jq ".nftables[] | .counter? // empty | .$1"; }
# Datagrams of one size in trains, as programs send them that use UDP_SEGMENT; each begins with its number.
send_trains() {
	in_service python3 - "$PHONE_INNER" $SIZE $TRAINS $EACH <<-'END'
		import socket, struct, sys, time
		size, trains, each = map(int, sys.argv[2:])
		s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(17, 103, size)
		for t in range(trains):
		    s.sendto(b"".join(struct.pack("!I", t * each + i).ljust(size, b"x") for i in range(each)), (sys.argv[1], 6000))
		    time.sleep(0.005)
	END
}
# A program that counts datagrams of the right size and in the right order; and an onlooker that counts packets that are not one datagram.
cat >"$T/receive.py" <<-'END'
	import json, socket, struct, sys
	kind, address = sys.argv[1:3]
	size, total, headers, ethertype = (int(a, 0) for a in sys.argv[3:])
	family = socket.AF_INET6 if ":" in address else socket.AF_INET
	if kind == "udp":
	    s, header = socket.socket(family, socket.SOCK_DGRAM), 0
	    s.bind((address, 6000))
	elif kind == "raw":
	    # In IPv6 it gets the packet without the IP header.
	    s, header = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP), 8 if family == socket.AF_INET6 else 28
	else:
	    s, header = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethertype)), headers
	    s.bind(("tscf0", ethertype))
	s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
	s.settimeout(10)
	print("ready", flush=True)
	good = wrong = 0
	while good + wrong < total:
	    try:
	        data = s.recv(65536)
	    except TimeoutError:
	        break
	    if header and data[header - 6:header - 4] != struct.pack("!H", 6000):
	        continue
	    if len(data) == header + size and struct.unpack("!I", data[header:header + 4])[0] == good:
	        good += 1
	    else:
	        wrong += 1
	print(json.dumps({"good": good, "wrong": wrong}), flush=True)
END
receiver() {
	background "$1" "$PHONE" python3 "$T/receive.py" "$1" "$PHONE_INNER" $SIZE $TOTAL $HEADERS $ETHERTYPE
	must 5 "grep -q ready '$T/$1.out'"
}

# round NAME [ONLOOKER]: send all; sets PACKETS to how many packets the kernel was given.
round() {
	local before bytes
	before=$(seen packets) bytes=$(seen bytes)
	receiver udp
	[ $# -lt 2 ] || receiver "$2"
	# The client checks again when the first packet after a pause comes.
	reachable
	send_trains
	must 15 'grep -q good "$T/udp.out"' "$1: the program has all"
	is "$1: every datagram came as it was sent" "$(tail -n 1 "$T/udp.out")" = "{\"good\": $TOTAL, \"wrong\": 0}"
	if [ $# -ge 2 ]; then
		must 15 "grep -q good '$T/$2.out'" "$1: the onlooker has all"
		is "$1: it saw them so, too" "$(tail -n 1 "$T/$2.out")" = "{\"good\": $TOTAL, \"wrong\": 0}"
	fi
	PACKETS=$(($(seen packets) - before))
	is "$1: datagrams given to the kernel" $((($(seen bytes) - bytes - HEADERS * PACKETS) / SIZE)) -eq $TOTAL
}

# Linux 6.2 is the first that takes joined datagrams, if the client may give it such.
if [ -z "${TSCF_TUN_OFFLOADS-}" ] && printf '6.2\n%s\n' "$(uname -r)" | sort -VC; then
	feature=on compare=-lt
else
	feature=off compare=-eq
fi
is "the device takes joined datagrams" \
	"$(in_phone ethtool -k tscf0 | sed -n 's/^tx-udp-segmentation: \([a-z]*\).*/\1/p')" = $feature

round "nobody looks"
is "nobody looks: packets given to the kernel" "$PACKETS" $compare $TOTAL
round "a raw socket" raw
is "a raw socket: they were not joined" "$PACKETS" -eq $TOTAL
round "a packet socket" packet
is "a packet socket: they were not joined" "$PACKETS" -eq $TOTAL
