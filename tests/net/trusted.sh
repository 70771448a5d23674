#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trusted.sh - while the outer path uses a trusted network, encrypted-preferred sockets are plain and encrypted-only
# ones are not.  They move there and back by a reload under load, which loses nothing, and by another outer address.  No
# encrypted tunnel is opened for a preferred socket.
. "$(dirname "$0")/lib.sh"

if [ "$TSCF_OUTER" = 6 ]; then TRUSTED_OUTER=2001:db8:1::7 BITS=64; else TRUSTED_OUTER=198.51.100.7 BITS=24; fi
POLICY="policy voice { protocol = udp local-port = 5062 level = encrypted-preferred }"

# configure LINE...: what the client is to read at the next reload.
configure() { printf '%s\n' "persistence = 0" "$POLICY" "$@" >"$T/client.conf"; }
# trusted [true|false]: what the client says of the network.
trusted() { [ "$(client_status .trusted)" = "$1" ]; }
preferred_in() { [ "$(tunnel_of udp 5004)$(tunnel_of udp 5062)" = "$1$1" ]; }
# outer_address NEW OLD: replace the phone's address.
outer_address() {
	ip -n "$PHONE" addr del "$2/$BITS" dev access
	add_address "$PHONE" access "$1/$BITS"
	default_route "$PHONE" 2>/dev/null
}
flow() { program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$ANY:$3" --to $HOST:7000 --rate 100 --marker "M-$1 " --report 50; }
# until_aside: watch the late socket until the encrypted tunnel is put aside, or the socket is plain too early.
until_aside() {
	local tunnel end=$((SECONDS + 10))
	looks=0 too_early=0
	while tunnel=$(tunnel_of udp 5066) && [ "$(client_status .counters.encrypted_aside)" -eq "$aside" ]; do
		looks=$((looks + 1))
		if [ "$tunnel" != encrypted ]; then
			too_early=1
			return
		fi
		[ "$SECONDS" -lt "$end" ] || die "the encrypted tunnel is not put aside"
	done
}
is_lossless() {
	is "$1: sent all the time" "$(($(last "$1" .sent) > 300))" -eq 1
	is "$1: nothing is lost" "$(last "$1" .lost)" -eq 0
	is "$1: every send succeeded" "$(last "$1" '.errors')" -eq 0
}

CLIENT_CONF=("persistence = 0" "$POLICY")
topology
start_capture
echo_server
start_server
start_client
flow preferred encrypted-preferred 5004
preferred=$LAST_PID
flow voice stranger 5062
voice=$LAST_PID
flow only encrypted-only 5006
only=$LAST_PID
must 10 'encrypted_up && preferred_in encrypted' "the sockets ask for the encrypted tunnel"
grows preferred .echoed 20
grows voice .echoed 20
check "the network is not trusted" trusted false
encrypted_from=$(now)
grows preferred .echoed 100
grows voice .echoed 20

# --- by a reload, while the encrypted-only socket keeps the tunnel ---
configure 'trusted-interface = {"wlan0", "access"}'
encrypted_to=$(now)
check "reload" client reload
check "the network is trusted" trusted true
is "by its interface" "$(client_status .trusted_by)" = "interface access"
check "status shows it to a person" eval 'client status | grep -q "^trusted network: interface access$"'
must 5 'preferred_in plain' "encrypted-preferred sockets are plain"
plain_from=$(now)
grows preferred .echoed 100
grows voice .echoed 20
check "the encrypted tunnel is there for the other one" encrypted_up
is "which is in it" "$(tunnel_of udp 5006)" = encrypted
plain_to=$(now)
configure "trusted-network = \"10.0.0.0/8\""
check "reload" client reload
check "the network is not trusted any more" trusted false
must 5 'preferred_in encrypted' "encrypted-preferred sockets are encrypted again"
# Clear packets in transit have arrived.
grows preferred .echoed 50
again_from=$(now)
grows preferred .echoed 100
grows voice .echoed 20
again_to=$(now)
kill "$preferred" "$voice" "$only"
for flow in preferred voice only; do
	must 10 "[ \"\$(last $flow .done)\" = true ]"
	is_lossless $flow
done

# --- the rule stays until the server has confirmed ---
flow late encrypted-preferred 5066
late=$LAST_PID
grows late .echoed 20
configure "trusted-interface = access"
aside=$(client_status .counters.encrypted_aside)
in_phone nft -f - <<-END
	table ip loss {
		chain in { type filter hook input priority 0; meta l4proto { udp, tcp } th sport $((PORT + 1)) drop; }
	}
	table ip6 loss {
		chain in { type filter hook input priority 0; meta l4proto { udp, tcp } th sport $((PORT + 1)) drop; }
	}
END
check "reload" client reload
# Until the tunnel is put aside because nothing comes by it (tscf(7), KEEPALIVE): that leads preferred sockets to the plain one.
until_aside
note "looked $looks times"
check "the network is trusted" trusted true
is "without an answer the socket is not led to the plain tunnel" "$too_early" -eq 0
in_phone nft delete table ip loss
in_phone nft delete table ip6 loss
must 10 '[ "$(tunnel_of udp 5066)" = plain ] && [ "$(encrypted_state)" = idle ]' "with one it is, and nobody needs the encrypted tunnel"
grows late .echoed 20
is "the server never had to refuse a clear packet" "$(server_counter clear_refused)" -eq 0
kill "$late"
finish "$late" 10

# --- a socket that only waits, and sends no packet that would bind it, is bound before the rule exists ---
program listener encrypted-preferred "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5064" --report 50
listener=$LAST_PID
must 5 '[ -s "$T/listener.out" ]'
background caller "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST:7200" --to "$PHONE_INNER:5064" --rate 100 --linger 0 --marker "M-caller " \
	--report 50
caller=$LAST_PID
flow keeper encrypted-only 5068
must 10 encrypted_up "an encrypted-only socket has a tunnel"
grows keeper .echoed 20
configure
check "reload" client reload
check "the network is not trusted" trusted false
grows listener .foreign 50
called_from=$(now)
grows listener .foreign 50
called_to=$(now)
kill "$caller"
finish "$caller" 10
wait_until 2 '[ "$(last listener .foreign)" -eq "$(last caller .sent)" ]'
is "listener: nothing is lost" "$(last listener .foreign)" -eq "$(last caller .sent)"
kill "$listener" "$LAST_PID"

# --- by its address: a client that starts there opens no encrypted tunnel for a preferred socket alone ---
outer_address "$TRUSTED_OUTER" "$PHONE_OUTER"
stop_client
established=$(server_counter encrypted_established)
CLIENT_CONF=("persistence = 0" "$POLICY" "trusted-network = {\"10.0.0.0/8\", \"$TRUSTED_OUTER\"}")
start_client
is "the network is trusted by its prefix" "$(client_status .trusted_by | cut -d/ -f1)" = "prefix $TRUSTED_OUTER"
# The ports were encrypted before.
flow alone encrypted-preferred 5004
alone=$LAST_PID
grows alone .echoed 100
is "the socket has its level" "$(client_status '.sockets["encrypted-preferred"]')" -eq 1
is "no encrypted tunnel is asked for" "$(encrypted_state)" = idle
is "nor has one been set up" "$(server_counter encrypted_established)" -eq "$established"
flow strict encrypted-only 5006
grows strict .echoed 20 "encrypted-only gets one"
is "the preferred socket stays plain beside it" "$(tunnel_of udp 5004)" = plain
grows alone .echoed 20

# --- the phone moves to a network that is not trusted, and back ---
outer_address "$PHONE_OUTER" "$TRUSTED_OUTER"
must 15 'trusted false && encrypted_up && [ "$(tunnel_of udp 5004)" = encrypted ]' "elsewhere the preferred socket is encrypted"
grows alone .echoed 50
away_from=$(now)
grows alone .echoed 50
away_to=$(now)
outer_address "$TRUSTED_OUTER" "$PHONE_OUTER"
must 15 'trusted true && [ "$(tunnel_of udp 5004)" = plain ]' "back there it is plain"
grows alone .echoed 50
grows strict .echoed 20 "encrypted-only goes on"
back=$(now)
grows alone .echoed 20
refused=$(server_counter clear_refused)
check "an encrypted-only socket made preferred is plain" eval "level encrypted-preferred --proto udp --port 5006 >/dev/null"
is "in the plain tunnel" "$(tunnel_of udp 5006)" = plain
grows strict .echoed 20
is "the server was told before it was" "$(server_counter clear_refused)" -eq "$refused"
must 10 '[ "$(encrypted_state)" = idle ]' "nobody needs the encrypted tunnel any more"
stop_capture

for flow in preferred voice; do
	is "$flow: not in clear before" "$(in_clear "M-$flow" "$encrypted_from" "$encrypted_to")" -eq 0
	is "$flow: in clear while the network is trusted" "$(($(in_clear "M-$flow" "$plain_from" "$plain_to") > 50))" -eq 1
	is "$flow: not in clear after" "$(in_clear "M-$flow" "$again_from" "$again_to")" -eq 0
done
is "listener: not in clear elsewhere" "$(in_clear M-caller "$called_from" "$called_to")" -eq 0
is "encrypted-only: never in clear" "$(($(in_clear M-only) + $(in_clear M-keeper)))" -eq 0
is "no packet of its socket in the plain tunnel" "$(socket_in_clear udp 5006 0 "$encrypted_to")" -eq 0
is "alone: not in clear elsewhere" "$(in_clear M-alone "$away_from" "$away_to")" -eq 0
is "alone: in clear where it is trusted" "$(($(in_clear M-alone "$back") > 10))" -eq 1
is "strict: not in clear while encrypted-only" "$(in_clear M-strict 0 "$back")" -eq 0
