#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# options.sh - settings that no other test uses do what their pages say: numbers, names and an MTU that the user sets,
# routes in table main, another set of real-time DSCPs, a server that has a name, and a default level that encrypts a
# whole host.
. "$(dirname "$0")/lib.sh"

rules() { in_phone ip rule; }
# echoed LEVEL OPTION...: packets of a program at that level that came back, of 5.
echoed() {
	run "$1" "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 "${@:2}" >"$T/flow.out"
	last flow .echoed
}
counter() { client_status ".counters.$1"; }

topology
start_capture
echo_server

# --- numbers and names ---
start_server
start_client --fwmark-mask 0xf00 --table-plain 100 --table-encrypted 101 --rule-priority 500 --plain-dev office0 --encrypted-dev office1 --mtu 1300 \
	--realtime-dscp AF11,3
is "encrypted-only: echoed" "$(echoed encrypted-only --marker "M-numbers ")" -eq 5
is "unencrypted: echoed" "$(echoed unencrypted)" -eq 5
check "the encrypted rule has its priority, mark and table" grep -qx "503:	from all fwmark 0x600/0x700 lookup 101 proto 204" <(rules)
is "and no rule stands elsewhere" "$(rules | grep 'proto 204' | grep -vc '^5[0-4][0-9]:')" -eq 0
is "routes of the plain tunnel" "$(in_phone ip route show table 100 | cut -d' ' -f1-3)" = "$SERVICE_NET dev office0"
is "routes of the encrypted one" "$(in_phone ip route show table 101 | cut -d' ' -f1-3)" = "$SERVICE_NET dev office1"
is "MTU of the devices" "$(in_phone cat /sys/class/net/office0/mtu /sys/class/net/office1/mtu | xargs)" = "1300 1300"
is "and in status" "$(client_status .plain.mtu)" -eq 1300

# The second queue of a device is that of urgent packets.
urgent() { in_phone tc -s class show dev office0 | awk '$3 == ":2" { getline; print $4 }'; }
for dscp in 10 3; do
	before=$(urgent)
	echoed unencrypted --tos $((4 * dscp)) >/dev/null
	is "urgent since configured so, DSCP $dscp: packets" "$(($(urgent) - before))" -eq 5
done
before=$(urgent)
echoed unencrypted --tos 184 >/dev/null
is "EF is not any more: packets" "$(($(urgent) - before))" -eq 0
stop_client

# --- routes in table main ---
CLIENT_CONF=("routes-in-main = true" "keepalive = 1")
start_client
is "a program that looks into table main finds the service network" \
	"$(in_phone ip route show table main $SERVICE_NET | cut -d' ' -f1-3)" = "$SERVICE_NET dev tscf0"
is "encrypted-only: echoed" "$(echoed encrypted-only --marker "M-main ")" -eq 5
check "a plain program is served too" reachable
stop_client
is "at the end they are taken away" "$(in_phone ip route show table main $SERVICE_NET | wc -l)" -eq 0

# --- a server with a name, in files of the client's own ---
private_names
SERVER_OUTER=server.example launch_client
must 10 'client_status .plain.reason | grep -q "cannot resolve server.example"' "status says that there is no such name"
is "a name that cannot be resolved: state" "$(client_status .plain.state)" = connecting
echo "$SERVER_LINK server.example" >>"$T/hosts"
must 10 plain_up "the tunnel comes up when the name is there"
is "a name: the server" "$(client_status .plain.server)" = "$SERVER_OUTER:$PORT"
check "and packets go" reachable
stop_client
CLIENT_AS=()
stop_server

# --- what the server may send: never a network that the host is on, and else what the client is told to take ---
routes() { client_status '.plain.routes | join(" ")'; }
ip -n "$PHONE" link add lan type bridge
ip -n "$PHONE" link set lan up
add_address "$PHONE" lan 10.66.1.1/24
start_server --route 10.66.1.0/24 --route 10.66.0.0/22 --route 198.18.0.0/16 --dns 192.0.2.53
CLIENT_CONF=("keepalive = 1")
start_client
is "the network of this host is not taken, and cut out of others" "$(routes)" = "$SERVICE_NET 10.66.0.0/24 10.66.2.0/23 198.18.0.0/16"
said="not taken from the server: route 10.66.1.0/24: this host is connected to 10.66.1.0/24 by lan"
check "status says so" grep -qxF "$said" <(client status)
check "so does the log" grep -qF "warning: $said" "$T/client.log"
is "counted" "$(counter pushed_refused)" -eq 1
ip -n "$PHONE" link del lan
must 10 '[ "$(routes)" = "$SERVICE_NET 10.66.1.0/24 10.66.0.0/22 198.18.0.0/16" ]' "off that network, all is taken"
is "DNS" "$(client_status '.plain.dns[0]')" = 192.0.2.53
printf '%s\n' "accept-route = { \"$SERVICE_NET\", \"198.18.0.0/17\" }" "accept-dns = false" >"$T/client.conf"
client reload >/dev/null
is "after a reload, only what accept-route covers" "$(routes)" = "$SERVICE_NET"
is "and no DNS server" "$(client_status '.plain.dns | length')" -eq 0
is "each refusal is in status" "$(client_status '.plain.not_taken | length')" -eq 4
check "packets go" reachable
stop_client
is "at the end nothing of it is left" "$(in_phone ip route show table all | grep -c -e 10.66 -e 198.18 -e "$SERVICE_NET")" -eq 0
stop_server

# --- a whole host: every program, to every destination, except the client itself ---
CLIENT_CONF=("keepalive = 1")
SERVICES=SIP start_server --route 0.0.0.0/0
launch_client --default-level encrypted-preferred
must 10 plain_up
is "preferred, and not to be had: plain" "$(echoed stranger --marker "M-preferred ")" -eq 5
stop_client
stop_server
start_server --route 0.0.0.0/0
start_client --default-level encrypted-preferred
is "preferred, and there: echoed" "$(echoed stranger --marker "M-both ")" -eq 5
stop_client

# Encrypted or not at all.
start_client --default-level encrypted-only
is "wait-up has waited for both tunnels" "$(encrypted_state)" = up
up=$(counter up_encrypted)
is "a program that nobody has told anything: echoed" "$(echoed stranger --marker "M-whole ")" -eq 5
is "it was encrypted: packets" "$(($(counter up_encrypted) - up))" -ge 5
in_phone "$TSCF_TOOLS/flow" --to 203.0.113.1:9 --count 5 --linger 0 --marker "M-whole " >/dev/null
in_phone "$TSCF_TOOLS/flow" --to $SERVER_LINK:9 --count 5 --linger 0 --marker "M-whole " >/dev/null
is "so is what is for others, and for the server itself: packets" "$(($(counter up_encrypted) - up))" -ge 15
kill_server
program whole stranger "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-whole " --report 50
must 15 '[ "$(last whole ".send_errors.EACCES // 0")" -gt 10 ]' "without a server it is refused"
kill "$LAST_PID"
stop_client
is "stopped: a program is plain again" "$(in_phone ip rule | wc -l)" -eq 3
stop_capture
for marker in M-numbers M-main M-whole M-both; do
	is "not in clear: $marker" "$(in_clear $marker)" -eq 0
done
is "in clear, both ways: M-preferred" "$(in_clear M-preferred)" -eq 10
