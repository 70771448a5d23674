#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# flood.sh - thousands of requests and of handshakes are begun with forged source addresses.  The server remembers no
# more of them than its half-open limit, sends them no more bytes than they sent, and its memory does not grow further.
# Meanwhile a client gets both tunnels.
. "$(dirname "$0")/lib.sh"

LIMIT=1000
# Kilobytes: a thousand sessions, and what the allocator makes of them.
MOST=5120
COUNT=8000
RATE=1000

memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$SERVER_PID/status"; }
unconfirmed() { server_status '.interfaces[0].unconfirmed'; }
# others from|to FIELD: packets or bytes from or to the forged addresses.
others() { in_server nft -j list counter inet flood "$1" | jq ".nftables[] | select(.counter) | .counter.$2"; }
flood() {
	background "$1" "$PHONE" python3 "$TSCF_SRC/tests/net/flood.py" 100.64.0.0/16 "$SERVER_LINK" $PORT $COUNT $RATE
}

topology
# Answers go back over the link, where no host has these addresses.
ip -n "$SERVER" route add 100.64.0.0/16 via $PHONE_OUTER
in_server nft -f - <<-NFT || skip "needs nftables"
	table inet flood {
		counter from {}
		counter to {}
		chain in { type filter hook input priority 0; ip saddr 100.64.0.0/16 counter name from; }
		chain out { type filter hook output priority 0; ip daddr 100.64.0.0/16 counter name to; }
	}
NFT
echo_server
start_server_bare --listen $SERVER_OUTER:$PORT --pool 10.8.0.0/16 --encrypted-pool 10.9.0.0/16 --route $SERVICE_NET --services DTTE \
	--workers 1
# The client proves its address with a cookie, so it may begin a session beyond the limit; a request that it repeated on a busy machine may
# leave another one, which it does not confirm.
OWN=2
# The address sanitizer keeps freed memory.
if grep -q libasan "/proc/$SERVER_PID/maps"; then MOST=$((64 * MOST)); fi
before=$(memory)

flood first
must 20 "[ \"\$(unconfirmed)\" -ge $LIMIT ] && [ \"\$(server_counter cookies)\" -gt 200 ]" "the half-open limit is reached"
began=$(now)
start_client
program secret encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last secret ".echoed // 0")" -gt 0 ]' "both tunnels are up meanwhile"
is "milliseconds until both tunnels carried packets" "$(elapsed "$began")" -le 5000
check "the flood still goes on" eval '! grep -q done "$T/first.out"'
is "sessions that have not proved their address" "$(unconfirmed)" -le $((LIMIT + OWN))
must 30 'grep -q done "$T/first.out"' "the first flood is over"
first=$(memory)
is "kilobytes that the server has grown by" $((first - before)) -le $MOST

flood second
must 30 'grep -q done "$T/second.out"' "the second flood is over"
is "kilobytes that it has grown by in a second flood" $(($(memory) - first)) -le $((MOST / 8))
is "sessions that have not proved their address" "$(unconfirmed)" -le $((LIMIT + OWN))
is "bytes sent to those whose names were used" "$(others to bytes)" -le $((3 * $(others from bytes)))
is "requests that were to be repeated with a cookie" "$(server_counter cookies)" -gt $((COUNT / 4))
is "answers, to requests and to handshakes" "$(others to packets)" -gt $((COUNT * 3 / 2))
is "handshakes that were none" \
	"$(server_status '.interfaces[0].encrypted.transports[] | select(.transport == "dtls") | .invalid')" -eq 0
grows secret .echoed 20 "the client goes on"
is "the client has lost no tunnel" "$(client_status '.counters | .plain_reconnects + .encrypted_reconnects')" -eq 0
must 15 '[ "$(unconfirmed)" -eq 0 ]' "nothing is left of it"
