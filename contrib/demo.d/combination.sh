#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# combination.sh - one line of contrib/demo --all, with TSCF_TEST_TRANSPORT, TSCF_INNER and TSCF_OUTER: a flow of packets both ways is moved
# into the encrypted tunnel and back, without loss and without a byte in clear in between; an encrypted-only one is refused while the
# server is dead, is never in clear, and goes on when the server is back.  The line "# figures" holds the numbers for the table.
. "$TSCF_SRC/tests/net/lib.sh"

[ "$TRANSPORT" = tcp ] && twin=tls || twin=dtls

topology
start_capture
udp_echo $HOST 7000
CLIENT_CONF=("hold-time = 1000" "keepalive = 2")
start_server
start_client
is "the plain tunnel's transport" "$(client_status .plain.transport)" = "$TRANSPORT"

program call unencrypted "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 200 --marker "TALK-IN-CLEAR " --report 50
call=$LAST_PID
grows call .echoed 100
asked=$(now)
level encrypted-only --proto udp --port 5004 >/dev/null || fail "level encrypted-only"
must 10 '[ "$(tunnel_of udp 5004)" = encrypted ]' "the flow is in the encrypted tunnel"
moved=$(now)
is "the encrypted tunnel's transport" "$(client_status .encrypted.transport)" = "$twin"
grows call .echoed 300
back=$(now)
level unencrypted --proto udp --port 5004 >/dev/null || fail "level unencrypted"
grows call .echoed 100
kill -TERM "$call"
finish "$call" || fail "the flow ends well"
fence
ended=$(now)
clear_before=$(in_clear TALK-IN-CLEAR 0 "$asked") clear_moved=$(in_clear TALK-IN-CLEAR "$moved" "$back")
clear_after=$(in_clear TALK-IN-CLEAR "$back" "$ended") encrypted=$(wire carried --from "$moved" --to "$back" | jq ".$twin | [.up, .down] | min")
is "in clear before" "$clear_before" -gt 0
is "not in clear while encrypted-only" "$clear_moved" -eq 0
is "in clear after" "$clear_after" -gt 0
is "encrypted packets, of the direction with fewer" "$encrypted" -gt 200
is "lost" "$(last call .lost)" -eq 0

program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5006 --to $HOST:7000 --rate 100 --marker "TOP-SECRET " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 50 ]' "the encrypted-only program talks"
kill_server
killed=$(now)
must 20 '[ "$(last secret ".send_errors.EACCES // 0")" -gt 50 ]' "the program sees an error while the server is dead"
refused=$(last secret .first_error)
started=$(now)
start_server
echoed=$(last secret .echoed)
must 30 "encrypted_up && [ \"\$(last secret .echoed)\" -gt $((echoed + 50)) ]" "the same socket talks again"
returned=$(now)
stop_capture
is "the encrypted-only program was never in clear" "$(in_clear TOP-SECRET)" -eq 0

note "figures" "$(elapsed "$asked" "$moved")" "$(last call .sent)" "$(last call .lost)" "$clear_before" "$clear_moved" "$clear_after" \
	"$encrypted" "$(elapsed "$killed" "$refused")" "$(elapsed "$started" "$returned")"
