#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# reload.sh - what a reload of the server changes while calls run.  The certificate is renewed, with the same key and
# with another one, and existing tunnels go on; a renewed one is taken without a reload.  A broken file is refused.  Client-to-client traffic is allowed at
# once.  Routes and DNS servers reach connected clients.  Settings that need a restart are only reported.
. "$(dirname "$0")/lib.sh"

# server_config [LINE...]: these besides what is always there; BLOCK is its inter-client-block, ROUTES its routes.
BLOCK=true
ROUTES="\"$SERVICE_NET\", \"10.8.0.0/24\""
server_config() {
	{
		printf '%s\n' "$@" 'keepalive-timer = 0'
		cat <<-END
			cert = "$T/server.crt"
			key = "$T/server.key"
			route = { $ROUTES }
			tscf-interface "access" {
				assigned-services = "DTTE"
				inter-client-block = $BLOCK
				tscf-port { address = "$SERVER_OUTER" port = $PORT transport-protocol = udp }
				tscf-port { address = "$SERVER_OUTER" port = $PORT transport-protocol = tcp }
				tscf-address-pool { range = "10.8.0.0/24" encrypted-range = "10.9.0.0/24" }
			}
		END
	} >"$T/server.conf"
}
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$T/server.key" 2>/dev/null || die "openssl"; }
certify() { openssl req -x509 -key "$T/server.key" -subj "/CN=$1" -days 2 -out "$T/server.crt" 2>/dev/null || die "openssl"; }
# shown: the name in the certificate that the server shows to a new connection.
shown() {
	in_phone timeout 10 openssl s_client -connect "$SERVER_OUTER:$((PORT + 1))" </dev/null 2>/dev/null |
		openssl x509 -noout -subject 2>/dev/null | sed 's/.*CN *= *//'
}
# way_to ADDRESS: the device by which the phone sends to it.
way_to() { in_phone ip -j route get "$1" | jq -r '.[0].dev'; }
reconnects() { client_status .counters.encrypted_reconnects; }
# encrypt_again: the last encrypted socket is closed, and another one is made.
encrypt_again() {
	kill "$flow"
	finish "$flow" 5
	must 10 '[ "$(encrypted_state)" = idle ]' "the encrypted tunnel is released"
	program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
	flow=$LAST_PID
}

command -v openssl >/dev/null || skip "needs openssl"
topology
topology_phone2
echo_server
key
certify first
server_config
start_server_bare --config "$T/server.conf"
CLIENT_CONF=("persistence = 0")
start_client
program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
flow=$LAST_PID
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]' "a call in the encrypted tunnel"
is "the certificate of the start" "$(shown)" = first

# --- the same key, another certificate ---
certify second
check "reload" server reload
is "the renewed certificate is shown" "$(shown)" = second
is "the pin is the same" "$(server_status .pin)" = "$PIN"
grows flow .echoed 50 "the call goes on"
is "in the same tunnel" "$(reconnects)" -eq 0
encrypt_again
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]' "the pin holds for the next encrypted tunnel"

# --- a broken file ---
echo "no certificate" >"$T/server.crt"
BLOCK=false
server_config
check "a broken certificate is refused" eval '! server reload 2>"$T/said"'
check "the caller is told where to look" grep -q "which its log names; nothing was changed" "$T/said"
check "and the log says so" grep -q "error: cannot use the certificate: $T/server.crt" "$T/server.log"
is "the former certificate is shown" "$(shown)" = second
rm "$T/server.crt"
check "a missing one is refused" eval '! server reload 2>/dev/null'
is "the former certificate is still shown" "$(shown)" = second
grows flow .echoed 20 "the call goes on all the while"

# --- another key ---
BLOCK=true
server_config
key
certify third
check "reload" server reload
is "the new certificate is shown" "$(shown)" = third
check "the pin is another" [ "$(server_status .pin)" != "$PIN" ]
check "which is said" grep -q "warning: the server has another key now" "$T/server.log"
grows flow .echoed 50 "the call goes on"
is "in the same tunnel" "$(reconnects)" -eq 0
PIN=$(server_status .pin)

# --- renewed by an ACME tool: nobody asks for a reload ---
# obtain NAME: the tool has a new key, and a certificate for it.
obtain() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/privkey.pem" -subj "/CN=$1" -days 2 \
		-out "$T/fullchain.pem" 2>/dev/null || die "openssl"
}
obtain fourth
cp "$T/fullchain.pem" "$T/server.crt"
must 15 'grep -q "warning: the certificate and key that were loaded before stay in use" "$T/server.log"' "a certificate without its key is refused"
is "the former certificate is shown" "$(shown)" = third
check "the hook" env RENEWED_LINEAGE="$T" TSCF_CERT="$T/server.crt" TSCF_KEY="$T/server.key" "$TSCF_SRC/contrib/examples/tscf-renewed"
is "the key is private" "$(stat -c %a "$T/server.key")" = 600
must 15 '[ "$(shown)" = fourth ]' "the renewed certificate is shown"
check "the pin is another" [ "$(server_status .pin)" != "$PIN" ]
grows flow .echoed 50 "the call goes on"
is "in the same tunnel" "$(reconnects)" -eq 0
PIN=$(server_status .pin)

# --- client to client ---
start_second_client other "$PHONE2"
other=$(in_phone2 "$TSCF_SBINDIR/tscf-client" status --json --control "$T/other.sock" | jq -r '.plain.internal[0]' | cut -d/ -f1)
background peer "$PHONE2" "$TSCF_TOOLS/flow" --bind "$other:7000" --echo --report 50
must 5 '[ -s "$T/peer.out" ]' "an echo server on the other phone"
program between stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5005" --to "$other:7000" --rate 50 --report 50
must 5 '[ "$(server_counter inter_client)" -gt 20 ]' "client to client is dropped"
is "nothing came through" "$(last between .echoed)" -eq 0
BLOCK=false
server_config
check "reload" server reload
grows between .echoed 20 "inter-client-block = false holds at once"
BLOCK=true
tunnels() { client_status '[.plain.tsid, .encrypted.tsid] | tojson'; }
tunnels=$(tunnels)
ROUTES+=', "203.0.113.0/24"'
server_config 'dns = 192.0.2.53' 'realtime-priority = 3' 'mtu = 1300'
check "reload" server reload
dropped=$(server_counter inter_client)
must 5 "[ \"\$(server_counter inter_client)\" -gt $((dropped + 20)) ]" "inter-client-block = true holds at once"

# --- what connected clients are told, and settings that wait for the next start ---
must 5 '[ "$(way_to 203.0.113.9)" = tscf0 ]' "the tunnel that is there has the new route"
is "and the DNS server" "$(client_status '.plain.dns[0]')" = 192.0.2.53
grows flow .echoed 20 "the call goes on"
is "in the same tunnels" "$(tunnels)" = "$tunnels"
ROUTES="\"$SERVICE_NET\", \"10.8.0.0/24\""
server_config 'dns = 192.0.2.54' 'realtime-priority = 3' 'mtu = 1300'
in_phone nft -f - <<-END
	table inet lossy {
		chain in { type filter hook input priority 0; iifname "access" udp sport $PORT drop; }
	}
END
check "reload, while the client hears nothing" server reload
in_phone nft delete table inet lossy
must 20 '[ "$(way_to 203.0.113.9)" = access ]' "it is told again: the route is gone"
is "and the DNS server is another" "$(client_status '.plain.dns[0]')" = 192.0.2.54
is "in the same tunnels still" "$(tunnels)" = "$tunnels"
stop_client
start_client
is "a new tunnel has the same" "$(way_to 203.0.113.9)" = access
for what in realtime-priority mtu; do
	check "$what is said to wait" grep -q "warning: reload: $what changes when the server is restarted" "$T/server.log"
done
is "and nothing else, at two reloads" "$(grep -c "changes when the server is restarted" "$T/server.log")" -eq 4
