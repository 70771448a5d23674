#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# outer-path.sh - the client's own packets find the server: inside a network for which the server gives a route, a
# default route included, also with routes-in-main; through another VPN that is the host's default route, but not when
# our route is the default one; and at a link-local address.
. "$(dirname "$0")/lib.sh"

topology
echo_server
ip -n "$SERVER" addr add 203.0.113.1/32 dev lo
start_server_with() {
	start_server_bare --listen "$SERVER_OUTER:$PORT" --pool $PLAIN_POOL --encrypted-pool $ENCRYPTED_POOL --services DTTE "$@"
}
by() { in_phone ip -j route get "$@" mark 0x4000000 | jq -r '.[0].dev'; }
works() {
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 50 --rate 200 --linger 3000 --until-echoed 50 >"$T/flow.json"
	is "$1: echoed" "$(tail -n1 "$T/flow.json" | jq .echoed)" -ge 49
	run stranger "$TSCF_TOOLS/flow" --to $HOST:7000 --count 50 --rate 200 --linger 3000 --until-echoed 50 >"$T/flow.json"
	is "$1: plain echoed" "$(tail -n1 "$T/flow.json" | jq .echoed)" -ge 49
	is "$1: never lost" "$(client_status '.counters.plain_reconnects // 0')" -eq 0
}

SERVER_OUTER=203.0.113.1
for route in 203.0.113.0/24 0.0.0.0/0; do
	start_server_with --route $route --route $SERVICE_NET
	for main in false true; do
		CLIENT_CONF=("routes-in-main = $main")
		start_client
		works "server inside $route, in main: $main"
		is "server inside $route, in main: $main: outer packets" "$(by 203.0.113.1)" = access
		stop_client
	done
	stop_server
done
CLIENT_CONF=()

# Another VPN with rules as wg-quick makes them: through a namespace that forwards to the server.
VPN=tscf-$$-vpn
make_namespace "$VPN"
ip -n "$PHONE" link add wg0 type veth peer name wg0 netns "$VPN"
ip -n "$VPN" link add out0 type veth peer name access2 netns "$SERVER"
for end in "$PHONE wg0" "$VPN wg0" "$VPN out0" "$SERVER access2"; do ip -n ${end% *} link set ${end#* } up; done
ip -n "$PHONE" addr add 10.66.0.2/24 dev wg0
ip -n "$VPN" addr add 10.66.0.1/24 dev wg0
ip -n "$VPN" addr add 198.18.0.2/24 dev out0
ip -n "$SERVER" addr add 198.18.0.1/24 dev access2
ip -n "$VPN" route add default via 198.18.0.1
ip -n "$SERVER" route add 10.66.0.0/24 via 198.18.0.2
ip netns exec "$VPN" sysctl -qw net.ipv4.ip_forward=1
ip -n "$PHONE" route add default via 10.66.0.1 dev wg0 table 51820
ip -n "$PHONE" rule add not fwmark 51820 table 51820 pref 32764
ip -n "$PHONE" rule add table main suppress_prefixlength 0 pref 32763
start_server_with --route $SERVICE_NET
start_client
works "another VPN"
is "outer packets go by the other VPN" "$(by 203.0.113.1)" = wg0
is "and the server sees it" "$(client_status .plain.nat | cut -d: -f1)" = 10.66.0.2
stop_client
stop_server
start_server_with --route 0.0.0.0/0
start_client
must 10 '[ "$(by 203.0.113.1)" = access ]' "with a default route of ours the outer packets go beside the other VPN"
must 10 '[ "$(client_status .plain.nat | cut -d: -f1)" = 198.51.100.2 ]' "the tunnel is resumed there"
pass "with a default route of ours table main leads to the server"
stop_client
stop_server

for ns in $PHONE $SERVER; do ipv6_on $ns access; done
ip -n "$PHONE" addr add fe80::2/64 dev access nodad
ip -n "$SERVER" addr add fe80::1/64 dev access nodad
SERVER_OUTER="[::]"
start_server_with --route $SERVICE_NET
SERVER_OUTER="[fe80::1%access]"
start_client
works "link-local"
stop_client
check "a link-local address without interface is refused" \
	bash -c "! ip netns exec $PHONE '$TSCF_SBINDIR/tscf-client' --check-config --server fe80::1 --pin '$PIN' >/dev/null 2>&1"
