#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# renewed-key.sh - both ends take a changed file of pre-shared keys without a reload, and the server its list of denied
# clients.  A client whose key is another one at the server loses its tunnels, and both ends say why; it is back at once
# when it has that key, too.  A file that cannot be used is said, and what was read before stays in use.
. "$(dirname "$0")/lib.sh"

key() { printf 'alice:%s' "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
# file NAME LINE: it is replaced by one with that line.
file() {
	(umask 077 && printf '%s\n' "$2" >"$T/$1.new")
	mv "$T/$1.new" "$T/$1"
}
says() { client_status .plain.reason | grep -q "$1"; }
# stays FILE LOG: a file that cannot be used is said there.
stays() { must 12 "grep -q '$1:1: .*; what was read before stays in use' '$T/$2'" "$2: $1 cannot be used, and it is said"; }

topology
start_capture
echo_server
first=$(key)
second=$(key)
file keys "$first"
file phone "$first"
file denied ''
start_server --psk-file "$T/keys" --denied-clients "$T/denied"
start_client --psk-file "$T/phone"
program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-changed " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 20 ]' "a call"

# --- another key at the server, then at the client ---
file keys "$second"
must 12 'grep -q "psk alice: the key has been changed" "$T/server.log"' "the server takes its changed file"
must 10 'says "unauthorized: wrong key"' "the client is told"
check "the client's log says why its tunnel has ended" grep -q "the key has been changed" "$T/client.log"
check "the server's log names the client that asks with its old key" grep -q "refused: plain tunnel of $PHONE_OUTER:[0-9]*, psk alice: wrong key" "$T/server.log"
is "nobody has a tunnel" "$(server_status '[.interfaces[0] | .plain.tunnels, .encrypted.tunnels] | add')" -eq 0
file phone "$second"
must 15 'plain_up && encrypted_up' "the client takes its changed file, and is let in"
check "its log says so" grep -q "the changed pre-shared key is used from now on: $T/phone" "$T/client.log"
grows secret .echoed 20 "the call goes on"

# --- files that cannot be used ---
file keys nonsense
file phone nonsense
stays keys server.log
stays phone client.log
check "the tunnel is still there" plain_up

# --- denied, and not any more ---
file keys "$second"
file denied alice
must 15 'says "unauthorized: access has been withdrawn"' "a name in the changed list of denied clients is told"
check "the server's log says so" grep -q "psk alice: access has been withdrawn" "$T/server.log"
file denied ''
must 20 'plain_up' "not denied any more, it is back"
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-changed)" -eq 0
