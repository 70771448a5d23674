#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# down.sh - with the tunnel down, what the server has pushed is gone: DNS and SIP servers at once, the routes when the
# tunnel is not resumed in ten seconds; and nothing with the tunnel's address leaves by another way.  Encrypted-only
# sockets may not send all the while, nor may sockets by default-level.  With keep-routes the routes stay.  All is back
# with the tunnel.
. "$(dirname "$0")/lib.sh"

pushed() { client_status '[.plain.dns, .plain.sip] | add | join(" ")'; }
led_into() { in_phone ip -j route get "$HOST" 2>/dev/null | jq -r '.[0].dev'; }
lines() { grep -c . "$T/hook.log"; }

command -v nft >/dev/null || skip "needs nft"
topology
start_capture
echo_server
: >"$T/hook.log"
printf '#!/bin/sh\necho "$TSCF_REASON $TSCF_DNS" >>"%s"\n' "$T/hook.log" >"$T/hook"
chmod +x "$T/hook"
CLIENT_CONF=("script = $T/hook" "hold-time = 200" "keepalive = 2")
SERVICES="DTTE, SIP"
server_options=(--dns 203.0.113.53 --sip-server 203.0.113.60)
start_server "${server_options[@]}"
start_client
in_phone nft -f - <<-END || die "nft"
	table ip leaks {
		chain out {
			type filter hook output priority 0
			oifname access ip saddr $PHONE_INNER counter
		}
	}
END
is "pushed" "$(pushed)" = "203.0.113.53 203.0.113.60"
is "the route leads into the tunnel" "$(led_into)" = tscf0
program bound unencrypted "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 20 --marker "M-bound " --report 50
must 10 '[ "$(last bound .echoed)" -gt 10 ]' "a flow from the tunnel's address"
program only encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 20 --marker "M-only " --report 50
must 10 '[ "$(last only .echoed)" -gt 10 ]' "an encrypted-only flow"

# --- resumed soon: nothing is taken back ---
before=$(lines)
kill_server
start_server "${server_options[@]}"
must 10 'plain_up' "resumed"
grows bound .echoed 10
check "resumed soon: no route was given up" eval '! grep -q "routes of the server are given up" "$T/client.log"'

# --- gone for long ---
kill_server
must 30 'client status --json | jq -e ".plain.state != \"up\""' "the loss is seen"
must 10 'grep -q "^plain-down" "$T/hook.log"' "the script is told"
is "no DNS or SIP server any more" "$(pushed)" = ""
must 20 '[ "$(led_into)" != tscf0 ]' "the routes are given up"
check "it is said" grep -q "the routes of the server are given up until the plain tunnel is back" "$T/client.log"
must 10 '[ "$(last bound ".send_errors.EACCES // 0")" -gt 10 ]' "what has the tunnel's address gets an error"
must 10 '[ "$(last only ".send_errors.EACCES // 0")" -gt 10 ]' "encrypted-only sockets may not send"
start_server "${server_options[@]}"
must 40 'plain_up && [ "$(led_into)" = tscf0 ]' "the routes are back with the tunnel"
is "so are the servers" "$(pushed)" = "203.0.113.53 203.0.113.60"
grows bound .echoed 10
must 20 encrypted_up "so is the encrypted tunnel"
grows only .echoed 10

# --- keep-routes, after a reload ---
CLIENT_CONF+=("keep-routes = true")
printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
check "reload" client reload
kill_server
must 30 'client status --json | jq -e ".plain.state != \"up\""' "the loss is seen"
must 30 '[ $(($(date +%s) - $(client_status .plain.since))) -ge 12 ]' "twelve seconds pass"
is "keep-routes: the route is there" "$(led_into)" = tscf0
is "keep-routes: no DNS or SIP server all the same" "$(pushed)" = ""
is "nothing with the tunnel's address has left by another way" "$(in_phone nft list table ip leaks | grep -o 'packets [0-9]*')" = "packets 0"
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-only)" -eq 0
