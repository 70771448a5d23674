#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# cli.sh - the command line.  Exit statuses are fit for scripts, JSON has the members that tscf-client(8) and
# tscf-server(8) promise, and errors say what is wrong.
. "$(dirname "$0")/lib.sh"

topology
echo_server

# --- no daemon ---
client status --json >/dev/null 2>"$T/error"
check "client status without a daemon fails with a reason" [ $? -ne 0 -a -s "$T/error" ]
server status --json >/dev/null 2>"$T/error"
check "server status without a daemon fails with a reason" [ $? -ne 0 -a -s "$T/error" ]
for program in "$TSCF_SBINDIR/tscf-client" "$TSCF_SBINDIR/tscf-server" "$TSCF_BINDIR/tscf-run"; do
	check "${program##*/} --help" eval "$program --help | grep -q Usage:"
	"$program" --no-such-option >/dev/null 2>"$T/error"
	check "${program##*/}: an unknown option is named" grep -q no-such-option "$T/error"
done
tscf_run --level nonsense true 2>"$T/error"
check "tscf-run: an unknown level is named" grep -q nonsense "$T/error"
tscf_run /nonexistent 2>/dev/null
is "tscf-run: no such program" $? -eq 127

printf 'server = "198.51.100.1"\npin = "wrong"\n' >"$T/bad.conf"
in_phone "$TSCF_SBINDIR/tscf-client" --config "$T/bad.conf" --check-config 2>"$T/error"
check "an error in a file is named with file and line" [ $? -ne 0 ]
check "file and line" grep -q 'bad.conf:2' "$T/error"

# --- running ---
SERVICES="DTTE, SIP" start_server --dns 192.0.2.53 --dns 2001:db8::53 --sip-server $HOST
launch_client
client status --wait-up 10 >/dev/null
is "wait-up" $? -eq 0
client status --json >"$T/status"
check "client status has what scripts need" jq -e '
	.plain.state == "up" and .plain.transport == "udp" and (.plain.server | type) == "string" and (.plain.internal | length) == 1 and
	(.plain.nat | startswith("198.51.100.2:")) and .plain.dns == ["192.0.2.53", "2001:db8::53"] and .plain.sip == ["192.0.2.10"] and
	.encrypted.state == "idle" and (.encrypted | has("transport") and has("internal")) and
	([.plain, .encrypted] | all((.reason | type) == "string" and .since <= now and .since > now - 60)) and
	(.sockets | has("encrypted-only") and has("encrypted-preferred") and has("unencrypted")) and
	(.counters | type) == "object"' "$T/status"
program only encrypted-only \
	"$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 5 ]'
check "sockets" jq -e --argjson pid "$LAST_PID" 'length == 1 and (.[0] | .pid == $pid and .program == "flow" and .protocol == "udp" and
	(.local | endswith(":5004")) and has("remote") and .level == "encrypted-only" and .tunnel == "encrypted")' <(client sockets --json)
check "server status" jq -e '(.pin | startswith("sha256:")) and .counters.store_lost == 0 and .counters.plain_established == 1' \
	<(server status --json)
check "server sessions" jq -e 'length == 2 and all(.[]; has("tsid") and has("outer") and has("internal") and has("transport") and
	has("bindings") and has("age") and .worker >= 0) and ([.[].transport] | sort) == ["dtls", "udp"]' <(server sessions --json)
# Packets of the program have 200 bytes, with headers.
check "its sessions count packets and bytes" jq -e 'map({(.transport): .}) | add |
	(.dtls | .received_packets > 5 and .sent_packets > 5 and .received_bytes == 200 * .received_packets and
	.sent_bytes == 200 * .sent_packets) and .udp.received_packets == 0 and .udp.sent_bytes == 0' <(server sessions --json)
check "client status for a person" eval 'client status | grep -q up'
check "it has the servers" eval 'client status | grep -q "^DNS: 192.0.2.53 2001:db8::53$"'
is "client sip: one on a line" "$(client sip)" = "192.0.2.10"
is "as JSON" "$(client sip --json | jq -c .)" = '["192.0.2.10"]'
check "client sockets for a person" eval 'client sockets | grep -q encrypted-only'
check "server status for a person" eval 'server status | grep -q .'
check "server sessions for a person" eval 'server sessions | grep -q .'

# policies PID: scheduling policies of its threads.
policies() { ps -L -o cls= -p "$1" | sort -u | xargs; }
is "the client runs when a packet comes; not what takes descriptors" "$(policies "$CLIENT_PID")" = "RR TS"
is "the server's worker, too; not what answers here" "$(policies "$SERVER_PID")" = "RR TS"

# --- the times of what has not changed do not change ---
times() { client_status '[.started, .plain.since, .kernel.since] | @csv'; }
end=$((SECONDS + 3))
while [ "$SECONDS" -lt "$end" ]; do times; done | sort -u >"$T/times"
is "different times within three seconds" "$(wc -l <"$T/times")" -eq 1

# --- down ---
stopped=$(date +%s)
check "server stop" server stop
finish "$SERVER_PID" 10
is "server: exit status" $? -eq 0
must 10 '! plain_up' "the client notices that its server has stopped"
check "client status says why, and since when" jq -e '.plain.since >= $before and .plain.state != "up" and .plain.reason != ""' \
	--argjson before "$stopped" <(client status --json)
client sip >"$T/sip" 2>&1
check "client sip fails when there are none" [ $? -eq 1 -a ! -s "$T/sip" ]
client status --wait-up 1 >/dev/null 2>&1
check "wait-up fails when its time is over" [ $? -ne 0 ]
check "client stop" client stop
finish "$CLIENT_PID" 10
is "client: exit status" $? -eq 0
