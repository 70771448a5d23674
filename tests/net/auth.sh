#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# auth.sh - a server that demands authentication admits only clients that prove their identity on both tunnels, by a
# pre-shared key or a certificate.  Other clients get no address and are told why.  A connected client may lose its
# right by name, with its CA, or because no proof was required before: then the reload ends its tunnels, and its
# encrypted-only socket sends nothing in clear.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

key() { printf '%s:%s\n' "$1" "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
private() { (umask 077 && cat >"$1"); }

# refused COUNTER WHO WHY OPTION...: a client with these options gets no tunnel; its status and --wait-up say why, the server's log says
# who and why, and COUNTER grows.
refused() {
	local counter=$1 who=$2 why=$3 before from
	shift 3
	before=$(server_counter "$counter")
	launch_client "$@"
	wait_until 10 "client status --json | jq -r .plain.reason | grep -q '$why'" || fail "the reason is '$(client_status .plain.reason)', not '$why'"
	from=$(now)
	client status --wait-up 30 >/dev/null 2>"$T/error"
	is "refused, $why: --wait-up" $? -eq 1
	is "refused, $why: at once, in milliseconds" "$(elapsed "$from")" -lt 10000
	check "refused, $why: --wait-up says it" grep -q "not up: refused by the server: .*$why" "$T/error"
	is "refused, $why: state" "$(client_status .plain.state)" = connecting
	is "refused, $why: no address is given" "$(server_status '[.. | .used? // empty] | add // 0')" -eq 0
	is "refused, $why: $counter" "$(server_counter "$counter")" -gt "$before"
	check "refused, $why: the status says it till it is gone" grep -q "$why" <<<"$(client_status .plain.refused)"
	check "refused, $why: the server's log" grep -q "warning: refused: plain tunnel of $PHONE_OUTER:[0-9]*, $who: .*$why" "$T/server.log"
	kill_client
	client flush >/dev/null 2>&1
}

command -v nft >/dev/null || skip "needs nft"
topology
start_capture
echo_server
authority ca
authority other
certificate phone ca
certificate stranger other
# 64 characters, the most that a common name may have (RFC 5280, A.1), and 127 bytes.
LONG=x$(printf 'ü%.0s' {1..63})
certificate "$LONG" ca
DAYS=-1 certificate late ca
certificate server-only ca extendedKeyUsage=serverAuth
alice=$(key alice)
bob=$(key bob)
printf '%s\n%s\n' "$alice" "$bob" | private "$T/keys"
printf '%s\n' "$alice" | private "$T/alice"
printf '%s\n' "$bob" | private "$T/bob"
key alice | private "$T/mallory"
key carol | private "$T/carol"
: >"$T/denied"
start_server --psk-file "$T/keys" --client-ca "$T/ca.crt" --denied-clients "$T/denied"

refused refused_no_proof "identity not known" "demands a client certificate or a pre-shared key"
refused refused_key "psk alice" "wrong key" --psk-file "$T/mallory"
refused refused_unknown "psk carol" "unknown identity" --psk-file "$T/carol"
refused refused_unknown "certificate stranger" "not signed by a CA" --cert "$T/stranger.crt" --key "$T/stranger.key"
refused refused_certificate "certificate late" "the certificate has expired" --cert "$T/late.crt" --key "$T/late.key"
# More than any server takes: the client does not start.
cat "$T/phone.crt" "$T/ca.crt" "$T/ca.crt" "$T/ca.crt" "$T/ca.crt" >"$T/many.crt"
launch_client --cert "$T/many.crt" --key "$T/phone.key"
finish "$CLIENT_PID"
is "too many certificates: the client ends" $? -ne 0
check "too many certificates: and says how many" grep -q "many.crt: holds more certificates than servers take: 4" "$T/client.log"
refused refused_certificate "certificate server-only" "is not for clients" --cert "$T/server-only.crt" --key "$T/server-only.key"
echo bob >"$T/denied"
server reload >/dev/null || fail "reload"
refused refused_denied "psk bob" "access has been withdrawn" --psk-file "$T/bob"
echo "$LONG" >"$T/denied"
server reload >/dev/null || fail "reload"
launch_client --cert "$T/$LONG.crt" --key "$T/$LONG.key"
must 10 'client status --json | jq -r .plain.reason | grep -q "access has been withdrawn"' "a client with a long name is denied"
kill_client
client flush >/dev/null 2>&1
: >"$T/denied"
server reload >/dev/null || fail "reload"
is "refused requests are counted" "$(server_counter refused_client)" -ge 6

for way in "--psk-file $T/alice" "--cert $T/phone.crt --key $T/phone.key"; do
	# shellcheck disable=SC2086
	start_client $way
	pass "let in: ${way%% *}"
	identity=$([ "${way%% *}" = --cert ] && echo "certificate phone" || echo "psk alice")
	is "${way%% *}: the server lists who it is" "$(server sessions --json --identity "${identity#* }" | jq -r '[.[].identity] | unique | join(" ")')" = "$identity"
	is "${way%% *}: also for a person" "$(server sessions --identity "$identity" | grep -c "^$identity ")" -ge 1
	is "${way%% *}: nobody else is listed" "$(server sessions --json --identity bob)" = "[]"
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/flow.out"
	is "${way%% *}: packets of an encrypted-only socket that came back" "$(last flow .echoed)" -eq 5
	stop_client
done

# Certificates that do not fit a message: keys of any kind, two CAs between, over UDP, TCP, and inside DTLS.
for key in rsa p384; do
	NEW_KEY=(rsa:4096)
	[ $key = rsa ] || NEW_KEY=(ec -pkeyopt ec_paramgen_curve:secp384r1)
	company="/O=A company with a name/OU=Telephones"
	SUBJECT="$company/CN=$key-upper" middle $key-upper ca pathlen:1
	SUBJECT="$company/CN=$key-lower" middle $key-lower $key-upper pathlen:0
	SUBJECT="$company/CN=$key-phone" certificate $key-phone $key-lower "extendedKeyUsage = clientAuth" "subjectAltName = email:phone@example.org"
	cat "$T/$key-lower.crt" "$T/$key-upper.crt" >>"$T/$key-phone.crt"
	ways="udp tcp"
	[ $key = rsa ] || ways="udp dtls"
	for way in $ways; do
		[ $way != dtls ] || filter dtls
		start_client --cert "$T/$key-phone.crt" --key "$T/$key-phone.key" --transport "${way/dtls/auto}"
		is "$key, two CAs between: by" "$(client_status .plain.transport)" = $way
		pass "$key, two CAs between, $way: let in"
		run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/flow.out"
		is "$key, two CAs between, $way: packets of an encrypted-only socket that came back" "$(last flow .echoed)" -eq 5
		stop_client
	done
done
in_server nft delete table inet firewall

# The administrator ends the tunnels of a client, which is told, and sets them up again.
start_client --psk-file "$T/alice"
is "let in after all: no refusal is shown" "$(client_status .plain.refused)" = null
server disconnect nobody >/dev/null 2>"$T/error"
is "nobody to disconnect: exit status" $? -eq 1
check "nobody to disconnect: it is said" grep -q "no such client has a tunnel" "$T/error"
for way in '"alice"' '"psk alice"' .tsid '.outer | sub(":[0-9]+$"; "")' .outer '.internal[0]'; do
	before=$(server_counter plain_ended)
	who=$(server sessions --json | jq -r ".[0] | $way")
	is "disconnect $who" "$(server disconnect "$who")" = "tunnels ended: 1 plain, 0 encrypted"
	is "disconnect $who: counted" "$(server_counter plain_ended)" -eq $((before + 1))
	must 10 '[ "$(server sessions --json | jq -r ".[].state")" = up ]' "the client comes back after disconnect $who"
done
check "the client is told who did it" grep -q "disconnected by the administrator of the server" "$T/client.log"
stop_client

# One of two clients is denied, and allowed again: one command each.
start_client --psk-file "$T/alice"
check "deny" server deny alice --denied-clients "$T/denied"
must 10 'client status --json | jq -r .plain.reason | grep -q "access has been withdrawn"' "the denied client is told"
is "denied: it has no tunnel" "$(server sessions --json)" = "[]"
before=$(server_counter refused_client)
must 15 "[ \"\$(server_counter refused_client)\" -gt $before ]" "a new request is refused"
pass "denied: a new request is refused"
must 10 'client_status .plain.reason | grep -q "unauthorized: access has been withdrawn"' "its status says so"
pass "denied: the client's status says so"
check "allow" server allow alice --denied-clients "$T/denied"
must 20 'plain_up' "allowed, the client comes back"
pass "allowed: the client comes back"
server allow alice --denied-clients "$T/denied" 2>"$T/error"
is "allow of one that is not denied: exit status" $? -eq 1
stop_client

# The certificate is withdrawn while a call runs.
start_client --cert "$T/phone.crt" --key "$T/phone.key"
program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-withdrawn " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 20 ]'
echo phone >"$T/denied"
server reload >/dev/null || fail "reload"
must 10 'client status --json | jq -r .plain.reason | grep -q "access has been withdrawn"' "the client is told"
pass "withdrawn: the client's status says so"
must 10 '[ "$(last secret ".send_errors.EACCES // 0")" -gt 10 ]' "the program sees an error"
pass "withdrawn: the program sees an error"
: >"$T/denied"
server reload >/dev/null
must 20 'encrypted_up' "let in again"
grows secret .echoed 20
pass "allowed again: the same socket talks"
# The server no longer knows its CA, and later knows it again.
cp "$T/ca.crt" "$T/ca.kept"
cp "$T/other.crt" "$T/ca.crt"
server reload >/dev/null || fail "reload"
must 10 'client status --json | jq -r .plain.reason | grep -q "not signed by a CA"' "the client is told that its CA is gone"
is "nobody has a tunnel" "$(server_status '[.interfaces[0] | .plain.tunnels, .encrypted.tunnels] | add')" -eq 0
cp "$T/ca.kept" "$T/ca.crt"
server reload >/dev/null || fail "reload"
must 20 'encrypted_up' "let in again with its CA"
grows secret .echoed 20
pass "CA removed and given back: the same socket talks"
stop_client

# Authentication is turned on: the tunnels of clients without a proof end.
stop_server
start_server
start_client
must 10 'encrypted_up' "let in without a proof"
printf 'tscf-interface default {\npsk-file = "%s"\n}\n' "$T/keys" >"$T/server.conf"
server reload >/dev/null || fail "reload"
must 10 'client status --json | jq -r .plain.reason | grep -q "demands a client certificate"' "the client is told that a proof is demanded"
is "nobody has a tunnel now" "$(server_status '[.interfaces[0] | .plain.tunnels, .encrypted.tunnels] | add')" -eq 0
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-withdrawn)" -eq 0
