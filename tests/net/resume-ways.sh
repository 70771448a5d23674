#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# resume-ways.sh - the client comes to networks with other addresses, where firewalls allow other transports: from UDP
# to TCP, from there inside DTLS and inside TLS, and back to UDP.  The same session goes on with its internal address,
# at every worker of the server.  An inner TCP connection survives with every byte, and nothing of an encrypted-only
# socket is in clear.
. "$(dirname "$0")/lib.sh"
TRANSPORT=auto

# They belong to two workers.
ADDRESSES=("$PHONE_OUTER" 198.51.100.7)
# What a busy machine may add to times, in milliseconds; a flow is there when ten packets have come back.
SLACK=3000

topology
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
filter udp dtls
start_server --workers 2
start_client
address=$PHONE_INNER
program only encrypted-only "$TSCF_TOOLS/flow" --bind 0.0.0.0:5004 --to $HOST:7000 --rate 50 --marker "M-only " --report 50
program rtp library "$TSCF_TOOLS/flow" --bind 0.0.0.0:5006 --to $HOST:7000 --rate 50 --marker "M-rtp " --report 50
program stream library "$TSCF_TOOLS/tcp" --bind "$PHONE_INNER:5100" --to $HOST:7000 --seconds 120 --rate 50000 \
	--marker M-stream --patience 60000 --report 50
stream=$LAST_PID
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ] && [ "$(last rtp .echoed)" -gt 20 ]'
is "it begins with UDP" "$(plain_by)" = udp
tsid=$(client_status .plain.tsid) encrypted_address=$(client_status '.encrypted.internal[0]')

# go_to MILLISECONDS TRANSPORT...: move to the other address, where only these transports get through; both flows are
# back after so long.
at=0
go_to() {
	local within=$1 from rtp_before only_before
	shift
	filter "$@"
	ip -n "$PHONE" addr del "${ADDRESSES[at]}/24" dev access
	at=$((1 - at))
	ip -n "$PHONE" addr add "${ADDRESSES[at]}/24" dev access
	from=$(now)
	ip -n "$PHONE" route add default via $SERVER_OUTER
	rtp_before=$(last rtp .echoed) only_before=$(last only .echoed)
	must 20 "[ \$(last rtp .echoed) -ge $((rtp_before + 10)) ]" "$*: the plain flow goes on"
	is "$*: the plain flow goes on after so many ms" "$(elapsed "$from")" -le $((within + SLACK))
	must 20 "encrypted_up && [ \$(last only .echoed) -ge $((only_before + 10)) ]" "$*: the encrypted-only flow goes on"
	is "$*: the encrypted-only flow goes on after so many ms" "$(elapsed "$from")" -le $((within + SLACK))
	is "$*: the way" "$(plain_by)" = "$1"
	is "$*: the session is the same" "$(client_status .plain.tsid)" = "$tsid"
	is "$*: so is the internal address" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
	is "$*: and the encrypted one" "$(client_status '.encrypted.internal[0]')" = "$encrypted_address"
	grows stream .received 10000 "$*: the TCP connection goes on"
}

go_to 1000 tcp tls
go_to 3500 dtls
go_to 3500 tls
go_to 1000 udp dtls
is "the server has set up one session" "$(server_counter plain_established)" -eq 1
is "and resumed it" "$(server_counter plain_resumed)" -ge 4

kill -TERM "$stream"
finish "$stream" 20
is "the TCP connection is right to the byte" "$(last stream .exact)" = true
stop_capture
is "the encrypted-only flow was never in clear" "$(in_clear M-only)" -eq 0
is "no packet of its socket in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0
