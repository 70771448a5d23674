#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# revoked.sh - a client whose certificate is on a revocation list of its CA is not let in, and loses its tunnels as soon
# as the file changes, without a reload.  A list that has expired lets nobody in.  A file that cannot be used is an error
# at the start and at a reload; when it changes to such, the lists of before stay in use.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

# new_clients [OPTION...]: the file of lists is replaced.
new_clients() { new_list ca "$T/clients.crl" "$@"; }
says() { client_status .plain.reason | grep -q "$1"; }
# refused WHO WHY: the client of that certificate gets no tunnel, and both ends say why.
refused() {
	launch_client --cert "$T/$1.crt" --key "$T/$1.key"
	must 10 "client status --json" "tscf-client answers"
	client status --wait-up 30 >/dev/null 2>"$T/error"
	is "$1, $2: --wait-up fails" $? -eq 1
	check "$1, $2: and says why" grep -q "not up: refused by the server: unauthorized: .*$2" "$T/error"
	check "$1, $2: the status says it till it is gone" grep -q "$2" <<<"$(client_status .plain.refused)"
	check "$1, $2: the server's log" grep -q "warning: refused: plain tunnel of $PHONE_OUTER:[0-9]*, certificate $1: .*$2" "$T/server.log"
	kill_client
	client flush >/dev/null 2>&1
}

topology
start_capture
echo_server
authority ca
certificate phone ca
certificate other ca

in_server "$TSCF_SBINDIR/tscf-server" --check-config --pool $PLAIN_POOL --client-ca "$T/ca.crt" --client-crl "$T/clients.crl" >"$T/error" 2>&1
is "without the file: exit status" $? -ne 0
check "without the file: it is said" grep -q "clients.crl: No such file" "$T/error"
new_clients
start_server --client-ca "$T/ca.crt" --client-crl "$T/clients.crl"
start_client --cert "$T/phone.crt" --key "$T/phone.key"
pass "not revoked: let in"
program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-revoked " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 20 ]'

# While a call runs.
revoke ca phone
new_clients
must 10 'says "the certificate has been revoked"' "the client is told"
pass "revoked while it is connected: the client is told"
check "the server's log" grep -q "certificate phone: the certificate has been revoked" "$T/server.log"
is "nobody has a tunnel" "$(server_status '[.interfaces[0] | .plain.tunnels, .encrypted.tunnels] | add')" -eq 0
must 10 '[ "$(last secret ".send_errors.EACCES // 0")" -gt 10 ]' "the program sees an error"
pass "the program sees an error"
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-revoked)" -eq 0
kill "$LAST_PID"
finish "$LAST_PID"
kill_client
client flush >/dev/null 2>&1
refused phone "the certificate has been revoked"

# A file that cannot be used does not take the place of one that can.
echo nothing >"$T/clients.crl"
must 10 'grep -q "clients.crl: holds no revocation list in PEM or DER; what was read before stays in use" "$T/server.log"' "it is said"
pass "a file without a list: it is said"
server reload 2>/dev/null
is "a reload with it: exit status" $? -ne 0
refused phone "the certificate has been revoked"
start_client --cert "$T/other.crt" --key "$T/other.key"
pass "another client: let in"
kill_client
client flush >/dev/null 2>&1

# Nobody is let in by an old list.
new_clients -crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z
must 10 'grep -q "clients.crl: revocation list 1 has expired" "$T/server.log"' "it is said"
pass "an old list: it is said"
refused other "the revocation list of the certificate's CA has expired"
