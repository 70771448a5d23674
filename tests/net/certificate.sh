#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# certificate.sh - the server must be who it should be, by CA and name, by pin, or by both: with another name, an expired certificate, another CA
# or another key there is no encrypted tunnel, by DTLS or by TLS; status says why, and an encrypted-only socket sends nothing, in no way.
. "$(dirname "$0")/lib.sh"

# authority NAME, certificate NAME ISSUER DAYS: NAME.crt and NAME.key; the certificate is for vpn.example.org and the server's address.
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
authority() {
	openssl req -x509 "${new_key[@]}" -keyout "$T/$1.key" -subj "/CN=$1" -days 2 -addext basicConstraints=critical,CA:TRUE \
		-out "$T/$1.crt" 2>/dev/null || die "openssl"
}
certificate() {
	openssl req "${new_key[@]}" -keyout "$T/$1.key" -subj "/CN=$1" -out "$T/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.crt" -CAkey "$T/$2.key" -CAcreateserial -days "$3" \
			-extfile <(echo "subjectAltName = DNS:vpn.example.org, IP:$SERVER_LINK") -out "$T/$1.crt" 2>/dev/null || die "openssl"
}

# server_as NAME: the server has that certificate.
server_as() {
	[ -z "$SERVER_PID" ] || stop_server
	start_server --cert "$T/$1.crt" --key "$T/$1.key"
}
# accepted WHAT OPTION...: a client with these options has an encrypted tunnel.  Its options are all it verifies by.
accepted() {
	local what=$1
	shift
	PIN='' start_client "$@"
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/flow.out"
	is "$TRANSPORT, $what: echoed" "$(last flow .echoed)" -eq 5
	is "$TRANSPORT, $what: by" "$(client_status .encrypted.transport)" = "$ENCRYPTED"
	stop_client
}
# refused WHY OPTION...: a client with these has none, says why, and its encrypted-only socket is told no.
refused() {
	local why=$1
	shift
	PIN='' start_client "$@"
	program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 50 --marker "M-only " --report 50
	must 10 'client_status "select(.encrypted.state == \"failed\").encrypted.reason" | grep -q "$why"' "it fails since: $why"
	must 10 '[ "$(last only ".send_errors.EACCES // 0")" -gt 5 ]' "the program sees an error"
	pass "$TRANSPORT, $why: refused, and status and program know it"
	is "$TRANSPORT, $why: nothing came through" "$(last only .echoed)" -eq 0
	check "$TRANSPORT, $why: a plain socket goes on" reachable
	kill "$LAST_PID"
	finish "$LAST_PID"
	stop_client
}

command -v openssl >/dev/null || skip "needs openssl"
topology
start_capture
echo_server
CLIENT_CONF=("hold-time = 200")
authority ca
authority other
certificate good ca 2
certificate expired ca -1
certificate stranger other 2
other_pin=sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
by_name=(--ca "$T/ca.crt" --server-name vpn.example.org)

for TRANSPORT in udp tcp; do
	ENCRYPTED=dtls
	[ $TRANSPORT = udp ] || ENCRYPTED=tls
	server_as good
	pin=$PIN
	accepted "CA and name" "${by_name[@]}"
	accepted "CA and address" --ca "$T/ca.crt"
	accepted "CA, name and pin" "${by_name[@]}" --pin "$pin"
	refused "certificate is not valid for other.example.org" --ca "$T/ca.crt" --server-name other.example.org
	refused "pin does not match" --pin "$other_pin"
	refused "pin does not match" "${by_name[@]}" --pin "$other_pin"
	server_as expired
	refused "certificate has expired" "${by_name[@]}"
	accepted "pin alone, expired" --pin "$PIN"
	server_as stranger
	refused "certificate is not signed by a known CA" "${by_name[@]}"
	stop_server
	SERVER_PID=
done
stop_capture
is "the encrypted-only sockets were never in clear" "$(in_clear M-only)" -eq 0
