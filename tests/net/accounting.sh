#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# accounting.sh - the server records tunnels in accounting-log: one start and one stop for each, however often it is
# resumed, goes to another worker, or survives a restart.  The file is opened again at a reload, even one that is refused.
# A pipe that nobody reads holds nobody up.
. "$(dirname "$0")/lib.sh"

LOG=$T/accounting/log
# They belong to two workers.
ADDRESSES=("$PHONE_OUTER" 198.51.100.7)

# configure LOG [LINE...]
configure() {
	SERVER_CONF=("accounting-log = \"$1\"" "accounting-interval = 1" "workers = 2" "${@:2}")
	printf '%s\n' "${SERVER_CONF[@]}" >"$T/server.conf"
}
# records FILTER: the number of records in all files for which it is true.
records() { cat "$T"/accounting/log* 2>/dev/null | jq -s "map(select($1)) | length"; }
of_plain() { printf '.tsid == "%s" and (%s)' "$tsid" "$1"; }

topology
echo_server
mkdir "$T/accounting"
printf 'alice:00112233445566778899aabbccddeeff\n' >"$T/keys"
chmod 0600 "$T/keys"
configure "$LOG"
start_server --psk-file "$T/keys"
start_client --psk-file "$T/keys"
tsid=$(server sessions --json | jq -r '.[] | select(.kind == "plain") | .tsid')
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --report 50
program rtp library "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ] && [ "$(last rtp .echoed)" -gt 20 ]'

must 10 "[ \"\$(records '$(of_plain '.event == "interim" and .sent_packets > 20 and .received_packets > 20')')\" -gt 0 ]" "a record in between"
is "the server has begun" "$(head -n 1 "$LOG" | jq -r .event)" = server-start
is "a record of the start" "$(records "$(of_plain '.event == "start"')")" = 1
is "with what is known" "$(records "$(of_plain ".event == \"start\" and .identity == \"psk alice\" and .interface == \"default\" and
	.transport == \"$TRANSPORT\" and (.outer | startswith(\"$PHONE_OUTER:\")) and (.internal | index(\"$PHONE_INNER\") != null)")")" = 1
must 10 '[ "$(records ".kind == \"encrypted\" and .event == \"interim\" and .levels[\"encrypted-only\"] > 0 and .received_packets > 0")" -gt 0 ]' \
	"the encrypted tunnel has records with its levels"
is "the rights of the file" "$(stat -c %a "$LOG")" = 640

# --- the file is renamed ---
mv "$LOG" "$LOG.1"
check "reload" server reload
must 10 '[ -s "$LOG" ]' "there is a new file"
mv "$LOG" "$LOG.2"
configure "$LOG" "mtu = 1"
server reload 2>/dev/null && fail "a wrong configuration is taken"
must 10 '[ -s "$LOG" ]' "there is a new file after a reload that is refused"
mv "$LOG" "$LOG.3"
configure "$LOG"
kill -HUP "$SERVER_PID"
must 10 '[ -s "$LOG" ]' "and after SIGHUP"

# --- the tunnel goes to another address, and another worker ---
worker=$(server sessions --json | jq '.[] | select(.kind == "plain") | .worker')
ip -n "$PHONE" addr del "${ADDRESSES[0]}/24" dev access
ip -n "$PHONE" addr add "${ADDRESSES[1]}/24" dev access
ip -n "$PHONE" route add default via $SERVER_OUTER
happens
grows rtp .echoed 20 "resumed"
is "at another worker" "$(server sessions --json | jq '.[] | select(.kind == "plain") | .worker')" -ne "$worker"
must 10 "[ \"\$(records '$(of_plain ".event == \"interim\" and (.outer | startswith(\"${ADDRESSES[1]}:\"))")')\" -gt 0 ]" "its records have the new address"

# --- the server stops and starts ---
stop_server
is "the server has stopped" "$(tail -n 1 "$LOG" | jq -r .event)" = server-stop
is "the encrypted tunnel ends with it" "$(records '.kind == "encrypted" and .event == "stop" and .reason == "the server stops"')" = 1
sent=$(cat "$T"/accounting/log* | jq -s "map(select($(of_plain true)) | .sent_packets) | max")
start_server --psk-file "$T/keys"
happens
grows rtp .echoed 20 "after a restart"
lines=$(wc -l <"$LOG")
must 10 "[ \"\$(tail -n +$((lines + 1)) $LOG | jq -s 'map(select($(of_plain '.event == "interim"'))) | length')\" -gt 0 ]" "a record after the restart"
is "its numbers have grown" "$(tail -n +$((lines + 1)) "$LOG" | jq -s "map(select($(of_plain true)) | .sent_packets) | min")" -ge "$sent"
is "it is the same tunnel" "$(records "$(of_plain '.event == "start"')")" = 1
is "it has not ended" "$(records "$(of_plain '.event == "stop"')")" = 0
is "and began when it began" "$(cat "$T"/accounting/log* | jq -s "map(select($(of_plain true)) | .since) | unique | length")" = 1

# --- its end ---
check "disconnect" server disconnect alice
must 10 "[ \"\$(records '$(of_plain '.event == "stop"')')\" = 1 ]" "a record of the end"
check "with the reason" [ "$(cat "$T"/accounting/log* | jq -r "select($(of_plain '.event == "stop"')) | .reason")" = "disconnected by the administrator of the server" ]
must 10 'plain_up' "the client is back"

# --- a pipe that nobody reads ---
mkfifo "$T/pipe"
configure "$T/pipe"
check "reload" server reload
must 10 '[ "$(server_status .accounting_waiting)" -gt 2 ]' "records wait"
grows rtp .echoed 50 "nobody waits for the pipe"
check "the log says so" grep -q 'accounting-log: .*records wait' "$T/server.log"
cat "$T/pipe" >"$T/piped" &
PIDS+=($!)
must 10 '[ "$(server_status .accounting_waiting)" = 0 ] && [ "$(jq -s length "$T/piped")" -gt 2 ]' "a reader gets them"
is "no record is lost" "$(server_counter accounting_lost)" = 0
check "the server ends as it should" stop_server
