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
metrics server --control "$T/nobody" >"$T/none.prom"
check "that nobody answers is in the text format" right none.prom
is "nobody answers" "$(value none.prom tscf_server_up)" -eq 0
