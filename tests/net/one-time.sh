#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# one-time.sh - the first client that uses a one-time invitation gets a key of its own and a tunnel, and goes on after
# both ends were killed and restarted.  A stolen invitation gets nothing, and both ends say so.  remove-client and a new
# invitation work as with lasting keys.  Without its record of used invitations the server lets none of these clients in.
. "$(dirname "$0")/lib.sh"

of_clients() { server "$@" --psk-file "$T/keys" --state-dir "$T/state"; }
add() { of_clients add-client "$@" --config "$T/server.conf" --listen $SERVER_OUTER:$PORT 2>>"$T/add.log"; }
# join_as NAME: write the files of a client by the last invitation, as its user would.
join_as() { in_phone "$TSCF_SBINDIR/tscf-client" join --no-start --force --config "$T/$1.conf" "$(tail -n 1 "$T/invitations")" >>"$T/join.log" 2>&1 || fail "join $1: $(cat "$T/join.log")"; }
state_of() { of_clients list-clients --long | sed -n "s/^$1	//p"; }
key_line() { cut -d: -f3 "$T/$1.psk"; }
restart_server() {
	"$1"
	start_server --psk-file "$T/keys"
}

topology
topology_phone2
echo_server
(umask 077 && : >"$T/keys")
start_server --psk-file "$T/keys"
before=$SERVER_PID
add --one-time alice >"$T/invitations" || fail "add-client --one-time: $(cat "$T/add.log")"
is "invitations" "$(grep -c '^tscf://.*&use=once$' "$T/invitations")" -eq 1
is "the server that runs" "$SERVER_PID" = "$before"
check "it says until when" grep -q '^invited until 20' <(state_of alice)
join_as alice
join_as thief
is "the key is marked as one to be used once" "$(key_line alice)" != ""

# --- the first use ---
start_client --psk-file "$T/alice.psk"
pass "the client gets its tunnel"
is "the one-time key is no longer in the file" "$(key_line alice)" = ""
is "mode" "$(stat -c %a "$T/alice.psk")" = 600
is "mode of the record" "$(stat -c %a "$T/state/enrolled-clients")" = 600
check "the client says so" grep -q 'the invitation is used: this client has a key of its own' "$T/client.log"
check "the server says so" grep -q 'psk alice uses its one-time invitation' "$T/server.log"
is "state" "$(state_of alice)" = "has used its invitation"
program call encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last call .echoed)" -gt 20 ]' "the encrypted tunnel is had by the lasting key"
pass "an encrypted tunnel"

# --- a stolen invitation ---
refused=$(server_counter refused_invitation)
ip netns exec "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --control "$T/thief.sock" \
	--state-dir "$T/thief" --plain-dev tscf0 --psk-file "$T/thief.psk" >"$T/thief.log" 2>&1 &
thief=$!
PIDS+=("$thief")
must 10 'grep -q "this invitation has been used" "$T/thief.log"' "the thief is told"
check "the server names it" grep -q "psk alice.*this invitation has been used" "$T/server.log"
check "it is counted" [ "$(server_counter refused_invitation)" -gt "$refused" ]
is "sessions" "$(server_status '.interfaces[0].plain.tunnels')" -eq 1
is "the stolen key is not replaced" "$(key_line thief)" != ""
grows call .echoed 20 "the call goes on"

# --- both ends are killed, and each is restarted ---
restart_server kill_server
must 20 'plain_up && encrypted_up' "the client comes back to a server that was killed"
grows call .echoed 20 "the call goes on"
kill_client
start_client --psk-file "$T/alice.psk"
pass "a client that was killed comes back"
restart_server stop_server
must 20 'plain_up' "the client comes back to a server that was stopped"
pass "and after each restart"

# A client that lost power before its key was written has only the invitation, and gets the same key again.
stop_client
cp "$T/alice.psk" "$T/lasting.psk"
add --one-time bob >"$T/invitations" || fail "add-client"
join_as bob
cp "$T/bob.psk" "$T/bob.before"
start_client --psk-file "$T/bob.psk"
kill_client
cp "$T/bob.psk" "$T/bob.lasting"
cat "$T/bob.before" >"$T/bob.psk"
start_client --psk-file "$T/bob.psk"
check "it gets the same key again" cmp -s "$T/bob.psk" "$T/bob.lasting"
stop_client

# --- taken back, and invited again ---
start_client --psk-file "$T/alice.psk"
of_clients remove-client alice || fail "remove-client alice"
must 5 '! plain_up' "alice is put out"
pass "alice is put out"
stop_client
add --one-time --valid-for 1 alice >"$T/invitations" || fail "add-client again"
join_as alice
start_client --psk-file "$T/alice.psk"
pass "alice is invited again"
check "by another key" sh -c "! cmp -s '$T/alice.psk' '$T/lasting.psk'"
stop_client
kill "$thief"

# --- the record is lost: nobody gets in by what may have been used ---
stop_server
rm "$T/state/enrolled-clients"
start_server --psk-file "$T/keys"
is "state" "$(state_of alice)" = "the record of used invitations is lost"
launch_client --psk-file "$T/alice.psk"
must 10 'client status --json | jq -r .plain.reason | grep -q "has lost its record of used invitations: this client needs a new invitation"' "the client is told"
pass "without its record the server refuses, and says what to do"
is "sessions" "$(server_status '.interfaces[0].plain.tunnels')" -eq 0
