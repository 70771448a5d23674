#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# reverse-path.sh - packets down are delivered on the device to which the host's return route points, independent of the
# tunnel that they came by.  So firewalls that check the reverse path (nftables' fib, rp_filter 1) accept them, and a
# socket that is bound to that device still receives after a move.  A socket that is bound to the encrypted device by
# name receives by that one.  With a policy, and with a default level, the return route points to the other device.
. "$(dirname "$0")/lib.sh"

topology
echo_server
start_server

# bound.py DEVICE PORT COUNT: a UDP socket with the plain address and a TCP connection, both bound to a device; how many echoes come back.
cat >"$T/bound.py" <<'END'
import os, socket, sys
device, port, host = sys.argv[1].encode() + b"\0", int(sys.argv[2]), sys.argv[3]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family)
for s in udp, tcp:
    s.bind((sys.argv[4], port))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    s.settimeout(2)
echoed = 0
for i in range(10):
    try:
        udp.sendto(b"M-bound", (host, 7000))
        echoed += udp.recv(100) == b"M-bound"
    except OSError:
        pass
try:
    tcp.connect((host, 7000))
    tcp.sendall(b"x" * 1000)
    got = 0
    while got < 1000:
        got += len(tcp.recv(2000)) or 1000
    print(echoed, "tcp")
except OSError as error:
    print(echoed, "refused" if isinstance(error, PermissionError) else error)
END
strict() {
	in_phone sysctl -qw net.ipv4.conf.tscf0.rp_filter=1 net.ipv4.conf.tscf1.rp_filter=1
	in_phone nft -f - <<-END || die "needs nftables"
		table inet reverse
		delete table inet reverse
		table inet reverse {
			chain pre {
				type filter hook prerouting priority mangle + 10;
				iifname { tscf0, tscf1 } fib saddr . mark . iif oif missing counter drop
			}
		}
	END
}
# echoes LEVEL WHAT
echoes() {
	run "$1" "$TSCF_TOOLS/flow" --to $HOST:7000 --count 50 --rate 200 --linger 2000 --until-echoed 50 >"$T/flow.json"
	is "$2" "$(tail -n1 "$T/flow.json" | jq .echoed)" -ge 49
	run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 20000 >"$T/tcp.json" 2>&1 || fail "$2: tcp: $(tail -n1 "$T/tcp.json")"
}
# bound DEVICE PORT LEVEL
bound() { run "$3" timeout 30 python3 "$T/bound.py" "$1" "$2" $HOST "$PHONE_INNER"; }

start_client
strict
echoes library "plain"
echoes encrypted-only "encrypted-only, strict"
is "bound to the plain device, encrypted-preferred" "$(bound tscf0 6001 encrypted-preferred)" = "10 tcp"
is "bound to the plain device, encrypted-only: refused" "$(bound tscf0 6005 encrypted-only)" = "0 refused"
is "bound to the plain device, unencrypted" "$(bound tscf0 6002 unencrypted)" = "10 tcp"
stop_client

for setting in "default-level = encrypted-preferred" "policy all { level = encrypted-only
remote = $SERVICE_NET }"; do
	CLIENT_CONF=("$setting")
	start_client
	strict
	run stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --count 2 --linger 3000 --until-echoed 2 >/dev/null
	must 10 encrypted_up
	echoes stranger "${setting%% *}: encrypted by default"
	stop_client
done

# Bound by name, without a firewall: the return route is the encrypted device only if the mark is part of the look-up.
in_phone nft delete table inet reverse
CLIENT_CONF=()
start_client
is "bound to the encrypted device, encrypted-only" "$(bound tscf1 6003 encrypted-only)" = "10 tcp"
# In IPv6 no rule applies to such a socket.
[ "$TSCF_INNER" = 6 ] || is "bound to the encrypted device, no level" "$(bound tscf1 6004 stranger)" = "10 tcp"

# The server checks this itself.  It sets a changed setting of its device back, and reports what a firewall does
# wrong, and when that is over.
reverse() { server_status ".reverse_path.ipv$TSCF_INNER"; }
program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
must 10 '[ "$(reverse)" = passes ]'
[ "$TSCF_INNER" = 6 ] || {
	in_server sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.tscf1.rp_filter=1
	server reload >/dev/null
	must 10 '[ "$(in_server sysctl -n net.ipv4.conf.tscf1.rp_filter)" = 2 ]' "rp_filter is set back"
	pass "rp_filter is set back"
	grows only .echoed 50
}
in_server nft -f - <<-END
	table inet reverse { chain pre { type filter hook prerouting priority mangle + 10; iifname { tscf0, tscf1 } fib saddr . mark . iif oif missing drop; }; }
END
server reload >/dev/null
must 10 '[ "$(reverse)" = dropped ]' "the server finds a firewall that drops"
check "the log says so" grep -q "drops what clients send encrypted (IPv$TSCF_INNER): a strict check of the reverse path" "$T/server.log"
check "so does status" grep -q "dropped by a strict check of the reverse path" <(server status)
in_server nft insert rule inet reverse pre iifname tscf1 accept
server reload >/dev/null
must 10 '[ "$(reverse)" = passes ]' "the exception is found"
grows only .echoed 50 "the flow goes on"
