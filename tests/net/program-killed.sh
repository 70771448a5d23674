#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# program-killed.sh - a program dies by SIGKILL without closing anything.  The kernel tells the client, the binding is
# removed, and if it was the last encrypted socket, the encrypted tunnel is released.
. "$(dirname "$0")/lib.sh"

bindings() { server sessions --json | jq '[.[] | select(.transport == "dtls") | .bindings | length] | add // 0'; }

topology
echo_server
CLIENT_CONF=("persistence = 1")
start_server
start_client
for n in 1 2; do
	program "program-$n" encrypted-only \
		"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:500$n" --to $HOST:7000 --rate 20 --report 50
	eval "program$n=\$LAST_PID"
done
must 10 'encrypted_up && [ "$(last program-1 .echoed)" -gt 5 ] && [ "$(last program-2 .echoed)" -gt 5 ]'
must 5 '[ "$(bindings)" -eq 2 ]' "two bindings at the server"
is "two encrypted-only sockets" "$(client_status '.sockets["encrypted-only"]')" -eq 2

# shellcheck disable=SC2154
kill -KILL "$program1"
wait "$program1" 2>/dev/null
must 2 '[ "$(bindings)" -eq 1 ]' "one binding is left"
is "one encrypted-only socket" "$(client_status '.sockets["encrypted-only"]')" -eq 1
is "the tunnel stays for the other" "$(encrypted_state)" = up
grows program-2 .echoed 10 "the other goes on"

# shellcheck disable=SC2154
kill -KILL "$program2"
killed=$(now)
wait "$program2" 2>/dev/null
must 2 '[ "$(encrypted_state)" = lingering ]' "the tunnel lingers"
must 5 '[ "$(encrypted_state)" = idle ]' "then it is released"
is "it lingered for its persistence" "$(elapsed "$killed")" -ge 900
must 5 '[ "$(server sessions --json | jq length)" -eq 1 ]' "the server has the plain session only"
