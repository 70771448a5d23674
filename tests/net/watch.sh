#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The live tables of sockets and sessions show what there is and what it carries, fit the screen, follow the keys, and
# leave the terminal as it was, however they end.  A level change is a line in the log.
. "$(dirname "$0")/lib.sh"

# sits NAME SIZE COMMAND...: at a terminal, with the steps on standard input.
sits() {
	local name=$1
	shift
	python3 "$TSCF_SRC/tests/net/terminal.py" "$@" >"$T/$name.left" 2>"$T/$name.err" || {
		sed 's/^/# /' "$T/$name.err"
		fail "$name"
	}
}
# column FILE NAME HEAD: the value of a row, by the words of its line.
column() {
	awk -v name="$2" -v head="$3" '$1 == "PID" || $1 == "IDENTITY" { for (i = 1; i <= NF; i++) { h = $i; sub(/[*^]$/, "", h); at[h] = i } }
		index($0, name) && at[head] { print $at[head]; exit }' "$1"
}
fits() { awk -v most="$2" 'length($0) > most { bad = 1 } END { exit bad }' "$1"; }

topology
echo_server
start_server
start_client
program voice encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 50 --report 50
program idle unencrypted "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 1 --report 50
grows voice .echoed 10
watch_client=("$TSCF_SBINDIR/tscf-client" sockets --watch --control "$CLIENT_CONTROL")
watch_server=("$TSCF_SBINDIR/tscf-server" sessions --watch --control "$SERVER_CONTROL")

"${watch_client[@]}" >"$T/piped" 2>"$T/piped.err" </dev/null
is "over a pipe it is a usage error" $? = 2
check "that says so" grep -q "must be a terminal" "$T/piped.err"
is "and nothing is written" "$(wc -c <"$T/piped")" = 0

sits sockets 80x24 "${watch_client[@]}" <<STEPS
wait 20 $PHONE_INNER:5004
wait 20 10
screen $T/first
wait 20 kB
screen $T/sockets
size 60x12
wait 10 $PHONE_INNER:5006
screen $T/narrow
size 80x24
type /5006\n
gone 10 :5004
wait 10 filter: 5006
screen $T/filtered
type \e
wait 10 :5004
type i
wait 10 PID*
type i
wait 10 PID^
type q
end 10
STEPS
is "q leaves, and the terminal is as before" "$(cat "$T/sockets.left")" = "status 0 restored"
check "a screen of 80 columns" fits "$T/sockets" 80
check "with room for the last move" grep -q "SINCE MOVED" "$T/sockets"
check "a narrow screen" fits "$T/narrow" 60
rate=$(column "$T/sockets" ":5004" PKT/S)
is "packets a second, both ways" "$(awk -v r="$rate" 'BEGIN { print (r > 60 && r < 140) }')" = 1
is "its tunnel" "$(column "$T/sockets" ":5004" TUNNEL)" = encrypted
is "its level" "$(column "$T/sockets" ":5004" LEVEL)" = only
is "the other's tunnel" "$(column "$T/sockets" ":5006" TUNNEL)" = plain
is "since when is known" "$(client sockets --json | jq '[.[] | select(.since > now - 100 and .since <= now + 1)] | length')" = 2

for signal in TERM INT HUP QUIT; do
	sits "$signal" 80x24 "${watch_client[@]}" <<-STEPS
		wait 20 $PHONE_INNER:5004
		signal $signal
		end 10
	STEPS
	is "SIG$signal ends it, and the terminal is as before" "$(cat "$T/$signal.left")" = "SIG$signal restored"
done

sits sessions 80x24 "${watch_server[@]}" <<STEPS
wait 20 1 plain, 1 encrypted
wait 20 kB
screen $T/sessions
signal TSTP
stopped 10
signal CONT
taken 10
type /dtls\n
wait 10 1 shown
screen $T/dtls
type q
end 10
STEPS
is "the server's: the terminal is as before" "$(cat "$T/sessions.left")" = "status 0 restored"
check "the server's: a screen of 80 columns" fits "$T/sessions" 80
is "the server's: the voice is encrypted" "$(column "$T/sessions" dtls TUNNEL)" = encrypted

# The status for eyes: every line fits, and it has what an operator asks for.
printf 'nonsense\n' >"$T/client.conf"
client reload 2>/dev/null
sits status 80x40 "$TSCF_SBINDIR/tscf-client" status --control "$CLIENT_CONTROL" <<STEPS
end 10
screen $T/status
STEPS
check "the status fits 80 columns" fits "$T/status" 80
for what in "^plain  *up .* ms  *[0-9.]* k\?B " "^encrypted  *up " "^plain tunnel: udp to $SERVER_OUTER:$PORT, internal address $PHONE_INNER" \
	"^routes: $SERVICE_NET" "^MTU: [0-9]" "^server: $SERVER_OUTER, verified by pin, since" "^its key: sha256:" \
	"^error at [-0-9]* [0-9:]* (.* s): reload: nothing was changed"; do
	check "the status has $what" grep -q "$what" "$T/status"
done
is "messages are counted" "$(client_status '.plain.messages.sent > 0 and .plain.messages.repeated < .plain.messages.sent')" = true

client level encrypted-only --proto udp --port 5006 >/dev/null
must 10 'grep -q "flow (process [0-9]*), udp $PHONE_INNER:5006: encrypted-only, was unencrypted; by tscf-client level" "$T/client.log"' "a level change is logged"
pass "a level change is logged, with its program and its cause"
is "the time of the move is known" "$(client sockets --json | jq '[.[] | select(.moved != null and .moved > now - 100)] | length')" -ge 1
