#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# storm.sh - many clients come at the same moment to a server of four workers that has just been started, each with an encrypted tunnel;
# then they come again while the certificate is renewed.  All get their tunnels, and the server is none the worse for it.
#
# Most is seen in a build with sanitizers: this is where all threads of the server are busy.
. "$(dirname "$0")/lib.sh"
CLIENTS=64

topology
many_clients
echo_server
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=storm -keyout "$T/key.pem" -out "$T/cert.pem" 2>>"$T/openssl.log"
# A server that runs as another user could not read it.
chmod 644 "$T/key.pem"
printf 'workers = 4\ntunnel-persistence-time = 0\ncert = "%s"\nkey = "%s"\n' "$T/cert.pem" "$T/key.pem" >"$T/server.conf"

# storm NAME: all set-ups under way at a time, calls for a second, and the release.
storm() {
	background "$1" "$PHONE" "$TSCF_LOAD" --server $SERVER_OUTER:$PORT --source 100.64.0.1 --pin "$PIN" --echo $HOST:7000 \
		--plain $CLIENTS --encrypted $CLIENTS --encrypted-window $CLIENTS --active 16 --active-encrypted 16 --seconds 1 \
		--phase-seconds 30 --json "$T/$1.json"
}
begin() {
	start_server_bare --config "$T/server.conf" --listen $SERVER_OUTER:$PORT --pool 10.64.0.0/20 --encrypted-pool 10.72.0.0/20 \
		--route $SERVICE_NET --services DTTE --log-level info
}
# ends_well NAME
ends_well() {
	check "$1: all set up" finish "$LAST_PID" 60
	is "$1: encrypted tunnels" "$(server_status .counters.encrypted_established)" -ge "$CLIENTS"
	is "$1: changes that the store has lost" "$(server_status .counters.store_lost)" = 0
}

for round in 1 2 3; do
	rm -rf "$T/state"
	begin
	storm "round$round"
	ends_well "round$round"
	[ "$round" = 3 ] || check "round$round: the server ends in order" stop_server
done

storm renewed
while kill -0 "$LAST_PID" 2>/dev/null; do
	server reload >>"$T/reload.log" 2>&1 || die "the server does not reload"
	command sleep 0.05
done
ends_well renewed
check "the server ends in order" stop_server
