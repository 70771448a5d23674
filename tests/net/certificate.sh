#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# certificate.sh - the client verifies the server by CA and name, by pin, or by both.  With another name, an expired
# certificate, another CA or another key, the client takes nothing from the server, over UDP or TCP, and opens no
# encrypted tunnel.  The status says why, waiting for a tunnel fails at once, and an encrypted-only socket sends nothing
# on any path.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

# server_certificate NAME ISSUER: for vpn.example.org and the server's address.
server_certificate() { certificate "$1" "$2" "subjectAltName = DNS:vpn.example.org, IP:$SERVER_LINK"; }

# server_as NAME: the server has that certificate.
server_as() {
	[ -z "$SERVER_PID" ] || stop_server
	# What a rogue server offers.
	SERVICES="DTTE, SIP" start_server --cert "$T/$1.crt" --key "$T/$1.key" --route 0.0.0.0/0 --dns 203.0.113.53 --sip-server 203.0.113.60
}
# accepted WHAT OPTION...: a client with these options, which say how it verifies the server, has an encrypted tunnel.
accepted() {
	local what=$1
	shift
	PIN='' start_client "$@"
	# Until the tunnel is up, which a busy machine takes longer for than packets are held here.
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --seconds 10 --until-echoed 5 >"$T/flow.out"
	is "$TRANSPORT, $what: echoed" "$(last flow .echoed)" -ge 5
	is "$TRANSPORT, $what: by" "$(client_status .encrypted.transport)" = "$ENCRYPTED"
	is "$TRANSPORT, $what: status says how" "$(client_status .plain.verified.by)" = "$VERIFIED_BY"
	stop_client
}
# unconfigured: the client has taken nothing from a server, and sends nothing to it.
unconfigured() {
	[ "$(in_phone ip -j addr show dev tscf0 | jq '[.[].addr_info[]? | select(.scope == "global")] | length')" = 0 ] &&
		[ "$(in_phone ip -j route get 203.0.113.9 | jq -r '.[0].dev')" != tscf0 ] &&
		[ "$(client_status '[.plain.dns, .plain.sip, .plain.internal] | add | length')" = 0 ] &&
		[ "$(grep -c . "$T/hook.log")" = 0 ]
}
# refused WHY OPTION...: a client with these options takes nothing from the server and says why at once; an
# encrypted-only socket gets an error.
refused() {
	local why=$1 from
	shift
	: >"$T/hook.log"
	PIN='' launch_client "$@"
	must 10 'client status --json'
	from=$(now)
	client status --wait-up 30 >"$T/wait.out" 2>&1
	is "$TRANSPORT, $why: waiting fails" $? -eq 1
	is "$TRANSPORT, $why: at once, in milliseconds" "$(elapsed "$from")" -lt 10000
	check "$TRANSPORT, $why: and says why" grep -q "not up: the server cannot be verified: .*$why" "$T/wait.out"
	program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-only " --report 50
	must 10 '[ "$(last only ".send_errors.EACCES // 0")" -gt 5 ]' "the program sees an error"
	check "$TRANSPORT, $why: status says it still" grep -q "$why" <<<"$(client_status .plain.unverified)"
	is "$TRANSPORT, $why: it is counted" "$(client_status .counters.unverified)" -gt 0
	check "$TRANSPORT, $why: no address, route, name server, SIP server or hook" unconfigured
	is "$TRANSPORT, $why: nothing came through" "$(last only .echoed)" -eq 0
	kill "$LAST_PID"
	finish "$LAST_PID"
	stop_client
}

topology
start_capture
echo_server
: >"$T/hook.log"
printf '#!/bin/sh\necho "$@" >>"%s"\n' "$T/hook.log" >"$T/hook"
chmod +x "$T/hook"
CLIENT_CONF=("hold-time = 200" "script = $T/hook")
authority ca
authority other
middle middle ca
server_certificate good ca
DAYS=-1 server_certificate expired ca
server_certificate stranger other
server_certificate under middle
cat "$T/middle.crt" >>"$T/under.crt"
NEW_KEY=(rsa:2048)
server_certificate rsa ca
NEW_KEY=(rsa:4096)
middle upper ca
middle lower upper
server_certificate deep lower
cat "$T/lower.crt" "$T/upper.crt" >>"$T/deep.crt"
other_pin=sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
by_name=(--ca "$T/ca.crt" --server-name vpn.example.org)

for TRANSPORT in udp tcp; do
	ENCRYPTED=dtls
	[ $TRANSPORT = udp ] || ENCRYPTED=tls
	server_as good
	pin=$PIN
	VERIFIED_BY=CA
	accepted "CA and name" "${by_name[@]}"
	accepted "CA and address" --ca "$T/ca.crt"
	VERIFIED_BY="CA and pin"
	accepted "CA, name and pin" "${by_name[@]}" --pin "$pin"
	refused "certificate is not valid for other.example.org" --ca "$T/ca.crt" --server-name other.example.org
	refused "pin does not match" --pin "$other_pin"
	refused "pin does not match" "${by_name[@]}" --pin "$other_pin"
	server_as expired
	refused "certificate has expired" "${by_name[@]}"
	VERIFIED_BY=pin
	accepted "pin alone, expired" --pin "$PIN"
	server_as rsa
	accepted "RSA, pin" --pin "$PIN"
	VERIFIED_BY=CA
	accepted "RSA, CA" "${by_name[@]}"
	server_as under
	accepted "a CA between" "${by_name[@]}"
	server_as deep
	accepted "RSA with 4096 bits, two CAs between" "${by_name[@]}"
	server_as stranger
	refused "certificate is not signed by a known CA" "${by_name[@]}"
	stop_server
	SERVER_PID=
done
stop_capture
is "the encrypted-only sockets were never in clear" "$(in_clear M-only)" -eq 0
