#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# radius.sh - the server and a RADIUS server, FreeRADIUS.  Each tunnel is accounted for once, with start, interim and
# stop, also over a restart; what happens while the RADIUS server is away is told when it is back.
. "$(dirname "$0")/lib.sh"

DETAIL=$T/radius/detail
command -v freeradius >/dev/null || skip "needs freeradius"
"$TSCF_SBINDIR/tscf-server" --check-config --config <(printf 'radius-accounting = /nowhere\n') --pool 10.8.0.0/24 2>&1 | grep -q 'without RADIUS' &&
	skip "built without RADIUS"

radius_files() {
	mkdir -p "$T/radius"
	cat >"$T/radius/radiusd.conf" <<-END
		prefix = /usr
		logdir = $T/radius
		run_dir = $T/radius
		libdir = /usr/lib/freeradius
		pidfile = $T/radius/pid
		cleanup_delay = 1
		log {
			destination = stdout
		}
		security {
			allow_vulnerable_openssl = yes
		}
		client server {
			ipaddr = 127.0.0.1
			secret = testing123
		}
		modules {
			detail {
				filename = $DETAIL
			}
			files {
				usersfile = $T/radius/users
			}
		}
		server default {
			listen {
				type = auth
				ipaddr = 127.0.0.1
				port = 1812
			}
			listen {
				type = acct
				ipaddr = 127.0.0.1
				port = 1813
			}
			authorize {
				files
			}
			accounting {
				detail
			}
		}
	END
	echo "localhost/localhost testing123" >"$T/radius/servers"
	cat >"$T/radius/radiusclient.conf" <<-END
		nas-identifier tunnels
		authserver 127.0.0.1:1812:testing123
		acctserver 127.0.0.1:1813:testing123
		servers $T/radius/servers
		dictionary /etc/radcli/dictionary
		default_realm
		radius_timeout 1
		radius_retries 1
		bindaddr *
	END
	: >"$T/radius/users"
}
start_radius() {
	background radius "$SERVER" freeradius -f -d "$T/radius"
	RADIUS_PID=$LAST_PID
	must 20 'grep -q "Ready to process requests" "$T/radius.out"' "FreeRADIUS is ready"
}
stop_radius() {
	kill -TERM "$RADIUS_PID"
	finish "$RADIUS_PID" 10
}
# accounted TEXT...: the number of requests that have all these texts.
accounted() {
	TEXTS=$(printf '%s\n' "$@") awk -v RS= 'BEGIN { n = split(ENVIRON["TEXTS"], text, "\n") }
		{ ok = 1; for (i = 1; i <= n; i++) if (!index($0, text[i])) ok = 0; sum += ok }
		END { print sum + 0 }' "$DETAIL" 2>/dev/null
}
is_accounted() { [ "$(accounted "$@")" -gt 0 ]; }

topology
echo_server
ip -n "$SERVER" link set lo up
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
