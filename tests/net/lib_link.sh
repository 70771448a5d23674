# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_link.sh - the access link: what a firewall lets through, and the capture of all that is on it.  Sourced by lib.sh.

# --- what gets through ----------------------------------------------------------------------------------------------

# filter TRANSPORT...: of udp, tcp, dtls, tls only these get through the access link, in either direction; existing connections are cut
# off, too.  The network sends no errors.
filter() {
	local t rules=
	for t in "$@"; do
		case $t in
		udp | tcp) rules+="$t dport $PORT accept; $t sport $PORT accept;" ;;
		dtls) rules+="udp dport $((PORT + 1)) accept; udp sport $((PORT + 1)) accept;" ;;
		tls) rules+="tcp dport $((PORT + 1)) accept; tcp sport $((PORT + 1)) accept;" ;;
		esac
	done
	in_server nft -f - <<-END
		table inet firewall
		delete table inet firewall
		table inet firewall {
			chain in { type filter hook input priority 0; iifname access meta l4proto { icmp, ipv6-icmp } accept; iifname access udp dport 9 accept; $rules iifname access drop; }
			chain out { type filter hook output priority 0; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; oifname access meta l4proto { icmp, ipv6-icmp } drop; $rules oifname access drop; }
		}
	END
}
# translate PORTS: the server sees the client's ports through an address translator in its own namespace, which gives it these, and forgets
# each after a second of silence.
translate() {
	local nft=ip timeout
	[ "$TSCF_OUTER" = 4 ] || nft=ip6
	in_server nft -f - <<-END || return
		table $nft translator
		delete table $nft translator
		table $nft translator {
			chain in {
				type nat hook input priority 100;
				udp dport { $PORT, $((PORT + 1)) } snat to :$1
				tcp dport { $PORT, $((PORT + 1)) } snat to :$1
			}
		}
	END
	for timeout in udp_timeout udp_timeout_stream tcp_timeout_established tcp_timeout_unacknowledged tcp_timeout_max_retrans; do
		in_server sysctl -qw net.netfilter.nf_conntrack_$timeout=1
	done
}
# path_carries BYTES: the access link drops larger packets silently, in both directions.
path_carries() {
	local ns rule=
	[ "$1" -ge 1500 ] || rule="iifname access meta length gt $1 drop;"
	for ns in "$PHONE" "$SERVER"; do
		ip netns exec "$ns" nft -f - <<-END
			table inet path
			delete table inet path
			table inet path {
				chain in { type filter hook prerouting priority raw; $rule }
			}
		END
	done
}

# --- the capture ---------------------------------------------------------------------------------------------------

# A datagram that the capture must show: it proves that the capture runs, and that all earlier packets are written.
fence() {
	local text="fence $RANDOM$RANDOM" end=$((SECONDS + 10 * PATIENCE))
	until grep -aqF "$text" "$PCAP" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || die "the capture does not work"
		in_phone bash -c "echo '$text' >/dev/udp/$SERVER_LINK/9" 2>/dev/null
		command sleep 0.05
	done
}

# Each packet takes as much of the kernel's buffer as the largest possible one: with this limit, a burst has room.
start_capture() {
	background tcpdump "$SERVER" tcpdump -Z root -i "${1:-access}" -n -U --immediate-mode -s 9216 -B 131072 -w "$PCAP"
	CAPTURE_PID=$LAST_PID
	fence
}

# Ends the capture; a capture that has lost packets proves nothing.
stop_capture() {
	fence
	kill -INT "$CAPTURE_PID"
	finish "$CAPTURE_PID" 5
	grep -q '^0 packets dropped by kernel' "$T/tcpdump.log" || die "the capture has lost packets"
}

# wire COMMAND [ARG...]: ask about the capture, running or ended; see wire.py.
wire() { python3 -B "$TSCF_SRC/tests/net/wire.py" "$PCAP" "$@"; }

# in_clear TEXT [FROM [TO]]: packets on the access link that contain the text, in a span of time.
in_clear() { wire clear "$1" ${2:+--from "$2"} ${3:+--to "$3"}; }

# socket_in_clear PROTO PORT [FROM [TO]]: clear inner packets of the phone's socket, fragments and ICMP quotes included.
socket_in_clear() { wire socket "$1" "$2" ${3:+--from "$3"} ${4:+--to "$4"}; }

# records up|down KIND [FROM [TO]]: DTLS records of a kind (data, handshake, alert, change-cipher-spec, invalid).
records() { wire dtls ${3:+--from "$3"} ${4:+--to "$4"} | jq -r ".$1[\"$2\"]"; }
