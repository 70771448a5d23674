#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-unseen.sh - packets that this kernel sends for sockets without asking the guard: SYN-ACKs, ACKs in TIME_WAIT,
# resets and ICMP.  Those of encrypted-only sockets have the mark, and none is in clear while the rules are there.  With
# the rules gone, the test reports which are in clear, and proves that no content is.  It fails only where the guard is
# known to refuse a packet.  What the kernel sends for itself to find out whether an IPv6 address is free is not refused.
. "$(dirname "$0")/lib.sh"

# One has a socket that has accepted no connection yet, one has no listening socket.
LISTENS=5060 CLOSED=9999

topology
echo_server
start_server
start_guarded_client
in_phone sysctl -qw net.ipv4.conf.access.rp_filter=0 net.ipv4.tcp_invalid_ratelimit=0
cat >"$T/forge.py" <<'END'
import socket, struct, sys
sys.path.insert(0, sys.argv[1])
import forge
def segment(source, to, port, to_port, flags):
    head = struct.pack(">HHIIBBHHH", port, to_port, 0x12345678, 0x12345678, 5 << 4, flags, 1000, 0, 0)
    total = forge.checksum(forge.pseudo(source, to, 6, len(head)) + head)
    return forge.ipv4(6, source, to, head[:16] + struct.pack(">H", total) + head[18:])
source, to = (socket.inet_aton(a) for a in sys.argv[2:4])
link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"access")
ping = struct.pack(">BBHHH", 8, 0, 0, 7, 7)
ping = ping[:2] + struct.pack(">H", forge.checksum(ping)) + ping[4:]
for packet in [segment(source, to, 7000, int(port), 16) for port in sys.argv[4:]] + [
        forge.ipv4(1, source, to, ping), forge.udp((source, 7000), (to, 9999), b"none")]:
    link.sendto(packet, (sys.argv[3], 0))
END

# --- a socket in TIME_WAIT, and one that listens; the third packet of a handshake never comes ---
run encrypted-only "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 6400 --marker M-content >/dev/null || die "no connection"
waits=$(in_phone ss -Htan state time-wait | awk '{ sub(/.*:/, "", $3); print $3; exit }')
[ -n "$waits" ] || die "no socket in TIME_WAIT"
program listener encrypted-only "$TSCF_TOOLS/tcp" --listen "$PHONE_INNER:$LISTENS"
must 5 "[ -s '$T/listener.out' ]"
must 10 encrypted_up

# --- what the kernel sends without a source, to find out whether an IPv6 address is free, passes the guard ---
ip -n "$PHONE" link add near type veth peer name far netns "$SERVER"
in_server sysctl -qw net.ipv6.conf.far.disable_ipv6=0
in_phone sysctl -qw net.ipv6.conf.near.accept_dad=1 net.ipv6.conf.near.disable_ipv6=0
ip -n "$SERVER" addr add 2001:db8:dad::1/64 dev far nodad
ip -n "$SERVER" link set far up
ip -n "$PHONE" link set near up
ip -n "$PHONE" addr add 2001:db8:dad::1/64 dev near
must 10 'ip -n "$PHONE" -6 addr show dev near | grep -q dadfailed' "an IPv6 address that another host has is found"
is "refused by the guard" "$(client_status .counters.guard_out_native)" -eq 0
ip -n "$PHONE" link del near

in_service nft "add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in tcp sport $LISTENS drop"
start_capture

seen() { tcpdump -n -r "$PCAP" "src $PHONE_INNER and $1" 2>/dev/null | wc -l; }
SYN_ACK="tcp src port $LISTENS and tcp[tcpflags] & tcp-syn != 0"
TIME_WAIT="tcp src port $waits"
RESET="tcp src port $CLOSED"
handshakes() { in_phone ss -Htano state syn-recv; }
# unseen WHEN COMMAND...: a peer connects, the client is stopped, COMMAND is run, and the kernel is made to send what has no full socket:
# the SYN-ACK again, ACKs in TIME_WAIT, resets.  Then says how many of these were on the access link outside the tunnels since the test began.
unseen() {
	background caller "$SERVICE" "$TSCF_TOOLS/tcp" --to "$PHONE_INNER:$LISTENS" --bytes 64 --marker M-content
	must 5 '[ -n "$(handshakes)" ]' "a handshake begins"
	kill -STOP "$CLIENT_PID"
	kill -KILL "$LAST_PID"
	"${@:2}"
	for _ in 1 2 3; do in_server python3 "$T/forge.py" "$TSCF_SRC/tests/net" $HOST "$PHONE_INNER" "$waits" $LISTENS $CLOSED; done
	# Either it was sent twice more, or it could not be sent: then the kernel has forgotten the handshake.
	must 15 "! handshakes | grep -q . || handshakes | grep -qE 'timer:.on,[^,]*,[2-9]'" "SYN-ACKs are sent again"
	note "$1: the handshake: $(handshakes | grep -o 'timer.*')"
	fence
	note "$1: $(seen "$SYN_ACK") SYN-ACK, $(seen "$TIME_WAIT") TIME_WAIT, $(seen "$RESET") resets of no socket, $(seen icmp) ICMP"
	kill -CONT "$CLIENT_PID"
	must 10 'client status --json'
}

unseen "with the rules" true
is "with the rules: SYN-ACKs and TIME_WAIT in clear" "$(seen "$SYN_ACK")/$(seen "$TIME_WAIT")" = 0/0
flush_all() {
	in_phone ip rule flush
	in_phone ip rule add priority 32766 lookup main
	in_phone ip xfrm policy flush
}
unseen "with the guard alone" flush_all
is "with the guard alone: SYN-ACKs in clear" "$(seen "$SYN_ACK")" -eq 0
stop_client
stop_capture
is "content in clear" "$(in_clear M-content)" -eq 0
