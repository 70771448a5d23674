# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_radius.sh - a RADIUS server, FreeRADIUS, beside tscf-server.  A test sources this after lib.sh, calls topology, radius_files and
# start_radius, and names $T/radius/radiusclient.conf in SERVER_CONF.

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
