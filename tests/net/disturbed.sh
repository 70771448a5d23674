#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# disturbed.sh [SEED [SECONDS]] - the client is not alone on its host.  Other programs delete and change what it put
# into the kernel, and the kernel's state around it, one thing after the other in random order, in both IP families:
# rules, routes, addresses, links, IPsec policies, settings of devices, connection tracking, the firewall, the wall
# clock, name service, and rules of another VPN in front.  Nothing encrypted-only is in clear meanwhile, whether its
# level is from the socket, from tscf-run or from a policy, and sockets of all levels go on by themselves afterwards.
# Without the guard, IPv6 has the gap that tscf-client(8) names: a tenth of a second, until the rules are back.  The
# same seed gives the same order.  TSCF_SEED and TSCF_SECONDS do what the arguments do.
export TSCF_INNER=6
. "$(dirname "$0")/lib.sh"

SEED=${1:-${TSCF_SEED:-$((RANDOM % 10000))}}
LENGTH=${2:-${TSCF_SECONDS:-60}}
note "seed $SEED, $LENGTH seconds"
HOST4=192.0.2.10 NAME=tunnel.example.org

# --- what there is ---

# put FILE TEXT: overwrite in place, since the file may be mounted or mapped.
put() { printf '%s' "$2" >"$T/$1"; }
names() { put etc-hosts "127.0.0.1 localhost${1:+$'\n'$1 $NAME}"$'\n'; }
# step SECONDS: the client's wall clock is ahead by that much from now on.
step() { set_clock "$T/clock" "$1"; }
# A firewall that accepts only answers to packets that went out.
stateful() {
	in_phone nft -f - <<-END
		table inet host
		delete table inet host
		table inet host {
			chain in {
				type filter hook input priority 0
				ct state invalid drop
				ct state established,related accept
				iifname lo accept
				meta l4proto { icmp, ipv6-icmp } accept
				iifname access drop
			}
		}
	END
}

command -v conntrack >/dev/null || skip "needs conntrack"
topology
add_address "$SERVER" service 192.0.2.1/24
add_address "$SERVICE" service $HOST4/24
ip -n "$SERVICE" route add default via 192.0.2.1
# A packet that waited for its neighbour would be seen a second after it was sent.
ip -n "$PHONE" neigh replace 2001:db8:1::1 lladdr "$(in_server cat /sys/class/net/access/address)" dev access nud permanent
stateful || skip "needs connection tracking"
etc_file "$PHONE" hosts
etc_file "$PHONE" resolv.conf
names "$SERVER_LINK"
step 0
start_capture
echo_server
udp_echo $HOST4 7000
start_server --pool 10.8.0.0/24 --encrypted-pool 10.9.0.0/24 --route 192.0.2.0/24
# Without the guard, unless TSCF_GUARD=auto.
CLIENT_CONF=("guard = ${TSCF_GUARD:-off}" 'policy fixed {' 'level = encrypted-only' 'protocol = udp' 'local-port = 5010-5019' '}')
preload CLIENT_AS libclock "TSCF_TEST_CLOCK=$T/clock"
SERVER_OUTER=$NAME start_client
GUARD=$(client_status .guard.state)
note "guard: $GUARD"
watch_stalls
PHONE4=$(client_status '.plain.internal[0]') PHONE6=$(client_status '.plain.internal[1]')

FLOWS=
# flow NAME LEVEL PORT [ADDRESS]: one in each family, NAME4 and NAME6 (at the next port), at the address or at any.
flow() {
	local family to internal any port
	for family in 4 6; do
		if [ $family = 4 ]; then to=$HOST4 internal=${4:+$PHONE4} any=0.0.0.0 port=$3; else to=$HOST internal=${4:+$PHONE6} any=:: port=$(($3 + 1)); fi
		program "$1$family" "$2" "$TSCF_TOOLS/flow" --bind "${internal:-$any}:$port" --to "$to:7000" --rate 50 --marker "M-$1$family " --report 50
		FLOWS+=" $1$family"
	done
}
flow only encrypted-only 5000
flow bound encrypted-only 5002 internal
flow policy stranger 5010
flow preferred encrypted-preferred 5004
flow unencrypted unencrypted 5006
flow plain library 5008
must 10 'encrypted_up'
for f in $FLOWS; do grows "$f" .echoed 20; done

# --- the disturbances ---

ours() { ip -n "$PHONE" "$1" rule show | awk '/proto 204/ { sub(":", "", $1); print $1 }'; }
no_rules() { for f in -4 -6; do for p in $(ours $f); do ip -n "$PHONE" $f rule del pref "$p"; done; done; }
one_rule() { ip -n "$PHONE" "$1" rule del pref "$(ours "$1" | sort -u | awk -v n="$2" '{ a[NR] = $1 } END { print a[n % NR + 1] }')"; }
# gateway FAMILY
gateway() { if [ "$1" = -4 ]; then echo 198.51.100.1; else echo 2001:db8:1::1; fi; }
# in_front FAMILY: another VPN's rule, and its table.
in_front() {
	ip -n "$PHONE" "$1" rule add pref 500 lookup 900
	ip -n "$PHONE" "$1" route replace default via "$(gateway "$1")" table 900
	command sleep 0.5
	ip -n "$PHONE" "$1" rule del pref 500
}
# route VERB FAMILY DESTINATION: into the table of encrypted sockets, past every tunnel.
route() { ip -n "$PHONE" "$2" route "$1" "$3" via "$(gateway "$2")" table 7454; }
delete() { ip -n "$PHONE" link del "$1"; }
# Into a namespace where nobody has a tunnel.
away() { ip -n "$PHONE" link set "$1" netns "$SERVICE"; }
down() {
	ip -n "$PHONE" link set "$1" down
	command sleep 0.1
	ip -n "$PHONE" link set "$1" up
}
dark() { ip -n "$PHONE" link set "$1" carrier off; }
setting() { in_phone sysctl -qw "$1"; }
# The host gets IPv6 again, without the kernel's own addresses and messages.
ipv6_off_and_on() {
	setting "net.ipv6.conf.$1.disable_ipv6=1"
	command sleep 0.1
	setting "net.ipv6.conf.$1.disable_ipv6=0"
}
DISTURBANCES=(
	"no_rules"
	"one_rule -4 2" "one_rule -4 3" "one_rule -4 4" "one_rule -4 9" "one_rule -6 2" "one_rule -6 3" "one_rule -6 4" "one_rule -6 5"
	"ip -n $PHONE -4 rule flush" "ip -n $PHONE -6 rule flush"
	"ip -n $PHONE -4 route flush table 7453" "ip -n $PHONE -6 route flush table 7453"
	"ip -n $PHONE -4 route flush table 7454" "ip -n $PHONE -6 route flush table 7454"
	"route replace -4 192.0.2.0/24" "route replace -6 2001:db8:2::/64" "route add -4 $HOST4/32" "route add -6 $HOST/128"
	"ip -n $PHONE -4 addr flush dev tscf0" "ip -n $PHONE -6 addr flush dev tscf0" "ip -n $PHONE addr flush dev tscf1"
	"down tscf0" "down tscf1" "dark tscf0" "dark tscf1" "delete tscf0" "delete tscf1" "away tscf0" "away tscf1"
	"ip -n $PHONE link set tscf0 mtu 1300" "ip -n $PHONE link set tscf1 mtu 600"
	"in_phone ip xfrm policy flush" "in_phone ip xfrm state flush"
	"setting net.ipv4.conf.tscf0.rp_filter=1" "setting net.ipv4.conf.tscf1.rp_filter=0" "setting net.ipv4.conf.all.rp_filter=1"
	"ipv6_off_and_on tscf0" "ipv6_off_and_on tscf1"
	"in_phone nft flush ruleset" "stateful" "stateful"
	"in_phone conntrack -F" "in_phone conntrack -F"
	"step 3600" "step -86400" "step 315360000" "step 0"
	"names" "names 203.0.113.9" "names $SERVER_LINK" "put etc-resolv.conf nameserver\ 203.0.113.9" "put etc-resolv.conf ''"
	"in_front -4" "in_front -6"
	"client reload"
)

# flush also removes the host's own rules, and switching IPv6 off removes its routes.
host_again() {
	local family
	for family in -4 -6; do
		ip -n "$PHONE" $family rule show | grep -q 'lookup main' || ip -n "$PHONE" $family rule add pref 32766 lookup main
		ip -n "$PHONE" $family route show default | grep -q access || ip -n "$PHONE" $family route add default via "$(gateway $family)"
	done
	ip -n "$PHONE" -4 rule show | grep -q 'lookup default' || ip -n "$PHONE" rule add pref 32767 lookup default
}

RANDOM=$SEED
end=$((SECONDS + LENGTH)) done=0
while [ $SECONDS -lt $end ]; do
	what=${DISTURBANCES[RANDOM % ${#DISTURBANCES[@]}]}
	pause=$((RANDOM % 400 + 50))
	printf '%s %s\n' "$(now)" "$what" >>"$T/order.log"
	now >>"$T/began.log"
	eval "$what" >>"$T/order.log" 2>&1
	now >>"$T/began.log"
	host_again
	now >>"$T/began.log"
	command sleep "0.$(printf %03d $pause)"
	kill -0 "$CLIENT_PID" 2>/dev/null || die "the client has ended after: $what"
	done=$((done + 1))
done
# Only its owner can repair this.
setting net.ipv4.conf.all.rp_filter=0
names "$SERVER_LINK"
note "$done disturbances; $(client_status '.kernel | tojson')"

# --- the results ---

for f in $FLOWS; do
	from=$(last "$f" .echoed)
	check "$f: goes on by itself" wait_until 10 "[ \"\$(last $f .echoed)\" -ge $((from + 50)) ]"
done
is "nothing is missing" "$(client_status .kernel.state)" != incomplete
is "something was put back" "$(client_status .kernel.put_back)" -gt 0
is "lines of the log about it are few" "$(grep -c 'another program' "$T/client.log")" -le $((done + 10))
stop_capture
# The gap that tscf-client(8) promises, and the delay of a busy machine: the client waits twice, for the event and for the kernel.
stall=$(longest_stall)
GAP=$((100 + 150 + 2 * stall))
[ "$GUARD" != on ] || GAP=0
note "a program waited for $stall ms at most"
for f in only bound policy; do
	is "${f}4: packets in clear" "$(in_clear "M-${f}4 ")" -eq 0
	late=0
	# Such a gap begins and ends between two disturbances.  The last packet in it says more than the number of
	# packets.
	for at in $(wire times "M-${f}6 "); do
		after=$(awk -v at="$at" '$1 <= at { t = $1 } $1 > at { exit } END { printf "%d", (at - t) * 1000 }' "$T/began.log")
		[ "$after" -le "$late" ] || late=$after
	done
	is "${f}6: the latest packet in clear, ms after a disturbance" "$late" -le "$GAP"
done
for f in plain4 plain6 unencrypted4 unencrypted6; do
	is "$f: packets in clear" "$(in_clear "M-$f ")" -gt 100
done
[ "$FAILED" -eq 0 ] || sed 's/^/# /' "$T/order.log"
