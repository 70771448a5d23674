#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# disturbed.sh [SEED [SECONDS]] - other programs on the host delete and change what the client has put into the kernel, one thing after the other in
# random order: policy rules, routes, addresses, links, MTU, IPsec policies, settings of the devices, the devices themselves, connection tracking, and
# rules of another VPN in front.  Nothing encrypted-only is in clear meanwhile, whether its level is on the socket, from tscf-run or from a policy, and
# everything goes on by itself afterwards.  The same seed gives the same order; TSCF_SEED sets it, too.
. "$(dirname "$0")/lib.sh"

SEED=${1:-${TSCF_SEED:-$((RANDOM % 10000))}}
LENGTH=${2:-${TSCF_SECONDS:-15}}
note "seed $SEED, $LENGTH seconds"

topology
start_capture
echo_server
start_server
# What user space and the portable means of the kernel achieve; TSCF_GUARD=auto is with the guard.
CLIENT_CONF=("guard = ${TSCF_GUARD:-off}" 'policy fixed {' 'level = encrypted-only' 'protocol = udp' 'local-port = 5010-5019' '}')
start_client

FLOW=("$TSCF_TOOLS/flow" --to "$HOST:7000" --rate 100 --report 20)
program only encrypted-only "${FLOW[@]}" --bind "$ANY:5004" --marker "M-only "
program bound encrypted-only "${FLOW[@]}" --bind "$PHONE_INNER:5005" --marker "M-bound "
program policy stranger "${FLOW[@]}" --bind "$ANY:5010" --marker "M-policy "
program preferred encrypted-preferred "${FLOW[@]}" --bind "$ANY:5006" --marker "M-preferred "
program plain library "${FLOW[@]}" --bind "$ANY:5007" --marker "M-plain "
FLOWS="only bound policy preferred plain"
must 10 'encrypted_up'
for f in $FLOWS; do grows "$f" .echoed 20; done

ours() { ip -n "$PHONE" "$1" rule show | awk '/proto 204/ { sub(":", "", $1); print $1 }'; }
no_rules() { for f in -4 -6; do for p in $(ours $f); do ip -n "$PHONE" $f rule del pref "$p"; done; done; }
one_rule() { ip -n "$PHONE" rule del pref "$(ours -4 | sort -u | awk -v n="$1" '{ a[NR] = $1 } END { print a[n % NR + 1] }')"; }
in_front() {
	ip -n "$PHONE" rule add pref 500 lookup 900
	ip -n "$PHONE" route replace default via 198.51.100.1 table 900
	command sleep 0.3
	ip -n "$PHONE" rule del pref 500
}
delete() { ip -n "$PHONE" link del "$1"; }
down() {
	ip -n "$PHONE" link set "$1" down
	command sleep 0.1
	ip -n "$PHONE" link set "$1" up
}
setting() { in_phone sysctl -qw "$1"; }
DISTURBANCES=(
	"no_rules"
	"one_rule 2" "one_rule 3" "one_rule 4" "one_rule 5" "one_rule 9"
	"ip -n $PHONE rule flush"
	"ip -n $PHONE route flush table 7453" "ip -n $PHONE route flush table 7454"
	"ip -n $PHONE route replace 192.0.2.0/24 via 198.51.100.1 table 7454"
	"ip -n $PHONE route add 192.0.2.10/32 via 198.51.100.1 table 7454"
	"ip -n $PHONE addr flush dev tscf0" "ip -n $PHONE addr flush dev tscf1"
	"down tscf0" "down tscf1" "delete tscf0" "delete tscf1"
	"ip -n $PHONE link set tscf0 mtu 1000" "ip -n $PHONE link set tscf1 mtu 600"
	"in_phone ip xfrm policy flush" "in_phone ip xfrm state flush"
	"setting net.ipv4.conf.tscf0.rp_filter=1" "setting net.ipv4.conf.tscf1.rp_filter=0" "setting net.ipv4.conf.all.rp_filter=1"
	"setting net.ipv6.conf.all.disable_ipv6=0" "setting net.ipv6.conf.all.disable_ipv6=1"
	"in_phone nft flush ruleset"
	"in_front"
	"client reload"
)

# flush takes the rules of the host, too, as it would for any program on it.
host_rules() {
	ip -n "$PHONE" rule show | grep -q 'lookup main' || ip -n "$PHONE" rule add pref 32766 lookup main
	ip -n "$PHONE" rule show | grep -q 'lookup default' || ip -n "$PHONE" rule add pref 32767 lookup default
}

RANDOM=$SEED
end=$((SECONDS + LENGTH)) done=0
while [ $SECONDS -lt $end ]; do
	what=${DISTURBANCES[RANDOM % ${#DISTURBANCES[@]}]}
	pause=$((RANDOM % 400 + 100))
	printf '%s %s\n' "$(now)" "$what" >>"$T/order.log"
	eval "$what" >>"$T/order.log" 2>&1
	host_rules
	command sleep "0.$(printf %03d $pause)"
	kill -0 "$CLIENT_PID" 2>/dev/null || die "the client has ended after: $what"
	done=$((done + 1))
done
last_at=$(now)
setting net.ipv4.conf.all.rp_filter=0
note "$done disturbances; $(client_status '.kernel | tojson')"

for f in $FLOWS; do
	from=$(last "$f" .echoed)
	check "$f: goes on by itself" wait_until 10 "[ \"\$(last $f .echoed)\" -ge $((from + 100)) ]"
done
is "nothing is missing" "$(client_status .kernel.state)" != incomplete
is "something was put back" "$(client_status .kernel.put_back)" -gt 0
is "lines of the log about it are few" "$(grep -c 'another program' "$T/client.log")" -le $((done + 10))
stop_capture
for f in only bound policy; do
	is "$f: packets in clear" "$(in_clear "M-$f ")" -eq 0
done
[ "$FAILED" -eq 0 ] || sed 's/^/# /' "$T/order.log"
