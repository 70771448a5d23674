#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# port-again.sh - a new socket gets the port of a closed one.  After an encrypted-preferred one it is served as if that
# one had never existed.  After an encrypted-only one it is served by the encrypted tunnel, or its program gets an error
# at once, and nothing for the old socket is in clear.
. "$(dirname "$0")/lib.sh"

# served NAME MILLISECONDS: its first answers come within that time.
served() {
	must 10 "[ \"\$(last $1 '.echoed // 0')\" -gt 5 ]" "$1: answers come"
	is "$1: packets before the first answers" "$(last "$1" '.sent - .echoed')" -le "$2"
}
flow() {
	program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$ANY:$3" --to $HOST:7000 --rate 50 --marker "M-$1 " --report 50
	flow=$LAST_PID
}
close_flow() {
	kill "$flow"
	finish "$flow" 5
}

CLIENT_CONF=("persistence = 0" "hold-time = 500")
topology
start_capture
echo_server
start_server
start_client

# --- after an encrypted-preferred socket ---
flow first encrypted-preferred 5004
must 10 '[ "$(tunnel_of udp 5004)" = encrypted ] && [ "$(last first .echoed)" -gt 10 ]' "first: is encrypted"
close_flow
printf '%s\n' "persistence = 0" "hold-time = 500" "trusted-interface = access" >"$T/client.conf"
check "reload" client reload
flow second encrypted-preferred 5004
served second 5
is "second: is plain" "$(tunnel_of udp 5004)" = plain
close_flow
printf '%s\n' "persistence = 0" "hold-time = 500" >"$T/client.conf"
check "reload" client reload

# --- after an encrypted-only socket, by a program without a level ---
flow third encrypted-only 5010
grows third .echoed 10
background late "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5010" --rate 100 --marker "M-late " --report 50
must 5 '[ "$(last third .foreign)" -gt 10 ]' "the far end sends"
close_flow
must 5 '[ "$(encrypted_state)" = idle ]' "nobody needs the encrypted tunnel"
grows late .sent 50
flow fourth stranger 5010
served fourth 50
is "fourth: nothing in clear" "$(in_clear M-fourth)" -eq 0
check "fourth: by the encrypted tunnel, which is there for it" encrypted_up
grows fourth .echoed 100
is "fourth: nothing is lost" "$(last fourth .lost)" -le 50
close_flow

# --- the same without an encrypted tunnel ---
must 20 '[ "$(encrypted_state)" = idle ]' "nobody needs the encrypted tunnel any more"
in_phone nft -f - <<-END
	table inet block {
		chain out { type filter hook output priority 0; meta l4proto { udp, tcp } th dport $((PORT + 1)) drop; }
	}
END
cat >"$T/connected.py" <<-'END'
	import socket, sys, time
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((sys.argv[2], 5010))
	s.connect((sys.argv[1], 7000))
	for _ in range(200):
	    try:
	        s.send(b"M-fifth ")
	    except OSError as error:
	        sys.exit("refused: %s" % error)
	    time.sleep(0.05)
END
in_phone python3 "$T/connected.py" $HOST "$ANY" 2>"$T/connected.err"
check "fifth: its program gets an error" grep -q "^refused" "$T/connected.err"
in_phone nft delete table inet block
stop_capture
is "nothing for the closed socket in clear" "$(in_clear M-late)" -eq 0
is "nor of the new one" "$(in_clear M-fifth)" -eq 0
