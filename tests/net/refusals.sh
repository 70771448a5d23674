#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# refusals.sh - who gets no tunnel is told why, and the server's log says the same, with the address.  Here: requests that
# no tscf-client makes, and clients that prove who they are in a way that this server does not take.  Each reason that
# there is: tests/unit/test_server_refusals.c, test_client_refusals.c.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

# logged WHO WHY
logged() { grep -q "warning: refused: plain tunnel of $PHONE_OUTER:[0-9]*, $1: $2" "$T/server.log"; }
# asked CODE WHY TLV...: what a request with these TLVs is answered with.
asked() {
	local code=$1 why=$2
	shift 2
	is "asked: $why" "$(in_phone python3 -B "$TSCF_SRC/tests/net/ask.py" "$SERVER_OUTER:$PORT" "$@")" = "$code $why"
	check "$why: the server's log" logged "identity not known" "$why"
}
# refused WHO WHY OPTION...: a client with these options.
refused() {
	local who=$1 why=$2
	shift 2
	launch_client "$@"
	must 10 "client status --json" "tscf-client answers"
	client status --wait-up 30 >/dev/null 2>"$T/error"
	is "$why: --wait-up fails" $? -eq 1
	check "$why: and says why" grep -q "not up: refused by the server: unauthorized: $why" "$T/error"
	is "$why: the status says it till it is gone" "$(client_status .plain.refused)" = "refused by the server: unauthorized: $why"
	check "$why: the client's log" grep -q "refused by the server: unauthorized: $why" "$T/client.log"
	check "$why: the server's log" logged "$who" "$why"
	stop_client
}

topology
authority ca
certificate phone ca
(umask 077 && printf 'alice:%032d\n' 7 >"$T/keys")

start_server
id=15=$(printf '%032d' 5)
share=32=01$(printf '%064d' 9)
padding=17=$(printf '%0800d' 0)
MALFORMED=2 TOO_SMALL=8
asked $MALFORMED "no client identifier" "$share" "$padding"
asked $MALFORMED "no key share that this server knows: the client is too old, or too new" "$id" "$padding"
asked $MALFORMED "the key share is of no use" "$id" "32=01$(printf '%064d' 0)" "$padding"
asked $TOO_SMALL "pad the request" "$id" "$share"
is "nobody has an address" "$(server_status '[.. | .used? // empty] | add // 0')" -eq 0
stop_server

start_server --client-ca "$T/ca.crt"
refused "identity not known" "this server takes no pre-shared keys" --psk-file "$T/keys"
stop_server
start_server --psk-file "$T/keys"
refused "identity not known" "this server takes no certificates" --cert "$T/phone.crt" --key "$T/phone.key"
