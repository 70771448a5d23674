#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# too-large.sh - the sender of packets that exceed the inner MTU is told, as by any router: EMSGSIZE for a program of
# the phone; for one of the service network that forbids fragments, ICMP "fragmentation needed" or ICMPv6 "packet too
# big".  TCP does not get that far, as the phone announces a segment size that fits.  The test covers both tunnels,
# before and after the MTU has shrunk, and then large datagrams in fragments.
. "$(dirname "$0")/lib.sh"

# Headers of IP and TCP; those of IP and UDP are 12 less.
[ "$TSCF_INNER" = 6 ] && HEADERS=60 || HEADERS=40

# capture_service FILE: what comes and goes on the service network's link.
capture_service() {
	PCAP=$T/$1.pcap
	background "$1" "$SERVER" tcpdump -Z root -i service -n -U --immediate-mode -s 9216 -B 131072 -w "$PCAP"
	CAPTURE_PID=$LAST_PID
	must 10 '[ -s "$PCAP" ]' "the capture runs"
}
stop_service_capture() {
	kill -INT "$CAPTURE_PID"
	finish "$CAPTURE_PID" 5
	grep -q '^0 packets dropped by kernel' "$T/$1.log" || die "the capture has lost packets"
}

# told LEVEL PORT MTU PACKET: both ends of a flow that send packets of that size learn the MTU.  The phone's socket
# waits while
# the other end sends.
told() {
	local payload=$(($4 - HEADERS + 12)) program="$TSCF_SRC/tests/net/too_large.py"
	is "$1: a program of the phone is told" "$(run "$1" python3 "$program" "$PHONE_INNER:$2" $HOST:7000 $payload)" = "EMSGSIZE $3"
	program "waits-$2" "$1" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$2" --to $HOST:7000 --report 50
	must 10 "[ \"\$(last waits-$2 '.echoed // 0')\" -gt 5 ]"
	is "$1: so is one of the service network" "$(in_service python3 "$program" $HOST2:7100 "$PHONE_INNER:$2" $payload)" \
		= "EMSGSIZE $3"
	kill "$LAST_PID"
}

# connections LEVEL PORT: TCP that the phone opens, and that is opened to it.
connections() {
	run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 300000 >"$T/out.out"
	is "$1: TCP from the phone" "$(last out .received)" -eq 300000
	program "listens-$2" "$1" "$TSCF_TOOLS/tcp" --listen "$PHONE_INNER:$2"
	must 5 "[ -s '$T/listens-$2.out' ]"
	in_service "$TSCF_TOOLS/tcp" --to "$PHONE_INNER:$2" --bytes 300000 >"$T/in.out"
	is "$1: TCP to the phone" "$(last in .received)" -eq 300000
}

# large LEVEL PORT: in IPv6 the sender makes the fragments, so it must know the MTU.
large() {
	run "$1" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$2" --to $HOST:7000 --size 60000 --rate 10 --until-echoed 5 --seconds 10 >"$T/large.out"
	is "$1: datagrams of 60000 bytes came back" "$(last large .echoed)" -ge 5
}

# of_this_mtu NAME MTU PACKET PORT: all checks for the present path, with packets of a size that is too large.
of_this_mtu() {
	local size=$2
	capture_service "$1"
	connections unencrypted "$4"
	connections encrypted-only $(($4 + 1))
	told unencrypted $(($4 + 2)) "$size" "$3"
	told encrypted-only $(($4 + 3)) "$size" "$3"
	large unencrypted $(($4 + 4))
	large encrypted-only $(($4 + 5))
	stop_service_capture "$1"
	segments=$(wire segments)
	is "$1: the phone's SYNs and answers to SYNs" "$(jq .up.syns <<<"$segments")" -ge 4
	is "$1: no larger segments announced" "$(jq .up.mss <<<"$segments")" -le $((size - HEADERS))
	is "$1: largest TCP packet to the service network" "$(jq .up.largest <<<"$segments")" -le "$size"
	is "$1: largest TCP packet to the phone" "$(jq .down.largest <<<"$segments")" -le "$size"
}

topology
# A packet that the server's device has joined does not show its number of segments.
in_server ethtool -K service tso off gso off >/dev/null || skip "needs ethtool"
plain_segments "$SERVICE" service
echo_server
start_server
start_client
must 5 '[ "$(client_status .plain.mtu_confirmed)" = true ]'
is "the MTU of a wide path" "$(client_status .plain.mtu)" -eq 1340
of_this_mtu wide 1340 1440 5000

path_carries 1380
must 20 '[ "$(client_status .plain.mtu)" -eq 1310 ] && [ "$(in_server ip -o route get "$PHONE_INNER" | grep -c "mtu 1310")" -eq 1 ]' \
	"the MTU follows the path"
# The MTU that the host of the service network knows is no longer right: it must be told again.
of_this_mtu narrow 1310 1330 5100
