#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# radius.sh - the server and a RADIUS server, FreeRADIUS.  Each tunnel is accounted for once, with start, interim and
# stop, also over a restart; what happens while the RADIUS server is away is told when it is back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_radius.sh"

topology
echo_server
radius_files
printf 'alice:00112233445566778899aabbccddeeff\n' >"$T/keys"
chmod 0600 "$T/keys"
start_radius
SERVER_CONF=("radius-accounting = \"$T/radius/radiusclient.conf\"" "accounting-interval = 1")
start_server --psk-file "$T/keys"
start_client --psk-file "$T/keys"
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --report 50
program rtp library "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ] && [ "$(last rtp .echoed)" -gt 20 ]'

must 10 'is_accounted "Acct-Status-Type = Start" "User-Name = \"alice\"" "Connect-Info = \"plain" \
	"Calling-Station-Id = \"$PHONE_OUTER\"" "NAS-Identifier = \"tunnels\"" "= $PHONE_INNER"' "the plain tunnel has a start"
must 10 'is_accounted "Acct-Status-Type = Start" "User-Name = \"alice\"" "Connect-Info = \"encrypted"' "the encrypted one has one"
must 10 'is_accounted "Acct-Status-Type = Interim-Update" "Connect-Info = \"plain" "Acct-Input-Octets = " "Acct-Output-Packets = "' "there is an interim"
is "none of the plain tunnel's identifiers is its TSID" "$(grep -c "$(client_status .plain.tsid)" "$DETAIL")" = 0
session=$(awk -v RS= '/Start/ && /"plain/' "$DETAIL" | sed -n 's/.*Acct-Session-Id = "\(.*\)"/\1/p')
is "both tunnels belong together" "$(grep 'Acct-Multi-Session-Id' "$DETAIL" | sort -u | wc -l)" = 1

# --- the RADIUS server is away ---
stop_radius
must 15 'grep -q "radius-accounting: Connection timed out; records wait" "$T/server.log"' "the log says that it is away"
must 5 '[ "$(server_status .accounting_waiting)" -gt 0 ]' "records wait"
grows rtp .echoed 20 "nobody waits for it"
check "disconnect" server disconnect alice
must 10 'plain_up && encrypted_up' "a client comes back meanwhile"
start_radius
must 20 "is_accounted 'Acct-Status-Type = Stop' 'Acct-Session-Id = \"$session\"' 'Acct-Terminate-Cause = Admin-Reset'" "the stop is told when it is back"
must 20 '[ "$(server_status .accounting_waiting)" -lt 3 ]' "nothing waits any more"
is "nothing is lost" "$(server_counter accounting_lost)" = 0

# --- a restart ---
starts=$(accounted 'Acct-Status-Type = Start' 'Connect-Info = "plain')
stops=$(accounted 'Acct-Status-Type = Stop' 'Connect-Info = "plain')
stop_server
start_server --psk-file "$T/keys"
happens
grows rtp .echoed 20 "after a restart"
must 10 'is_accounted "Acct-Status-Type = Stop" "Connect-Info = \"encrypted" "Acct-Terminate-Cause = NAS-Reboot"' "the encrypted tunnel has ended"
stop_client
must 10 "[ \"\$(accounted 'Acct-Status-Type = Stop' 'Connect-Info = \"plain' 'Acct-Terminate-Cause = User-Request')\" = 1 ]" "its client's release is the stop"
is "the plain tunnel was accounted for once: starts" "$(accounted 'Acct-Status-Type = Start' 'Connect-Info = "plain')" = "$starts"
is "the plain tunnel was accounted for once: stops" "$(accounted 'Acct-Status-Type = Stop' 'Connect-Info = "plain')" = $((stops + 1))
check "the server ends as it should" stop_server
