#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# streams.sh - the tunnels over TCP and TLS.  Plain and encrypted packets use their own tunnels, nothing but TCP leaves
# the phone, a lost connection is made again with the same address, and an encrypted-only socket is never in clear
# meanwhile.  Unknown hosts that send garbage or nothing harm no client.
. "$(dirname "$0")/lib.sh"

transports() { server sessions --json | jq -r '[.[] | select(.state == "up") | .transport] | sort | join(",")'; }

# tcp_through LEVEL MARKER: an inner TCP connection there and back.
tcp_through() {
	run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 20000 --marker "$2" >"$T/inner.out" 2>>"$T/inner.log"
	jq -se 'last | .exact and .received == 20000' "$T/inner.out" >/dev/null
}

topology
start_capture
echo_server
start_server
start_client --transport tcp
is "the plain tunnel is on TCP" "$(client_status .plain.transport)" = tcp
is "and so the server says" "$(transports)" = tcp
address=$PHONE_INNER

program plain unencrypted "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5002" --to $HOST:7000 --rate 100 --marker "M-plain " --report 50
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
must 10 '[ "$(last plain .echoed)" -gt 20 ]' "a plain socket has its echoes"
must 10 '[ "$(last only .echoed)" -gt 20 ]' "an encrypted-only socket has its echoes"
is "the encrypted tunnel is on TLS" "$(transports)" = tcp,tls
check "a TCP connection inside" tcp_through unencrypted M-tcp-plain
check "and an encrypted one" tcp_through encrypted-only M-tcp-only

# Unknown hosts: bytes that are no packet, half a message, no bytes.
for port in $PORT $((PORT + 1)); do
	in_phone bash -c "head -c 3000 /dev/urandom >/dev/tcp/$SERVER_OUTER/$port" 2>/dev/null
	in_phone bash -c "printf '\\x45\\x00\\x00' >/dev/tcp/$SERVER_OUTER/$port" 2>/dev/null
	in_phone bash -c "exec 9<>/dev/tcp/$SERVER_OUTER/$port" 2>/dev/null
done
grows plain .echoed 30 "strangers do not disturb a plain socket"
grows only .echoed 30 "nor an encrypted-only one"
is "the tunnels are what they were" "$(transports)" = tcp,tls

# Both connections are cut: each end is told by a reset.
in_phone nft -f - <<-EOF
	table inet cut {
		chain output {
			type filter hook output priority 0;
			tcp dport { $PORT, $((PORT + 1)) } reject with tcp reset;
		}
	}
EOF
must 15 '! plain_up' "the client notices that its connection is cut"
in_phone nft delete table inet cut
must 20 'plain_up && encrypted_up' "both tunnels are back"
is "the internal address is the same" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
grows plain .echoed 30 "the plain socket goes on"
grows only .echoed 30 "the encrypted-only socket goes on"

stop_client
must 5 '[ "$(server sessions --json | jq length)" -eq 0 ]' "no session is left at the server"
stop_capture
is "plain packets are in clear" "$(in_clear M-plain)" -gt 20
is "the encrypted-only socket was never in clear" "$(in_clear M-only)" -eq 0
is "nor its TCP connection" "$(in_clear M-tcp-only)" -eq 0
