#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# orphan.sh - what the kernel sends for an encrypted-only socket that no program has any more goes encrypted or not at
# all: data of a program that was killed before the far end had confirmed it, and answers of a connection in TIME_WAIT.
# Nothing comes down in clear for it either.  What a program sends to a destination outside the tunnels is refused.
. "$(dirname "$0")/lib.sh"

# The far end: accepts one connection at each port and reads what comes.  When a file is there it talks on 7001, and closes 7002.
cat >"$T/far.py" <<'END'
import os, socket, sys, threading, time
def serve(s, at_last):
    c, _ = s.accept()
    s.close()
    threading.Thread(target=at_last, args=(c,)).start()
    while c.recv(65536):
        pass
def talk(c):
    wait_for(sys.argv[2])
    while True:
        c.sendall(b"M-orphan-down")
        time.sleep(0.2)
def close(c):
    wait_for(sys.argv[3])
    c.close()
def wait_for(file):
    while not os.path.exists(file):
        time.sleep(0.02)
for port, at_last in (7001, talk), (7002, close):
    s = socket.create_server((sys.argv[1], port), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    threading.Thread(target=serve, args=(s, at_last)).start()
print("listens", flush=True)
END
# A program that connects from a port, and sends a line for each line that it reads.
cat >"$T/near.py" <<'END'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), source_address=(sys.argv[3], int(sys.argv[4])))
print("connected", flush=True)
for line in sys.stdin:
    s.sendall(line.encode() * 100)
    print("sent", flush=True)
s.close()
END

# near NAME PORT LOCAL-PORT: start it; what goes to descriptor 9 is what it reads.
near() {
	mkfifo "$T/$1.in"
	at encrypted-only
	ip netns exec "$PHONE" "${AT[@]}" python3 "$T/near.py" $HOST "$2" $ANY "$3" <"$T/$1.in" >"$T/$1.out" 2>"$T/$1.log" &
	near=$!
	PIDS+=("$near")
	exec 9>"$T/$1.in"
	must 10 "grep -q connected '$T/$1.out'" "$1: the program is connected"
}
# far_end RULE...: nft rules that count the packets at the far end.
far_end() { in_service nft "flush chain inet far in; $(printf 'add rule inet far in %s; ' "$@")"; }
come() { in_service nft -j list counter inet far "$1" | jq '.nftables[] | select(.counter) | .counter.packets'; }
# more COUNTER N WHAT: wait for that many more packets.
more() {
	local from
	from=$(come "$1")
	# The kernel waits longer each time, beginning with a round trip, which is long on a busy machine.
	must 40 "[ \"\$(come $1)\" -ge $((from + $2)) ]" "$3"
	pass "$3"
}

topology
command -v nft >/dev/null || skip "needs nft"
start_capture
CLIENT_CONF=("persistence = 1" "keepalive = 1")
start_server
start_client
in_service nft 'table inet far { counter data {}; counter last {}; chain in { type filter hook input priority 0; }; }'
background far "$SERVICE" python3 "$T/far.py" $HOST "$T/talk" "$T/close"
must 5 'grep -q listens "$T/far.out"'

# --- a destination outside the tunnels ---
run encrypted-only "$TSCF_TOOLS/flow" --to 203.0.113.1:7000 --count 20 --linger 0 --marker "M-nowhere " >"$T/nowhere.out"
is "outside the service routes: refused packets" "$(last nowhere '.send_errors.EACCES')" -eq 20

# --- TIME_WAIT: its last ACK is lost, so the far end repeats its FIN ---
near waits 7002 5002
echo "M-waits" >&9
must 5 'grep -q sent "$T/waits.out"'
exec 9>&-
finish "$near" 5
far_end "tcp dport 7002 counter name last drop"
: >"$T/close"
more last 2 "a connection in TIME_WAIT answers, and not in clear"
is "the kernel keeps it" "$(in_phone ss -Htn state time-wait "sport = 5002" | wc -l)" -eq 1

# --- killed with data that is not confirmed ---
near orphan 7001 5001
echo "M-orphan-first" >&9
must 5 'grep -q sent "$T/orphan.out"'
far_end "tcp dport 7001 counter name data drop"
echo "M-orphan-last" >&9
must 5 '[ "$(grep -c sent "$T/orphan.out")" -eq 2 ]'
kill -KILL "$near"
exec 9>&-
wait "$near" 2>/dev/null
is "the socket has no program any more" "$(in_phone ss -Htnp state fin-wait-1 "sport = 5001" | grep -vc users)" -eq 1
more data 3 "the kernel sends its data again, and not in clear"

# --- there is no encrypted tunnel any more: both ends go on trying ---
kill_server
last=$(come last) data=$(come data)
# This server has no memory of the former one.
rm -f "$T"/state/server.db*
SERVICES=SIP
start_server
must 20 '[ "$(encrypted_state)" = failed ]' "the plain tunnel is back, and no encrypted one"
tries() { in_phone ss -Htnoi "sport = 5001" | grep -o 'backoff:[0-9]*' | cut -d: -f2; }
before=$(tries)
must 15 '[ "$(tries)" -gt "$before" ]' "the orphan is sent again"
shielded=$(server_counter shielded)
: >"$T/talk"
must 10 '[ "$(server_counter shielded)" -gt "$shielded" ]' "what the far end says is dropped at the server"
is "nothing of the two gets there" "$(($(come last) - last + $(come data) - data))" -eq 0
stop_capture
is "nowhere: not in clear" "$(in_clear M-nowhere)" -eq 0
is "waits: not in clear" "$(in_clear M-waits)" -eq 0
is "waits: no packet of it, either way" "$(socket_in_clear tcp 5002)" -eq 0
is "orphan: not in clear" "$(in_clear M-orphan)" -eq 0
is "orphan: no packet of it, either way" "$(socket_in_clear tcp 5001)" -eq 0
is "nothing of them outside the tunnels" "$(wire outside | grep -c -e ":500[12]" -e "203\.0\.113")" -eq 0
