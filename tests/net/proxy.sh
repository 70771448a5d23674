#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# proxy.sh - only an HTTP proxy (tinyproxy) leads out.  Both tunnels go through it, with and without a password.  The
# status says what the proxy refuses, and never shows the password.  Sockets move from one tunnel to the other as usual,
# and an encrypted-only one is never in clear.
. "$(dirname "$0")/lib.sh"
TRANSPORT=tcp

# proxy NAME [LINE...]: start a tinyproxy with these lines of configuration; the phone reaches it at port 8888 and nothing else.
proxy() {
	local name=$1
	shift
	{
		printf '%s\n' "Port 8888" "Listen $SERVER_LINK" "Timeout 600" "MaxClients 20" "LogLevel Info" "LogFile \"$T/$name.log\"" \
			"PidFile \"$T/$name.pid\"" "$@"
	} >"$T/$name.conf"
	background "$name" "$SERVER" tinyproxy -d -c "$T/$name.conf"
	PROXY_PID=$LAST_PID
	must 5 "in_phone bash -c 'exec 3<>/dev/tcp/$SERVER_LINK/8888'" "the proxy listens"
}
no_proxy() {
	kill "$PROXY_PID"
	finish "$PROXY_PID" 5
}
reason() { client_status '.candidates[0].reason'; }
allow=("Allow $PHONE_OUTER" "ConnectPort $PORT" "ConnectPort $((PORT + 1))")

topology
# Proxy and server are on one host and talk over its loopback.
in_server sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
command -v nft >/dev/null || skip "needs nft"
command -v tinyproxy >/dev/null || skip "needs tinyproxy"
in_phone nft -f - <<-END
	table inet only_proxy {
		chain out { type filter hook output priority 0; oifname access tcp dport 8888 accept; oifname access udp dport 9 accept; meta l4proto ipv6-icmp accept; oifname access drop; }
	}
END
start_capture
echo_server
start_server

# --- without a password ---
proxy open "${allow[@]}"
CLIENT_CONF=("persistence = 0")
begun=$(now)
start_client --proxy http://$SERVER_OUTER:8888
note "up $(elapsed "$begun") ms after the client's start"
is "the plain tunnel" "$(client_status .plain.transport)" = tcp
is "leads to the proxy" "$(client_status .plain.server)" = $SERVER_OUTER:8888
check "which carries packets" reachable
program load library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 500 --count 1500 --marker "M-load " \
	--report 50 --level-at 500:encrypted-only --level-at 1000:unencrypted
load=$LAST_PID
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5005" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
only=$LAST_PID
must 10 '[ "$(last only .echoed)" -gt 20 ]' "an encrypted-only socket"
is "the encrypted tunnel" "$(client_status .encrypted.transport)" = tls
finish "$load" 15
is "a socket that moves there and back loses nothing" "$(last load .lost)" -eq 0
kill "$only"
finish "$only" 5

# --- the proxy stops, and is started again ---
no_proxy
must 15 '! plain_up' "the client knows that there is no way"
must 5 'reason | grep -q "proxy"' "and says why"
proxy again "${allow[@]}"
must 10 plain_up "the tunnel comes back with the proxy"
check "and carries packets" reachable
stop_client
no_proxy

# --- with a password ---
proxy secret "${allow[@]}" "BasicAuth alice pass-word"
CLIENT_CONF=("proxy = \"http://alice:pass-w%6Frd@$SERVER_OUTER:8888\"")
start_client
check "with the password" reachable
stop_client
CLIENT_CONF=()
launch_client --proxy "http://alice:wrong@$SERVER_OUTER:8888"
must 5 'reason | grep -q "refuses the user and password"' "a wrong password is said to be one"
stop_client
launch_client --proxy http://$SERVER_OUTER:8888
must 5 'reason | grep -q "wants a user and password"' "so is none"
stop_client
no_proxy

# --- a proxy that refuses us ---
proxy strict "Allow $PHONE_OUTER" "ConnectPort 443"
launch_client --proxy http://$SERVER_OUTER:8888
must 5 'reason | grep -q "does not allow a connection"' "a port that is not allowed"
stop_client

check "no password is in the log" eval '! grep -q -e pass-w -e wrong -e YWxpY2U "$T/client.log"'
stop_capture
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
