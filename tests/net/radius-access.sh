#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# radius-access.sh - a RADIUS server, FreeRADIUS, decides which of the clients that have proved who they are get a tunnel,
# over every transport: with which address, how long, how fast, and of which class.  Who is refused is told why, and so is
# everybody while the RADIUS server does not answer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_link.sh"
. "$(dirname "$0")/lib_radius.sh"
TRANSPORT=auto

# as NAME [OPTION...]: start a client with that identity; it may be refused.
as() {
	grep "^$1:" "$T/keys" >"$T/$1.key"
	chmod 0600 "$T/$1.key"
	launch_client --psk-file "$T/$1.key" "${@:2}"
}
# refused_with COUNTER TEXT [SECONDS]: the client is refused; its status and --wait-up say so, and COUNTER grows.
refused_with() {
	must 20 "client status --json | jq -r .plain.reason | grep -q '$2'" "the client is told: $2"
	must 20 "! client status --wait-up ${3-30} 2>\"$T/error\" && grep -q '$2' \"$T/error\"" "--wait-up fails and says: $2"
	is "$2: $1" "$(server_counter "$1")" -gt 0
}
got_up() {
	must 15 plain_up "$1: the tunnel is up"
	is "$1: with the address that is granted" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = 10.8.0.77
}

topology
command -v nft >/dev/null || skip "needs nft"
echo_server
radius_files
cat >"$T/radius/users" <<-END
	alice Auth-Type := Accept
	    Framed-IP-Address = 10.8.0.77,
	    Class = "gold",
	    WISPr-Bandwidth-Max-Up = 80000,
	    Acct-Interim-Interval = 60

	bob Auth-Type := Reject
	    Reply-Message = "Your account is closed."

	carol Auth-Type := Accept
	    Session-Timeout = 3,
	    Framed-IP-Address = 255.255.255.254

	dave Auth-Type := Accept
	    Framed-IP-Address = 10.99.0.1
END
for name in alice bob carol dave erin; do printf '%s:00112233445566778899aabbccddeeff\n' $name; done >"$T/keys"
chmod 0600 "$T/keys"
start_radius

# --- a dictionary by which a limit would be ignored ---
printf '$INCLUDE /etc/radcli/dictionary\nVENDOR WISPr 14122\nATTRIBUTE WISPr-Bandwidth-Max-Up 7 string WISPr\n' >"$T/wrong.dictionary"
sed "s|^dictionary .*|dictionary $T/wrong.dictionary|" "$T/radius/radiusclient.conf" >"$T/wrong.conf"
in_server "$TSCF_SBINDIR/tscf-server" --check-config --config <(printf 'radius-access = "%s"\n' "$T/wrong.conf") \
	--pool "$PLAIN_POOL" --psk-file "$T/keys" >/dev/null 2>"$T/error"
is "a dictionary with a wrong type: exit status" $? -eq 1
check "it is said: the file, the attribute, what is expected" grep -q \
	"$T/wrong.dictionary: attribute 7 .*WISPr-Bandwidth-Max-Up, has the type string: expected integer" "$T/error"

SERVER_CONF=("radius-access = \"$T/radius/radiusclient.conf\"" "radius-accounting = \"$T/radius/radiusclient.conf\"" "radius-timeout = 2" "workers = 2")
start_server --psk-file "$T/keys"

# --- granted, over every transport ---
for way in udp tcp dtls tls; do
	filter $way
	as alice
	got_up "$way"
	stop_client
done
must 10 'is_accounted "Acct-Status-Type = Start" "Class = 0x676f6c64"' "records bear the class"
filter udp tcp dtls tls
as alice
got_up "all transports"
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to $HOST:7000 --rate 50 --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]'
pass "an encrypted tunnel comes with it"
must 10 'is_accounted "Connect-Info = \"encrypted" "Class = 0x676f6c64"' "its records bear the class, too"
is "her packets are within her rate" "$(server_counter over_rate)" = 0
program flood unencrypted "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 300 --size 1000 --report 50
must 20 '[ "$(server_counter over_rate)" -ge 20 ]' "packets over the rate that is granted are dropped"
check "the log says so" grep -q "psk alice: packets from it are dropped: its limit of bytes-per-second" "$T/server.log"
# What was granted goes on.
stop_radius
stop_server
start_server --psk-file "$T/keys"
must 10 'plain_up && encrypted_up' "a tunnel that is there survives a restart without the RADIUS server"
must 20 '[ "$(server_counter over_rate)" -ge 20 ]' "so does its rate"

# --- no answer ---
stop_client
as alice
refused_with refused_no_radius "the RADIUS server does not answer" 1
check "as that may change, it waits as long as it is told" grep -q "not up after 1 s" "$T/error"
check "the log says so" grep -q "radius-access: .*clients get no tunnel without an answer" "$T/server.log"
is "nobody has an address" "$(server_status '.interfaces[0].plain.tunnels')" = 0
start_radius
must 60 plain_up "the client gets in when the RADIUS server is back"
stop_client

# --- refused ---
as bob
refused_with refused_radius "the RADIUS server refuses access: Your account is closed."
check "the server's log" grep -q "refused: plain tunnel of .*psk bob: the RADIUS server refuses access: Your account is closed" "$T/server.log"
is "without a character more: $(cat "$T/error")" "$(grep -c "closed\\..$" "$T/error")" = 0
kill_client
as erin
refused_with refused_radius "the RADIUS server refuses access"
kill_client
as dave
refused_with refused_address "the address from the RADIUS server is not free here"
kill_client

# --- for some time ---
filter udp tcp dtls tls
start=$(now)
as carol
must 10 'plain_up && encrypted_up' "carol is in"
must 15 'grep -q "lost: the time that the RADIUS server allows is over" "$T/client.log"' "her time is over, and she is told"
is "not before" "$(elapsed "$start")" -ge 3000
must 10 'is_accounted "User-Name = \"carol\"" "Connect-Info = \"plain" "Acct-Terminate-Cause = Session-Timeout"' "the record says so"
must 10 'is_accounted "User-Name = \"carol\"" "Connect-Info = \"encrypted" "Acct-Terminate-Cause = Session-Timeout"' "that of the encrypted tunnel, too"
kill_client
check "the server ends as it should" stop_server
