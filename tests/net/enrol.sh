#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# enrol.sh - add-client admits a client without a restart of the server.  remove-client ends the tunnels of that client
# at once, and no others, and its encrypted-only socket sends nothing in clear.  If the server refuses its
# configuration, no key stays in the file.
. "$(dirname "$0")/lib.sh"

# of_clients COMMAND...: with what the server was told by options.
of_clients() { server "$@" --psk-file "$T/keys"; }
add() { of_clients add-client "$@" --config "$T/server.conf" --listen $SERVER_OUTER:$PORT --state-dir "$T/state" 2>>"$T/add.log"; }
# key_of NAME: the key of the invitation, as a file for the client.
key_of() {
	local key
	key=$(sed -n "s/.*&id=$1&key=\([A-Za-z0-9_-]*\).*/\1/p" "$T/invitations" | tail -n 1 | tr -- '-_' '+/')
	(umask 077 && printf '%s:%s\n' "$1" "$(printf '%s=' "$key" | base64 -d | od -An -tx1 | tr -d ' \n')" >"$T/$1.key")
}

topology
topology_phone2
start_capture bridge
echo_server
(umask 077 && : >"$T/keys")
: >"$T/denied"
start_server --psk-file "$T/keys" --denied-clients "$T/denied"
before=$SERVER_PID
add alice bob >"$T/invitations" || fail "add-client"
is "invitations" "$(grep -c "^tscf://198.51.100.1:$PORT?pin=" "$T/invitations")" -eq 2
key_of alice
key_of bob
start_client --psk-file "$T/alice.key"
start_second_client phone2 "$PHONE2" --psk-file "$T/bob.key"
pass "both are let in"
is "the server that runs" "$SERVER_PID" = "$before"
is "clients" "$(of_clients list-clients | tr '\n' ' ')" = "alice bob "

program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-removed " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 20 ]'
of_clients remove-client bob || fail "remove-client bob"
must 5 '[ "$(ip netns exec "$PHONE2" "$TSCF_SBINDIR/tscf-client" status --json --control "$T/phone2.sock" | jq -r .plain.state)" != up ]' "bob is put out"
pass "bob's tunnels end"
grows secret .echoed 20 "alice goes on"
of_clients remove-client alice || fail "remove-client alice"
must 5 '! plain_up && ! encrypted_up' "alice is put out"
pass "alice's tunnels end"
is "nobody has a tunnel" "$(server_status '[.interfaces[0] | .plain.tunnels, .encrypted.tunnels] | add')" -eq 0
must 10 '[ "$(last secret ".send_errors.EACCES // 0")" -gt 10 ]' "the program sees an error"
is "clients" "$(of_clients list-clients | wc -l)" -eq 0

# Adding the same name again makes another key, and the old one is no longer valid.
add alice >"$T/invitations" || fail "add-client again"
must 10 'client status --json | jq -r .plain.reason | grep -q "wrong key"' "the old key is refused"
pass "the old key is refused"
stop_client
key_of alice
start_client --psk-file "$T/alice.key"
must 20 'encrypted_up' "let in by the new key"
grows secret .echoed 20

# A change that the server refuses is undone completely.
mv "$T/denied" "$T/denied.away"
if add carol >"$T/none"; then fail "add-client although the server refuses"; else pass "the server refuses: add-client fails"; fi
is "invitations" "$(wc -l <"$T/none")" -eq 0
is "clients" "$(of_clients list-clients)" = "alice"
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-removed)" -eq 0
