#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clock.sh - the clock of the host is wrong when it boots.  The client starts with a CA and a certificate of its own
# that are not valid yet or have expired, and says why it has no tunnel.  Both tunnels are up within two seconds after
# the clock was set.  A server starts with a wrong clock in the same way.
. "$(dirname "$0")/lib.sh"

YEAR_2000=946684800
# in_time SECONDS-AHEAD COMMAND...: with a clock that is wrong by that.
in_time() {
	set_clock "$T/ahead" "$1"
	"${CLIENT_AS[@]}" "${@:2}"
}
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
# authority NAME DAYS-AGO DAYS: NAME.crt and NAME.key, made so long ago; certificate NAME ISSUER: from now on.
authority() {
	in_time $((-86400 * $2)) openssl req -x509 "${new_key[@]}" -keyout "$T/$1.key" -subj "/CN=$1" -days "$3" \
		-addext basicConstraints=critical,CA:TRUE -out "$T/$1.crt" 2>/dev/null || die "openssl"
}
certificate() {
	openssl req "${new_key[@]}" -keyout "$T/$1.key" -subj "/CN=$1" -out "$T/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.crt" -CAkey "$T/$2.key" -CAcreateserial -days 20 \
			-extfile <(echo "subjectAltName = IP:$SERVER_LINK") -out "$T/$1.crt" 2>/dev/null || die "openssl"
}
# client_at SECONDS-AHEAD CA: a client with that clock, and an encrypted-only program.
client_at() {
	: >"$T/client.log"
	set_clock "$T/ahead" "$1"
	PIN='' launch_client --ca "$T/$2.crt" --cert "$T/own.crt" --key "$T/own.key"
	must 10 'client status --json' "tscf-client answers"
	program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-only " --report 50
}
stop_both() {
	kill "$LAST_PID"
	finish "$LAST_PID"
	stop_client
}
fails() { must 20 "client_status .plain.unverified | grep -q \"$1\"" "it fails since: $1"; }
set_right() {
	must 40 '[ "$(client_status .counters.unverified)" -ge 3 ]' "it is tried again and again"
	set_clock "$T/ahead" 0
	from=$(now)
	must 30 encrypted_up "$1: the encrypted tunnel"
	is "$1: milliseconds from the right time" "$(elapsed "$from")" -le $((2000 + $(stood_still "$from")))
	must 5 '[ "$(last only .echoed)" -gt 10 ]' "$1: the program goes on"
}

command -v openssl >/dev/null || skip "needs openssl"
topology
watch_stalls
start_capture
echo_server
preload CLIENT_AS libclock "TSCF_TEST_CLOCK=$T/ahead"
authority ca 400 3000
authority past 400 100
certificate server ca
certificate own ca
start_server --cert "$T/server.crt" --key "$T/server.key"

# --- 30 days behind: the server's certificate is not valid yet ---
client_at -2592000 ca
fails "certificate is not valid yet"
set_right "30 days behind"
stop_both

# --- the year 2000: the CA's certificate is not valid yet either ---
client_at $((YEAR_2000 - $(date +%s))) ca
check "the log says so" grep -q "warning: .*/ca.crt: the CA's certificate is not valid yet" "$T/client.log"
check "of its own, too" grep -q "warning: .*/own.crt: is not valid yet" "$T/client.log"
fails "the CA's certificate is not valid yet"
set_right "year 2000"
check "status has the right times now" [ "$(client_status .plain.since)" -gt $(($(date +%s) - 300)) ]
stop_both

# --- a CA that has expired ---
client_at 0 past
fails "the CA's certificate has expired"
check "and there is no plain tunnel" [ "$(client_status .plain.state)" = connecting ]
stop_both
stop_server

# --- a server in the year 2000 that verifies clients by a CA ---
preload SERVER_AS libclock "TSCF_TEST_CLOCK=$T/server-ahead"
set_clock "$T/server-ahead" $((YEAR_2000 - $(date +%s)))
start_server --cert "$T/server.crt" --key "$T/server.key" --client-ca "$T/ca.crt"
set_clock "$T/ahead" 0
PIN='' launch_client --ca "$T/ca.crt" --cert "$T/own.crt" --key "$T/own.key"
must 10 'client_status .plain.reason | grep -q "not valid yet"' "the server says that the client's certificate is not valid yet"
set_clock "$T/server-ahead" 0
from=$(now)
must 20 plain_up "the server's clock is right: the client is let in"
is "the server's clock is right: milliseconds" "$(elapsed "$from")" -le 4000
stop_capture
is "the encrypted-only sockets were never in clear" "$(in_clear M-only)" -eq 0
