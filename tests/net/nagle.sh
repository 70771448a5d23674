#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# nagle.sh - with the service nagle, small packets of one tunnel over TCP or TLS go together, in both directions: the link carries far fewer
# packets.  Voice does not wait, by its DSCP or since its socket asks for a service.
. "$(dirname "$0")/lib.sh"

TRANSPORT=tcp EF=184
topology
echo_server

# carried LEVEL PORT: how many packets the access link carries to the server and back for each hundred small ones of a flow.
carried() {
	in_phone bash -c "cat /sys/class/net/access/statistics/tx_packets /sys/class/net/access/statistics/rx_packets" >"$T/before"
	run "$1" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$2" --to $HOST:7000 --rate 2000 --size 60 --count 2000 --until-echoed 1990 >"$T/flow.out" ||
		fail "the flow of $1 has not come back"
	in_phone bash -c "cat /sys/class/net/access/statistics/tx_packets /sys/class/net/access/statistics/rx_packets" >"$T/after"
	paste "$T/before" "$T/after" | awk '{ printf "%d ", ($2 - $1) / 20 }'
}
# median LEVEL PORT TOS: milliseconds of the median round trip of single packets, 20 ms apart.
cat >"$T/median.py" <<-'END'
	import socket, sys, time
	local, port, host, tos = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
	v6 = ":" in local
	s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(5)
	s.bind((local, port))
	s.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if v6 else (socket.IPPROTO_IP, socket.IP_TOS)), tos)
	times = []
	for i in range(60):
	    begun = time.monotonic()
	    s.sendto(b"voice", (host, 7000))
	    s.recv(100)
	    times.append(1000 * (time.monotonic() - begun))
	    time.sleep(0.02)
	print("%d" % sorted(times)[len(times) // 2])
END
median() { run "$1" python3 "$T/median.py" "$PHONE_INNER" "$2" $HOST "$3"; }

# both SERVICES: start server and client, and measure.
both() {
	SERVICES=$1
	start_server
	start_client
	read -r up_plain down_plain < <(carried stranger 5004)
	read -r up_encrypted down_encrypted < <(carried encrypted-only 5006)
	note "$1: for a hundred packets, plain $up_plain up, $down_plain down, encrypted $up_encrypted up, $down_encrypted down"
}
SERVER_CONF+=("tscf-interface default { nagle-time = 20 }")
both DTTE
before=("$up_plain" "$down_plain" "$up_encrypted" "$down_encrypted")
stop_client
stop_server

both DTTE,nagle,redundancy
is "with it they go together" "$up_plain" -le $((before[0] / 2))
is "down, too" "$down_plain" -le $((before[1] / 2))
is "and encrypted" "$up_encrypted" -le $((before[2] / 2))
is "encrypted down" "$down_encrypted" -le $((before[3] / 2))
is "what may wait waits at both ends, in ms" "$(median stranger 5010 0)" -ge 38
# What comes back has no DSCP, so it waits on its way down.
is "voice does not wait on its way up, in ms" "$(median stranger 5012 $EF)" -lt 35
is "nor encrypted voice" "$(median encrypted-only 5014 $EF)" -lt 35
is "a socket that asks for redundancy waits in neither direction" "$(in_phone "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --redundancy=auto -- \
	python3 "$T/median.py" "$PHONE_INNER" 5016 $HOST 0)" -lt 20
