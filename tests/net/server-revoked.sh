#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# server-revoked.sh - a client with ca-crl does not use a server whose certificate is on a revocation list of its CA: not
# the plain tunnel, over UDP or TCP, and not the encrypted one.  Tunnels that are there end as soon as the file changes,
# without a reload.  A list that has expired accepts no server.  A file that cannot be used is an error at the start and
# at a reload; when it changes to such, the lists of before stay in use.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

new_servers() { new_list ca "$T/servers.crl" "$@"; }
says() { client_status .plain.unverified | grep -q "$1"; }
# refused WHY [OPTION...]: a client takes nothing from the server, and says why.
refused() {
	local why=$1
	shift
	launch_client "${verify[@]}" "$@"
	must 10 "client status --json" "tscf-client answers"
	client status --wait-up 30 >/dev/null 2>"$T/error"
	is "$*, $why: --wait-up fails" $? -eq 1
	check "$*, $why: and says why" grep -q "not up: the server cannot be verified: .*$why" "$T/error"
	check "$*, $why: the status says it" says "$why"
	stop_client
}

command -v nft >/dev/null || skip "needs nft"
topology
start_capture
echo_server
authority ca
certificate server ca "subjectAltName = IP:$SERVER_LINK"
certificate renewed ca "subjectAltName = IP:$SERVER_LINK"
start_server --cert "$T/server.crt" --key "$T/server.key"
PIN=''
TRANSPORT=auto
verify=(--ca "$T/ca.crt" --ca-crl "$T/servers.crl")
CLIENT_CONF=("hold-time = 200")

in_phone "$TSCF_SBINDIR/tscf-client" --check-config --config /dev/null --server "$SERVER_OUTER" --pin sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= --ca-crl "$T/servers.crl" >"$T/error" 2>&1
is "lists without a CA: exit status" $? -eq 1
check "lists without a CA: it is said" grep -q "ca-crl is given without ca" "$T/error"
launch_client "${verify[@]}"
finish "$CLIENT_PID"
is "without the file, the client does not start" $? -eq 1
check "without the file: it is said" grep -q "servers.crl: No such file" "$T/client.log"

new_servers
start_client "${verify[@]}"
pass "not revoked: verified"
program secret encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 50 --marker "M-revoked " --report 50
must 10 'encrypted_up && [ "$(last secret .echoed)" -gt 20 ]'

# While a call runs.
revoke ca server
new_servers
must 15 'says "the certificate has been revoked"' "revoked while it is connected: the status says so"
is "there is no tunnel" "$(client_status .plain.state)" = connecting
must 10 '[ "$(last secret ".send_errors.EACCES // 0")" -gt 10 ]' "the program sees an error"
# The server gets another certificate, of the same name.
stop_server
start_server --cert "$T/renewed.crt" --key "$T/renewed.key"
PIN=''
must 30 'plain_up && encrypted_up' "its next certificate is not revoked: the tunnels are back"
grows secret .echoed 20
stop_capture
is "nothing of the encrypted-only socket was in clear" "$(in_clear M-revoked)" -eq 0

# A file that cannot be used does not take the place of one that can.
echo nothing >"$T/servers.crl"
must 10 'grep -q "servers.crl: holds no revocation list in PEM or DER; what was read before stays in use" "$T/client.log"' "a file without a list: it is said"
client reload 2>/dev/null
is "a reload with it: exit status" $? -ne 0
check "the tunnel stays" plain_up
new_servers
check "a reload with lists again" client reload
stop_client

# Nobody is trusted by an old list.
new_servers -crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z
refused "the revocation list of the certificate's CA has expired" --transport udp
check "an old list: the log says so" grep -q "servers.crl: revocation list 1 has expired" "$T/client.log"

revoke ca renewed
new_servers
refused "the certificate has been revoked" --transport udp
refused "the certificate has been revoked" --transport tcp
# The plain tunnel inside DTLS or TLS: the handshake refuses.
filter dtls tls
refused "the certificate has been revoked"
