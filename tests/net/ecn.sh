#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ecn.sh - DSCP and ECN are copied to the outer packet, and a mark made on the way is copied back (RFC 6040).  A router
# (nft at each end of the access link) marks outer packets, in both tunnels and both directions.  Delivered packets are
# counted by their TOS byte at their destination.
. "$(dirname "$0")/lib.sh"

EF=184
EF_ECT0=186
SIZE=100
# nft's names of the inner and outer header, the size of the outer one with UDP's, and the sender whose packets are
# counted.
if [ "$TSCF_INNER" = 6 ]; then IN=ip6 HEADERS=48; else IN=ip HEADERS=28; fi
if [ "$TSCF_OUTER" = 6 ]; then OUT=ip6; else OUT=ip; fi
COUNTED="meta l4proto udp $IN dscp ef $IN saddr { $PLAIN_POOL, $HOST } $IN ecn"

topology
command -v nft >/dev/null || skip "needs nft"
for tos in $EF $EF_ECT0; do
	background "echo-$tos" "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST:7$tos" --echo --tos "$tos" --report 50
	must 5 "[ -s '$T/echo-$tos.out' ]"
done
start_server
start_client

# tables NAMESPACE: count the packets that are delivered there, and prepare the router on the access link.
tables() {
	ip netns exec "$1" nft -f - <<-END || die "nft in $1"
		table inet t {
			counter not_ect { }
			counter ect0 { }
			counter ce { }
			counter outer { }
			chain delivered {
				type filter hook input priority 0;
				$COUNTED not-ect counter name not_ect
				$COUNTED ect0 counter name ect0
				$COUNTED ce counter name ce
			}
			chain router {
				type filter hook prerouting priority -400;
			}
		}
	END
}
tables "$SERVICE"
tables "$PHONE"
tables "$SERVER"

# router NAMESPACE STATEMENT: do this to outer packets of voice that come in there.
router() {
	ip netns exec "$1" nft "flush chain inet t router
		add rule inet t router iifname access $OUT dscp ef meta l4proto udp counter name outer $2"
}
# Datagrams, also where the kernel counts several that it has joined as one packet.
counted() {
	ip netns exec "$1" nft -j list counter inet t "$2" |
		jq ".nftables[] | .counter? // empty | (.bytes - $HEADERS * .packets) / $SIZE"
}
# Outer packets have different sizes, so that the kernel does not join them before the router.
outer() { ip netns exec "$1" nft -j list counter inet t outer | jq '.nftables[] | .counter? // empty | .packets'; }
# traffic LEVEL TOS COUNT: there and back, with the same TOS byte.
traffic() { run "$1" "$TSCF_TOOLS/flow" --to "$HOST:7$2" --tos "$2" --size $SIZE --rate 2000 --count "$3" --linger 300 >/dev/null; }
# expect WHAT UP DOWN NAME: how often the counter NAME has grown since the last call.
declare -A SEEN
expect() {
	local ns number
	for ns in "$SERVICE" "$PHONE"; do
		number=$(counted "$ns" "$4")
		is "$1, $4 $([ "$ns" = "$SERVICE" ] && echo up || echo down)" $((number - ${SEEN[$ns $4]-0})) -eq "$2"
		SEEN[$ns $4]=$number
		set -- "$1" "$3" "$3" "$4"
	done
}

for l in unencrypted encrypted-only; do
	router "$SERVER" ""
	router "$PHONE" ""
	up=$(outer "$SERVER") down=$(outer "$PHONE")
	traffic $l $EF_ECT0 50
	expect "$l" 50 50 ect0
	is "$l: DSCP on outer packets up" $(($(outer "$SERVER") - up)) -eq 50
	is "$l: DSCP on outer packets down" $(($(outer "$PHONE") - down)) -eq 50

	router "$SERVER" "$OUT ecn ect0 $OUT ecn set ce"
	router "$PHONE" "$OUT ecn ect0 $OUT ecn set ce"
	traffic $l $EF_ECT0 50
	expect "$l, congestion" 50 50 ce
	traffic $l $EF 50
	expect "$l, not to be marked" 50 50 not_ect

	# A router that marks packets of a flow without ECN causes a loss.
	router "$SERVER" ""
	router "$PHONE" "$OUT ecn set ce"
	before=$(client_status .counters.down_congestion)
	traffic $l $EF 50
	expect "$l, wrongly marked down" 50 0 not_ect
	is "$l: counted by the client" $(($(client_status .counters.down_congestion) - before)) -eq 50
	router "$SERVER" "$OUT ecn set ce"
	before=$(server_counter congestion)
	traffic $l $EF 50
	expect "$l, wrongly marked up" 0 0 not_ect
	is "$l: counted by the server" $(($(server_counter congestion) - before)) -eq 50
done

# A TCP connection that uses ECN: marks reach its ends, and its data arrives whole, in trains of UDP_SEGMENT as always.
in_phone sysctl -qw net.ipv4.tcp_ecn=1
in_service sysctl -qw net.ipv4.tcp_ecn=1
tcp_echo $HOST 7000
for l in unencrypted encrypted-only; do
	ip netns exec "$SERVER" nft "flush chain inet t router
		add rule inet t router iifname access meta l4proto udp $OUT ecn ect0 numgen inc mod 50 0 $OUT ecn set ce"
	before=$(in_phone nstat -asz TcpExtTCPDeliveredCE | awk '/CE/ { print $2 }')
	run $l "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 4000000 >"$T/tcp.out" || fail "$l: TCP with ECN"
	is "$l: the sender has heard of congestion" $(($(in_phone nstat -asz TcpExtTCPDeliveredCE | awk '/CE/ { print $2 }') - before)) -gt 0
done
