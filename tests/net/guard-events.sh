#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-events.sh - with the guard, the client knows of each socket when it is born and when it ends, in whatever way it
# gets its port, and lists the sockets only where an event cannot say all.
. "$(dirname "$0")/lib.sh"

topology
tcp_echo $HOST 7000
start_server
CLIENT_CONF=("policy user { uid = 4242 level = encrypted-only }")
start_guarded_client
in_phone python3 -B "$(dirname "$0")/guard/births.py" $HOST "$TSCF_SBINDIR/tscf-client" status --json \
	--control "$CLIENT_CONTROL" >"$T/births.out" || fail "the sockets are not counted"
while read -r way born gone listings; do
	is "$way: ms until it is known" "$born" -le 50
	is "$way: ms until its end is known" "$gone" -le 50
	# Five sockets each.  After connect(2) of a datagram socket, and at the end of a listening one, a listing follows.
	# Beside that there is perhaps the one that compares, and if that meets a socket which the server has not
	# confirmed yet, the one after it.
	case $way in
		connected | listening* | accepted | multipath) is "$way: listings" "$listings" -le 12 ;;
		*) is "$way: listings" "$listings" -le 2 ;;
	esac
done <"$T/births.out"
is "ways" "$(wc -l <"$T/births.out")" -ge 10
is "missed, stale, lost" "$(client_status '.counters | "\(.sockets_missed) \(.sockets_stale) \(.guard_events_lost)"')" = "0 0 0"
stop_client
