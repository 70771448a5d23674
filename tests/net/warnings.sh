#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# warnings.sh - what keeps clients from what they expect is said at the server's start, and by --check-config: a
# certificate that has expired, DTTE or SIP that is not assigned, a pool that this host has a network for, no
# forwarding, and later no answer from the service network.  The server runs all the same.  But a second one on the same state directory does not start, and says
# which process has it.
. "$(dirname "$0")/lib.sh"

topology

# checked OPTION...: the exit status of --check-config; what it says is in $T/said.
POOLS=(--pool "$PLAIN_POOL" --encrypted-pool "$ENCRYPTED_POOL")
checked() {
	in_server "$TSCF_SBINDIR/tscf-server" --check-config --config /dev/null --state-dir "$T/none" "${POOLS[@]}" "$@" \
		>"$T/out" 2>"$T/said"
}
# says TEXT
says() { grep -qF -- "$1" "$T/said"; }
silent() { [ ! -s "$T/said" ]; }

checked --services DTTE
is "all is well" $? -eq 0
check "then nothing is said" silent
check "nothing is made" [ ! -e "$T/none" ]
check "without DTTE: the status" checked --services SIP
check "without DTTE: said" says "interface default: DTTE is not among its assigned-services"
check "SIP servers: the status" checked --services DTTE --sip-server $HOST
check "SIP servers that nobody is told of" says "sip-server is given, and SIP is not among the assigned-services"
checked --services DTTE,SIP --sip-server $HOST
check "nothing is said where SIP is assigned" silent

# --- networks of this host ---
add_address "$SERVER" service "${PLAIN_POOL%0/*}9/${PLAIN_POOL#*/}"
check "a pool that is a network of this host: the status" checked --services DTTE
check "it is said" says "interface default: pool $PLAIN_POOL overlaps $PLAIN_POOL, which this host has at service"
ip -n "$SERVER" addr del "${PLAIN_POOL%0/*}9/${PLAIN_POOL#*/}" dev service
checked --services DTTE
check "no more when it is gone" silent
ip -n "$SERVER" route add "${ENCRYPTED_POOL%0/*}64/30" via "$HOST"
checked --services DTTE
check "a route into a pool is said" says "pool $ENCRYPTED_POOL overlaps ${ENCRYPTED_POOL%0/*}64/"
ip -n "$SERVER" route flush root "$ENCRYPTED_POOL"
ip -n "$SERVER" route add 10.0.0.0/8 via 192.0.2.10 2>/dev/null
checked --services DTTE
check "a wider route by a router does no harm" silent
ip -n "$SERVER" route flush root 10.0.0.0/8

# --- forwarding ---
in_server sysctl -qw net.ipv4.ip_forward=0
POOLS=(--pool 10.20.0.0/24 --encrypted-pool 10.21.0.0/24)
check "no forwarding: the status" checked --services DTTE
check "no forwarding is said" says "net.ipv4.ip_forward is 0"
POOLS=(--pool 2001:db8:20::/64 --encrypted-pool 2001:db8:21::/64)
checked --services DTTE
check "not of a family that no pool is of" silent
in_server sysctl -qw net.ipv4.ip_forward=1

# --- certificates ---
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/late.key" -subj /CN=late \
	-out "$T/late.csr" 2>/dev/null &&
	openssl x509 -req -in "$T/late.csr" -signkey "$T/late.key" -days -1 -out "$T/late.crt" 2>/dev/null || die "openssl"
until=$(date -u -d "$(openssl x509 -in "$T/late.crt" -noout -enddate | cut -d= -f2)" "+%Y-%m-%d %H:%M:%S UTC")
check "a certificate that has expired: the status" checked --services DTTE --cert "$T/late.crt" --key "$T/late.key"
check "which, and since when" says "$T/late.crt: certificate 1 has expired, on $until"
echo "not a certificate" >"$T/none.crt"
check "a file that has none is an error" eval '! checked --services DTTE --cert "$T/none.crt" --key "$T/late.key"'
check "and which it is" says "$T/none.crt: "

# --- at the start ---
SERVICES='' start_server --cert "$T/late.crt" --key "$T/late.key"
check "the start says that the certificate has expired" grep -qF "certificate 1 has expired, on $until" "$T/server.log"
check "and that there is no DTTE" grep -qF "DTTE is not among" "$T/server.log"
server reload
check "the server's own networks are not others'" eval '! grep -q overlaps "$T/server.log"'
check "a reload says the same again" [ "$(grep -cF "DTTE is not among" "$T/server.log")" -eq 2 ]
in_server timeout 20 "$TSCF_SBINDIR/tscf-server" --foreground --config /dev/null --control "$T/second.sock" \
	--state-dir "$T/state" --listen 127.0.0.1:3000 --pool 10.20.0.0/24 --plain-dev second0 \
	--encrypted-dev second1 >"$T/said" 2>&1
is "a second server on the state directory does not start" $? -eq 1
check "it says why, and who has it" says "$T/state: another tscf-server, process $SERVER_PID, uses this state directory"
check "the first goes on" eval "server status --json >/dev/null"
stop_server
start_server
check "after it has stopped, the next one starts" eval "server status --json >/dev/null"
stop_server
exec 7<"$T/state"
flock 7 || die "flock"
start_server 7<&-
check "nobody who can only read the directory keeps it from starting" eval "server status --json >/dev/null"
is "nor can lock the file" "$(stat -c %a "$T/state/server.lock")" -eq 600
exec 7<&-

# --- nothing comes back from the service network ---
echo_server
start_client
program call stranger "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 20 --report 50
grows call .echoed 20
in_server sysctl -qw net.ipv4.ip_forward=0
must 60 'grep -qF "go nowhere: net.ipv4.ip_forward is 0 now" "$T/server.log"' "it is said that forwarding was switched off"
in_server sysctl -qw net.ipv4.ip_forward=1
grows call .echoed 20
ip -n "$SERVICE" route flush root default
must 60 'grep -q "nothing comes back.*a firewall here" "$T/server.log"' "it is said that nothing comes back, and why"
