#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# mtu.sh - the inner MTU fits the outer path.  It is known to the host, or found out where a router drops large packets
# silently.  It follows a path that shrinks while TCP runs, and a link whose MTU changes.  Both tunnels have the same
# MTU.  Large UDP and TCP packets pass both ways in both, and no outer packet is a fragment.
. "$(dirname "$0")/lib.sh"

# What a record has around an inner packet, and how nft knows a fragment.
if [ "$TSCF_OUTER" = 6 ]; then
	OVERHEAD=90 NFT=ip6 FRAGMENT="exthdr frag exists"
else
	OVERHEAD=70 NFT=ip FRAGMENT="ip frag-off & 0x3fff != 0"
fi
# The MTUs of a narrow path and of a narrow link; with IPv6 inside, 1280 bytes must be left.
if [ "$TSCF_INNER" = 6 ]; then NARROW=1380 LINK=1370; else NARROW=1300 LINK=1280; fi

# In both ends, count the fragments of outer packets.
count_fragments() {
	local ns
	for ns in "$PHONE" "$SERVER"; do
		ip netns exec "$ns" nft -f - <<-END
			table $NFT count {
				counter fragments {}
				chain in {
					type filter hook prerouting priority raw
					iifname "access" $FRAGMENT counter name fragments
				}
			}
		END
	done
}
fragments_of() { ip netns exec "$1" nft -j list counter $NFT count fragments | jq '.nftables[] | select(.counter) | .counter.packets'; }
fragments() { echo $(($(fragments_of "$PHONE") + $(fragments_of "$SERVER"))); }

mtu() { client_status .plain.mtu; }
device_mtu() { in_phone cat /sys/class/net/"$1"/mtu; }
# The MTU of the path to the phone that the server's kernel knows.
way_back() { in_server ip -o route get "$PHONE_INNER" | grep -o 'mtu [0-9]*' | cut -d' ' -f2; }

link_mtu() {
	ip -n "$SERVER" link set access mtu "$1"
	ip -n "$PHONE" link set access mtu "$1"
}

# large LEVEL PORT: datagrams of three fragments and more, and TCP, there and back.
large() {
	# Routers do not fragment IPv6: one tells the far end the MTU, and packets sent before are lost.
	[ "$TSCF_INNER" = 4 ] || run "$1" "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --size 4000 --rate 100 --count 50 --until-echoed 5 >"$T/learn.out"
	run "$1" "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --size 4000 --rate 100 --count 20 --until-echoed 20 >"$T/large.out"
	is "$1: datagrams of 4000 bytes came back" "$(last large .echoed)" -eq 20
	run "$1" "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --size 60000 --rate 20 --count 5 --until-echoed 5 >"$T/large.out"
	is "$1: datagrams of 60000 bytes came back" "$(last large .echoed)" -eq 5
	run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 2000000 >"$T/stream.out"
	is "$1: bytes that came back by TCP" "$(last stream .received)" -eq 2000000
}

topology
count_fragments
echo_server
start_server
start_client
# Confirmed by the first probe.
must 5 '[ "$(client_status .plain.mtu_confirmed)" = true ]'
is "a path of 1500 bytes carries what the server allows" "$(mtu)" -eq 1340

# The path drops silently while a connection runs.
program stream library "$TSCF_TOOLS/tcp" --to $HOST:7000 --seconds 120 --rate 400000 --patience 60000 --report 50
grows stream .received 100000
path_carries $NARROW
must 20 '[ "$(mtu)" -eq $((NARROW - OVERHEAD)) ]' "the MTU follows the path"
pass "the path shrinks to $NARROW bytes, silently: the MTU is $((NARROW - OVERHEAD))"
received=$(last stream .received)
# The retransmissions of both ends have slowed down meanwhile.
must 30 "[ \"\$(last stream .received)\" -gt $((received + 400000)) ]" "the connection goes on"
pass "the connection that ran meanwhile goes on"
kill -TERM "$LAST_PID"
must 5 '[ "$(way_back)" = $((NARROW - OVERHEAD)) ]' "the server knows"
is "the plain device has it" "$(device_mtu tscf0)" -eq $((NARROW - OVERHEAD))
is "so has the encrypted one" "$(device_mtu tscf1)" -eq $((NARROW - OVERHEAD))
before=$(fragments)
large unencrypted 5001
large encrypted-only 5002
is "fragments of outer packets since the MTU is right" "$(($(fragments) - before))" -eq 0

# Another client starts on such a path.
stop_client
path_carries 1400
start_client
must 10 '[ "$(client_status .plain.mtu_confirmed)" = true ]'
is "found at the start: a path of 1400 bytes" "$(mtu)" -eq $((1400 - OVERHEAD))
is "the server has no way of that MTU any more, or the new one" "$(way_back)" -eq $((1400 - OVERHEAD))
before=$(fragments)
large unencrypted 5003
large encrypted-only 5004
is "fragments of outer packets" "$(($(fragments) - before))" -eq 0

# An MTU that the host knows needs no search.
stop_client
path_carries 1500
link_mtu $LINK
start_client
is "a link of $LINK bytes: the MTU from the first moment on" "$(mtu)" -eq $((LINK - OVERHEAD))
before=$(fragments)
large encrypted-only 5005
is "fragments of outer packets" "$(($(fragments) - before))" -eq 0

# The link changes under an idle tunnel: no probe would be due, and no packet is lost because of it.
link_mtu 1500
must 10 '[ "$(mtu)" -eq 1340 ]' "the MTU follows a link that becomes wider"
link_mtu 1400
must 10 '[ "$(mtu)" -eq $((1400 - OVERHEAD)) ]' "the MTU follows a link that becomes narrower"
must 5 '[ "$(way_back)" = $((1400 - OVERHEAD)) ]' "the server knows"
pass "an idle tunnel follows the MTU of its link"
before=$(fragments)
large unencrypted 5006
large encrypted-only 5007
is "fragments of outer packets" "$(($(fragments) - before))" -eq 0
stop_client
must 5 '! { in_server ip route show table all; in_server ip -6 route show table all; } | grep -q " mtu "' "no route is left at the server"
pass "no route with an MTU is left when the client is gone"

# The largest MTU that the server allows: both tunnels carry what the path does, and a socket that sends such packets
# moves.
stop_server
start_server --mtu 1500
if [ "$TSCF_INNER" = 6 ]; then HEADERS=48; else HEADERS=28; fi
for link in 1500 1600; do
	[ $link = 1500 ] && most=$((1500 - OVERHEAD)) || most=1500
	link_mtu $link
	start_client
	must 10 '[ "$(client_status .plain.mtu_confirmed)" = true ]'
	is "a link of $link bytes: the MTU" "$(mtu)" -eq $most
	is "the encrypted device has it" "$(device_mtu tscf1)" -eq $most
	before=$(fragments)
	program large library "$TSCF_TOOLS/flow" --bind "$ANY:$((4000 + link))" --to $HOST:7000 --rate 50 --size $((most - HEADERS)) --report 20
	grows large .echoed 20
	level encrypted-only --proto udp --port $((4000 + link)) >/dev/null
	must 10 '[ "$(tunnel_of udp $((4000 + link)))" = encrypted ]'
	grows large .echoed 50 "packets of $most bytes go encrypted"
	is "fragments of outer packets" "$(($(fragments) - before))" -eq 0
	kill "$LAST_PID"
	stop_client
done
