#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# renewed.sh - a client takes its renewed certificate and key without a reload, and shows it to the server at its next
# plain tunnel; until then its encrypted tunnels are proved as the plain one was.  A pair that does not match, or a file
# that cannot be used, is said, and what was read before stays in use.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

identities() { server sessions --json | jq -r '[.[].identity] | unique | join(" ")'; }
taken() { [ "$(grep -c "the changed certificate is shown to servers from now on" "$T/client.log")" -ge "$1" ]; }
# encrypted: a short encrypted-only flow comes back.
encrypted() {
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/flow.out"
	is "$1: packets of an encrypted-only socket that came back" "$(last flow .echoed)" -eq 5
}

topology
echo_server
authority ca
SUBJECT=/CN=phone-1 certificate first ca
SUBJECT=/CN=phone-2 certificate second ca
cp "$T/first.crt" "$T/phone.crt"
cp "$T/first.key" "$T/phone.key"
start_server --client-ca "$T/ca.crt"
CLIENT_CONF=("persistence = 0")
start_client --cert "$T/phone.crt" --key "$T/phone.key"
is "the first certificate" "$(identities)" = "certificate phone-1"

# The key first: for some time they do not match.
cp "$T/second.key" "$T/phone.key"
must 20 'grep -q "phone.key: is not the key of the certificate; what was read before stays in use" "$T/client.log"' "a pair that does not match: it is said"
before=$(grep -c "the changed certificate" "$T/client.log")
cp "$T/second.crt" "$T/phone.crt"
must 20 'taken $((before + 1))' "the pair is taken"
is "the plain tunnel goes on" "$(identities)" = "certificate phone-1"
encrypted "beside the plain tunnel of the first certificate"
server disconnect "certificate phone-1" >/dev/null || fail "disconnect"
must 20 '[ "$(identities)" = "certificate phone-2" ]' "the next tunnel is that of the second certificate"
must 10 plain_up "the tunnel is up"
encrypted "beside that of the second one"

# A reload reads it, too, and refuses what cannot be used.
cp "$T/first.key" "$T/phone.key"
client reload 2>/dev/null
is "a reload with another key: exit status" $? -ne 0
check "it is said" grep -q "reload: nothing was changed" "$T/client.log"
cp "$T/first.crt" "$T/phone.crt"
check "a reload with its certificate" client reload
server disconnect "certificate phone-2" >/dev/null || fail "disconnect"
must 20 '[ "$(identities)" = "certificate phone-1" ]' "the next tunnel is that of the first certificate again"
stop_client
