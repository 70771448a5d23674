#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# metrics.sh - what Prometheus reads about a server and a client is in its text format, and true.  It also says when a
# daemon is not there.
. "$(dirname "$0")/lib.sh"

metrics() { env PATH="$TSCF_SBINDIR:$PATH" "$TSCF_SRC/contrib/monitoring/tscf-metrics" "$@"; }
# value FILE NAME: of the one sample that is called so, labels included.
value() { awk -v name="$2" '$1 == name { print $2; n++ } END { exit n != 1 }' "$T/$1"; }
# right FILE: every line is HELP, TYPE, or a sample of the family that was named last; no family and no sample comes twice.
right() {
	awk '
		/^# HELP [a-z_]+ [^ ]/ { help = $3; next }
		/^# TYPE [a-z_]+ (gauge|counter)$/ { if ($3 != help || family[$3]++) exit bad = 1; name = $3; next }
		match($0, /^[a-z_]+(\{([a-z_]+="[^"\\]*",?)+\})? [0-9.e+-]+$/) {
			split($1, part, "{")
			if (part[1] != name || sample[$1]++) exit bad = 1
			next
		}
		{ exit bad = 1 }
		END { if (bad) print "at line " NR ": " $0; exit bad }' "$T/$1"
}

topology
echo_server
start_server
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 50 --report 50
grows only .echoed 10
metrics server --control "$SERVER_CONTROL" >"$T/server.prom" || fail "server"
metrics client --control "$CLIENT_CONTROL" >"$T/client.prom" || fail "client"
check "the server's are in the text format" right server.prom
check "the client's are in the text format" right client.prom
is "the server is up" "$(value server.prom tscf_server_up)" -eq 1
for kind in plain encrypted; do
	is "tunnels, $kind" "$(value server.prom "tscf_server_tunnels{interface=\"default\",kind=\"$kind\"}")" -eq 1
	is "the client's tunnel, $kind" "$(value client.prom "tscf_client_tunnel_up{kind=\"$kind\"}")" -eq 1
done
is "addresses in use" "$(value server.prom "tscf_server_addresses_used{interface=\"default\",kind=\"plain\",range=\"$PLAIN_POOL\"}")" -eq 1
is "DTLS handshakes" "$(value server.prom \
	"tscf_server_transport_handshakes_total{interface=\"default\",kind=\"encrypted\",transport=\"dtls\",listen=\"$SERVER_OUTER:$((PORT + 1))\"}")" -eq 1
is "an event of the server" "$(value server.prom 'tscf_server_events_total{event="encrypted_established"}')" -eq 1
is "a binding" "$(value server.prom 'tscf_server_bindings{state="active"}')" -eq 1
is "the client's encrypted-only sockets" "$(value client.prom 'tscf_client_sockets{level="encrypted-only"}')" -eq 1
is "packets of the client's encrypted tunnel" "$(value client.prom 'tscf_client_tunnel_sent_packets_total{kind="encrypted"}')" -gt 10
is "when the certificate expires" "$(value server.prom tscf_server_certificate_not_after_seconds)" = "$(date -d "$(openssl x509 -in "$T/state/server.crt" \
	-noout -enddate | cut -d= -f2)" +%s)"
is "packets that were dropped, by reason" "$(value server.prom 'tscf_server_dropped_packets_total{reason="spoofed"}')" -eq 0
is "packets that were repaired" "$(value client.prom 'tscf_client_repaired_packets_total{kind="encrypted"}')" -eq 0
is "flows with redundancy" "$(value server.prom tscf_server_redundancy_flows)" -eq 0
is "the server is verified" "$(value client.prom tscf_client_verified)" -eq 1

# Every reason that the exporter knows is a counter, and every metric that dashboard and rules name is there.
for daemon in server client; do
	reasons=$(sed -n "/^$daemon='/,/drops |/p" "$TSCF_SRC/contrib/monitoring/tscf-metrics" | grep -oE '[a-z]+(_[a-z]+)*' | grep -vxE "$daemon|split|as|drops" | sort)
	is "reasons of the $daemon" "$(sed -n "s/^tscf_${daemon}_dropped_packets_total{reason=\"\(.*\)\"}.*/\1/p" "$T/$daemon.prom" | sort | xargs)" = "$(xargs <<<"$reasons")"
done
# Every counter of dropped packets is such a reason.
is "reasons of the server that are counters of drops" "$(sed -n '/inner packets dropped/,/control messages/s/.*"\(.*\)".*/\1/p' "$TSCF_SRC/tscf-server/counters.h" | sort | xargs)" = \
	"$(sed -n 's/^tscf_server_dropped_packets_total{reason="\(.*\)"}.*/\1/p' "$T/server.prom" | sort | xargs)"
dashboard=$TSCF_SRC/contrib/monitoring/tscf-dashboard.json
named=$({ jq -r '.panels[].targets[].expr' "$dashboard"; sed -n 's/^ *expr: //p' "$TSCF_SRC/contrib/monitoring/tscf-alerts.yml"; } |
	grep -oE 'tscf_(server|client)_[a-z_]+' | sort -u)
is "dashboard and rules name metrics" "$(wc -l <<<"$named")" -gt 20
for name in $named; do grep -q "^# TYPE $name " "$T/server.prom" "$T/client.prom" || fail "dashboard or rules: there is no $name"; done
check "the dashboard is whole" jq -e '(.panels | length > 10) and ([.panels[].id] | unique | length) == (.panels | length) and .schemaVersion > 30 and
	([.panels[] | (.type | IN("stat", "timeseries")) and (.title | length > 0) and (.targets | length > 0) and
	(.gridPos | .x + .w <= 24) and .datasource.uid == "${datasource}"] | all) and
	([.templating.list[].name] == ["datasource", "instance"])' "$dashboard"
metrics server --control "$T/nobody" >"$T/none.prom"
check "that nobody answers is in the text format" right none.prom
is "nobody answers" "$(value none.prom tscf_server_up)" -eq 0
