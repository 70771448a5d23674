#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sequence.sh - the way to an encrypted tunnel, message by message, on the wire and inside DTLS: configuration of the
# unencrypted tunnel with the server's proof and its certificates, service request when a socket is marked, reservation,
# handshake, configuration of the encrypted tunnel, the binding, the move, and the release of the encrypted tunnel when
# its last socket is closed.  A preloaded library writes the client's keys to a file (key_log.c).
. "$(dirname "$0")/lib.sh"

# messages PATTERN: lines of the capture that match.
messages() { grep -E -- "$1" "$T/messages"; }
# field LINE NAME
field() { sed -n "s/.* $2=\([^ ]*\).*/\1/p" <<<"$1"; }
# sessions: the server's, except a handshake that the client gave up for another transport; it ends after ten seconds.
sessions() { server sessions --json | jq '[.[] | select(.state != "unconfirmed")]'; }
# in_clear_up: packets of the socket that went up in the plain tunnel.
in_clear_up() { wire flows | awk -v from="$PHONE_INNER:5004" '$3 == from { count += $1 } END { print count + 0 }'; }
# in_order DESCRIPTION PATTERN...: each pattern matches in a later line than the one before.
in_order() {
	local what=$1 line=0 next pattern
	shift
	for pattern in "$@"; do
		next=$(awk -v from="$line" -v p="$pattern" 'NR > from && $0 ~ p { print NR; exit }' "$T/messages")
		[ -n "$next" ] || {
			fail "$what: no '$pattern' after line $line"
			return
		}
		line=$next
	done
	pass "$what"
}

python3 -c 'import cryptography' || skip "needs Python's cryptography"

topology
start_capture
echo_server
CLIENT_CONF=("persistence = 1")
start_server
preload CLIENT_AS libkey-log "SSLKEYLOGFILE=$T/keys"
start_client
plain_tsid=$(server sessions --json | jq -r '.[] | select(.kind == "plain") | .tsid' | sed 's/^0x//')

program program library "$TSCF_TOOLS/flow" \
	--bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-sequence " --level-at 50:encrypted-only --report 50
program=$LAST_PID
must 10 'encrypted_up && [ "$(last program .attempts)" -gt 150 ]'
sessions >"$T/sessions"
moved=$(last program '.level_times[0]')
up=$(now)
# The second half happens only in the encrypted tunnel.
must 5 '[ "$(last program .attempts)" -gt 250 ]'
kill "$program"
finish "$program"
closed=$(now)
is "the program lost nothing" "$(last program .lost)" -eq 0
must 10 '[ "$(encrypted_state)" = idle ]' "the encrypted tunnel is released"
must 5 '[ "$(sessions | jq length)" -eq 1 ]' "one session is left at the server"
stop_client
must 5 '[ "$(sessions | jq length)" -eq 0 ]' "no session is left at the server"
stop_capture
wire messages --keys "$T/keys" >"$T/messages"
sed 's/^/# /' "$T/messages" | grep -v 'encrypted packet' | head -n 60

in_order "FIG. 3 in this order" \
	" up plain configuration-request tsid=ffffffffffffffff" \
	" down plain configuration-response .*RESPONSE_CODE=0.*INTERNAL_IPV$TSCF_INNER=${PLAIN_POOL%[0:]/*}.* KEY_SHARE CHAIN_DIGEST SIGNATURE MAC\$" \
	" up plain chain-request .* CHAIN_PART" \
	" down plain chain-response .* CHAIN_PART" \
	" up plain keepalive-request" \
	" up plain service-request .*SERVICE_TYPE=1" \
	" down plain service-response .*RESPONSE_CODE=0.*RESERVED_TSID=" \
	" up encrypted handshake client-hello" \
	" down encrypted handshake server-hello" \
	" up encrypted handshake client-key-exchange" \
	" up encrypted change-cipher-spec" \
	" up encrypted handshake finished" \
	" down encrypted change-cipher-spec" \
	" down encrypted handshake finished" \
	" up encrypted configuration-request tsid=ffffffffffffffff .*RESERVED_TSID=.*RESERVATION_SECRET" \
	" down encrypted configuration-response .*RESPONSE_CODE=0 .*INTERNAL_IPV$TSCF_INNER=${ENCRYPTED_POOL%[0:]/*}" \
	" up encrypted service-request .*SERVICE_TYPE=2 .*BINDING=bind/encrypted-only/udp/$PHONE_INNER:5004" \
	" down encrypted service-response .*RESPONSE_CODE=0" \
	" up encrypted packet udp $PHONE_INNER:5004 > $HOST:7000" \
	" down encrypted packet udp $HOST:7000 > $PHONE_INNER:5004" \
	" up encrypted service-request .*SERVICE_TYPE=2 .*BINDING=close/encrypted-only/udp/$PHONE_INNER:5004" \
	" down encrypted service-response .*RESPONSE_CODE=0" \
	" up encrypted release-request" \
	" down encrypted release-response .*RESPONSE_CODE=0" \
	" down encrypted alert close-notify" \
	" up plain release-request" \
	" down plain release-response"

request=$(messages ' up plain configuration-request' | head -n 1)
response=$(messages ' down plain configuration-response' | head -n 1)
service=$(messages ' up plain service-request' | head -n 1)
answer=$(messages ' down plain service-response' | head -n 1)
is "the response has the request's sequence" "$(field "$response" sequence)" = "$(field "$request" sequence)"
is "the assigned TSID is that of the server's session" "$(field "$response" tsid)" = "$plain_tsid"
is "everything after that carries it, but requests for certificates and their answers" \
	"$(messages ' plain ' | grep -vE ' (configuration-request|chain-request|chain-response) ' | grep -vc "tsid=$plain_tsid")" -eq 0
is "those bear the TSID of no tunnel" "$(messages ' plain chain-' | grep -vc "tsid=ffffffffffffffff")" -eq 0
is "the answer to the service request has its sequence" "$(field "$answer" sequence)" = "$(field "$service" sequence)"
is "sequence numbers of requests grow" \
	"$(messages ' up plain [a-z]*-request' | sed 's/.*sequence=\([0-9]*\).*/\1/' | sort -nuc 2>&1 | wc -l)" -eq 0
encrypted_tsid=$(jq -r '.[] | select(.transport == "dtls") | .tsid' "$T/sessions" | sed 's/^0x//')
is "the reserved TSID is that of the encrypted session" "$(field "$answer" RESERVED_TSID)" = "$encrypted_tsid"
check "the secret of the reservation is never in clear" [ -z "$(messages ' plain .*RESERVATION_SECRET')" ]
check "the socket is bound at the server" jq -e '.[] | select(.transport == "dtls") | .bindings | length > 0' "$T/sessions"

# --- inside DTLS ---
request=$(messages ' up encrypted configuration-request' | head -n 1)
response=$(messages ' down encrypted configuration-response' | head -n 1)
bind=$(messages ' up encrypted service-request' | head -n 1)
bound=$(messages ' down encrypted service-response' | head -n 1)
release=$(messages ' up encrypted release-request' | head -n 1)
released=$(messages ' down encrypted release-response' | head -n 1)
is "every record was decoded" "$(messages ' encrypted (data|alert|handshake)$| encrypted handshake encrypted| invalid| malformed| truncated' | wc -l)" -eq 0
check "a connection id is agreed on" [ -n "$(grep CONNECTION_ID <<<"$request")" ] && [ -n "$(grep CONNECTION_ID <<<"$response")" ]
is "the reservation is used" "$(field "$request" RESERVED_TSID)" = "$encrypted_tsid"
is "the encrypted tunnel has the reserved TSID" "$(field "$response" tsid)" = "$encrypted_tsid"
is "every message after that carries it" "$(messages ' encrypted .* tsid=' | grep -v configuration-request | grep -vc "tsid=$encrypted_tsid")" -eq 0
for pair in request:response bind:bound release:released; do
	asked=${pair%:*} answered=${pair#*:}
	is "$answered has the sequence of $asked" "$(field "${!answered}" sequence)" = "$(field "${!asked}" sequence)"
done
first_up=$(messages " up encrypted packet udp $PHONE_INNER:5004 " | head -n 1)
is "no packet before the tunnel is configured" "$(awk -v a="${first_up%% *}" -v b="${response%% *}" 'BEGIN { print (a > b) }')" -eq 1
is "all packets inside are of the socket" "$(messages ' encrypted packet' | grep -vcE " udp ($PHONE_INNER:5004 > $HOST:7000|$HOST:7000 > $PHONE_INNER:5004)\$")" -eq 0
is "as many up as the program sent there" "$(messages ' up encrypted packet' | wc -l)" -eq "$(($(last program .sent) - $(in_clear_up)))"
is "nothing follows the release but its end" "$(awk '/ encrypted release-response/ { released = 1; next } released' "$T/messages" | grep -c ' encrypted \(packet\|service\|config\)')" -eq 0

# --- what an observer sees ---
is "in clear before the level was set" "$(in_clear M-sequence 0 "$moved")" -ge 50
is "not in clear after the move" "$(in_clear M-sequence "$up")" -eq 0
is "the encrypted tunnel ended after the socket" "$(messages ' up encrypted release-request' | head -n 1 | awk -v t="$closed" '{ print ($1 > t) }')" -eq 1
