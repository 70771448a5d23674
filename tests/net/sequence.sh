#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sequence.sh - FIG. 3 of the founding document, message by message, as it is on the wire: configuration of the unencrypted tunnel, service
# request when a socket is marked, reservation, handshake, the move, and the release of the encrypted tunnel when its last socket is closed.
. "$(dirname "$0")/lib.sh"

# messages PATTERN: lines of the capture that match.
messages() { grep -E -- "$1" "$T/messages"; }
# field LINE NAME
field() { sed -n "s/.* $2=\([^ ]*\).*/\1/p" <<<"$1"; }
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

topology
start_capture
echo_server
CLIENT_CONF=("persistence = 1")
start_server
start_client
plain_tsid=$(server sessions --json | jq -r '.[0].tsid' | sed 's/^0x//')

program program library "$TSCF_TOOLS/flow" \
	--bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-sequence " --level-at 50:encrypted-only --report 50
program=$LAST_PID
must 10 'encrypted_up && [ "$(last program .attempts)" -gt 150 ]'
server sessions --json >"$T/sessions"
moved=$(last program '.level_times[0]')
up=$(now)
# The second half happens in the encrypted tunnel alone.
must 5 '[ "$(last program .attempts)" -gt 250 ]'
kill "$program"
finish "$program"
closed=$(now)
is "the program lost nothing" "$(last program .lost)" -eq 0
must 10 '[ "$(encrypted_state)" = idle ]' "the encrypted tunnel is released"
must 5 '[ "$(server sessions --json | jq length)" -eq 1 ]' "one session is left at the server"
stop_client
must 5 '[ "$(server sessions --json | jq length)" -eq 0 ]' "no session is left at the server"
stop_capture
wire messages >"$T/messages"
sed 's/^/# /' "$T/messages" | grep -v 'encrypted data' | head -n 60

in_order "FIG. 3 in this order" \
	" up plain configuration-request tsid=ffffffffffffffff" \
	" down plain configuration-response .*RESPONSE_CODE=0.*INTERNAL_IPV$TSCF_INNER=${PLAIN_POOL%[0:]/*}" \
	" up plain service-request .*SERVICE_TYPE=1" \
	" down plain service-response .*RESPONSE_CODE=0.*RESERVED_TSID=" \
	" up encrypted handshake client-hello" \
	" down encrypted handshake server-hello" \
	" up encrypted handshake client-key-exchange" \
	" up encrypted change-cipher-spec" \
	" down encrypted change-cipher-spec" \
	" up encrypted data" \
	" down encrypted data" \
	" up encrypted alert" \
	" up plain release-request" \
	" down plain release-response"

request=$(messages ' up plain configuration-request' | head -n 1)
response=$(messages ' down plain configuration-response' | head -n 1)
service=$(messages ' up plain service-request' | head -n 1)
answer=$(messages ' down plain service-response' | head -n 1)
is "the response has the request's sequence" "$(field "$response" sequence)" = "$(field "$request" sequence)"
is "the assigned TSID is that of the server's session" "$(field "$response" tsid)" = "$plain_tsid"
is "everything after that carries it" "$(messages ' plain ' | grep -v configuration-request | grep -vc "tsid=$plain_tsid")" -eq 0
is "the answer to the service request has its sequence" "$(field "$answer" sequence)" = "$(field "$service" sequence)"
is "sequence numbers of requests grow" \
	"$(messages ' up plain [a-z]*-request' | sed 's/.*sequence=\([0-9]*\).*/\1/' | sort -nuc 2>&1 | wc -l)" -eq 0
is "the reserved TSID is that of the encrypted session" "$(field "$answer" RESERVED_TSID)" = \
	"$(jq -r '.[] | select(.transport == "dtls") | .tsid' "$T/sessions" | sed 's/^0x//')"
check "the secret of the reservation is never in clear" [ -z "$(messages ' plain .*RESERVATION_SECRET')" ]
check "the socket is bound at the server" jq -e '.[] | select(.transport == "dtls") | .bindings | length > 0' "$T/sessions"
is "in clear before the level was set" "$(in_clear M-sequence 0 "$moved")" -ge 50
is "not in clear after the move" "$(in_clear M-sequence "$up")" -eq 0
is "the encrypted tunnel ended after the socket" "$(messages ' up encrypted alert' | head -n 1 | awk -v t="$closed" '{ print ($1 > t) }')" -eq 1
