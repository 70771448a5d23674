#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# init.sh - init sets a server up.  The configuration that it writes is valid, its ranges are free, and the commands
# that it prints do what --apply does and open a firewall that drops.  Clients reach the service network, which needs no
# route to them, and nothing else is forwarded.  Nothing that exists is overwritten, and a failure leaves nothing
# behind.
. "$(dirname "$0")/lib.sh"

on_server() { "$T/host/in" "$@"; }
init() { on_server tscf-server init "$@" >"$T/init.out" 2>"$T/init.log"; }
# made: what there is of init's, with checksums, and what it changes in the host.
made() {
	(cd "$T/host" && find etc/tscf sysctl.d local/var lib etc/sysctl.d -type f -path '*tscf*' -exec cksum {} + 2>/dev/null | sort)
	in_server sysctl net.ipv4.ip_forward
	in_server nft list tables | grep tscf
}
refused() {
	local why=$1 before
	shift
	before=$(made)
	if init "$@"; then fail "init $* is not refused"; else pass "refused: init $*"; fi
	check "it says: $why" grep -qF -- "$why" "$T/init.log"
	check "nothing is changed" test "$before" = "$(made)"
}
fresh() {
	rm -rf "$T/host/etc/tscf" "$T/host/local/var" "$T/host/lib/tscf"
	mkdir -p "$T/host/local/var"
	in_server nft delete table ip tscf_server 2>/dev/null
	in_server sysctl -qw net.ipv4.ip_forward=0
}
# works WHAT: a client is set up, and reaches the service network through both tunnels.
works() {
	local invitation
	on_server tscf-server >>"$T/server.log" 2>&1 || fail "$1: tscf-server"
	invitation=$(on_server tscf-server add-client alice 2>>"$T/server.log")
	"$T/phone-host/in" tscf-client join "$invitation" >"$T/join.out" 2>&1 || fail "$1: join: $(cat "$T/join.out")"
	"$T/phone-host/in" tscf-client >>"$T/client.log" 2>&1 || fail "$1: tscf-client"
	client status --wait-up 20 >/dev/null || fail "$1: the tunnel is not up"
	run unencrypted "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --linger 5000 --until-echoed 5 >"$T/flow.out"
	is "$1: packets that came back, plain" "$(last flow .echoed)" -eq 5
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --linger 5000 --until-echoed 5 >"$T/flow.out"
	is "$1: packets that came back, encrypted" "$(last flow .echoed)" -eq 5
	on_server tscf-server deny alice || fail "$1: deny"
	check "$1: a denied client has no tunnel" wait_until 10 "! plain_up"
	on_server tscf-server allow alice || fail "$1: allow"
	check "$1: an allowed one has" wait_until 20 plain_up
	client stop || fail "$1: stop"
	"$T/phone-host/in" tscf-client leave >/dev/null || fail "$1: leave"
	# With its default route, packets of the phone come to the server outside of the tunnels.
	in_phone "$TSCF_TOOLS/flow" --to $HOST:7000 --count 3 --linger 500 >"$T/stranger.out"
	is "$1: packets outside of the tunnels that are forwarded" "$(last stranger .echoed)" -eq 0
	on_server tscf-server stop || fail "$1: tscf-server stop"
}

topology
command -v nft >/dev/null || skip "needs nft"
own_system host "$SERVER"
own_system phone-host "$PHONE"
CLIENT_CONTROL=$T/phone-host/run/tscf/client.sock
SERVER_CONTROL=$T/host/run/tscf/server.sock
# The service network has no route to clients, but one to the access link, so that what is forwarded outside of the tunnels is answered.
ip -n "$SERVICE" route del default
ip -n "$SERVICE" route add 198.51.100.0/24 via $SERVICE_GATEWAY
echo_server
fresh

refused "has no default route: expected --public-name"
refused "expected both --pool and --encrypted-pool" --public-name $SERVER_LINK --pool 10.1.0.0/24
ip -n "$SERVER" link add other type veth peer name another
ip -n "$SERVER" link set other up
ip -n "$SERVER" addr add 203.0.113.1/24 dev other
refused "expected --route NETWORK" --public-name $SERVER_LINK
check "it names the networks" grep -q -- '--route 192.0.2.0/24' "$T/init.log"
refused "overlap" --public-name $SERVER_LINK --route $SERVICE_NET --pool 10.1.0.0/24 --encrypted-pool 10.1.0.0/25
ip -n "$SERVER" link del other
# A bridge and a tap device are there besides: those of containers and guests, perhaps.
ip -n "$SERVER" link add own-bridge type bridge
ip -n "$SERVER" tuntap add own-tap mode tap
ip -n "$SERVER" link set own-bridge up
ip -n "$SERVER" link set own-tap up
ip -n "$SERVER" addr add 203.0.113.1/25 dev own-bridge
ip -n "$SERVER" addr add 203.0.113.129/25 dev own-tap
refused "expected --route NETWORK" --public-name 203.0.113.1
check "it names what it left out" grep -qF 'own-tap (tun)' "$T/init.log"
check "a network behind a veth device is none, if clients come by another" test -z "$(grep -- '--route 192.0.2.0/24' "$T/init.log")"

# A firewall that drops all unknown packets, to the host and through it.
in_server nft -f - <<-END
	table inet filter {
		chain input { type filter hook input priority 0; policy drop; ct state established accept; icmp type echo-request accept; }
		chain forward { type filter hook forward priority 0; policy drop; }
	}
END
init --public-name $SERVER_LINK || fail "init: $(cat "$T/init.log")"
check "it says which devices it left out" grep -qF \
	"Why        service is the only other device; left out, since virtual: own-bridge (bridge), own-tap (tun)" "$T/init.out"
ip -n "$SERVER" link del own-bridge
ip -n "$SERVER" link del own-tap
on_server tscf-server --check-config >"$T/check.out" || fail "it is no configuration"
is "mode of the keys" "$(stat -c %a "$T/host/etc/tscf/tscf-server.psk")" = 600
check "the network behind the host is the route" grep -qx 'route = { "192.0.2.0/24" }' "$T/host/etc/tscf/tscf-server.conf"
is "forwarding" "$(in_server sysctl -n net.ipv4.ip_forward)" -eq 0
# The commands as printed, up to those that start the server.
sed '/^Start the server/,$d' "$T/init.out" | grep '^    ' >"$T/commands"
in_server bash -e "$T/commands" >"$T/commands.out" || fail "the commands: $(cat "$T/commands")"
works "commands"
refused "tscf-server.conf exists already" --public-name $SERVER_LINK
rm "$T/host/etc/tscf/tscf-server.conf"
refused "tscf-server.psk exists already" --public-name $SERVER_LINK
rm "$T/host/etc/tscf/tscf-server.psk"
refused "tscf-server.denied exists already" --public-name $SERVER_LINK

# A failure: nft fails, or the state directory cannot be made.
fresh
printf '#!/bin/sh\nexit 1\n' >"$T/host/bin/nft"
chmod +x "$T/host/bin/nft"
refused "nft -f" --public-name $SERVER_LINK --apply
rm "$T/host/bin/nft"
: >"$T/host/file"
refused "Not a directory" --public-name $SERVER_LINK --apply --state-dir "$T/host/file/state"

# The ranges of its networks are not taken.  Without a firewall, the rules of init alone keep other packets from being forwarded.
in_server nft delete table inet filter
ip -n "$SERVER" route add 10.8.0.0/15 via $HOST
init --public-name $SERVER_LINK --apply || fail "init --apply: $(cat "$T/init.log")"
check "it finds no firewall in its own rules" test -z "$(grep 'has a firewall' "$T/init.out")"
check "a range that is free" grep -q 'range = { "10.10.0.0/20" }' "$T/host/etc/tscf/tscf-server.conf"
is "forwarding" "$(in_server sysctl -n net.ipv4.ip_forward)" -eq 1
check "forwarding is not on at a boot, before the rules" test -z "$(find "$T/host/"{,etc/}sysctl.d -name '*tscf*' 2>/dev/null)"
before_start=$(sed -n 's/^ExecStartPre=+//p' "$TSCF_BUILD/contrib/systemd/tscf-server.service")
in_server nft delete table ip tscf_server
in_server sysctl -qw net.ipv4.ip_forward=0
printf '#!/bin/sh\nexit 1\n' >"$T/host/bin/nft"
chmod +x "$T/host/bin/nft"
if on_server sh -c "$before_start"; then fail "the service starts without the rules"; else pass "no rules, no service"; fi
is "and no forwarding" "$(in_server sysctl -n net.ipv4.ip_forward)" -eq 0
rm "$T/host/bin/nft"
check "the service loads the rules, now and again" on_server sh -c "$before_start && $before_start"
is "and turns forwarding on" "$(in_server sysctl -n net.ipv4.ip_forward)" -eq 1
check "without it, these commands do so" eval 'grep -A2 "until the next boot" "$T/init.out" | grep -qF "nft -f"'
works "--apply"
refused "tscf-server.nft exists already" --public-name $SERVER_LINK --apply
