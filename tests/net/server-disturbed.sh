#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# server-disturbed.sh - the server is not alone on its host.  Other programs delete its devices, rename them, take them
# down or to another namespace, and take away addresses, networks, settings and the routes of single clients.  Calls go
# on by themselves each time, in the same tunnels.  Nothing encrypted-only is in clear meanwhile, in either direction,
# although the server has a default route towards the clients; nor when it is killed or restarted.
export TSCF_INNER=${TSCF_INNER:-4}
. "$(dirname "$0")/lib.sh"

topology
if [ "$TSCF_INNER" = 6 ]; then family=-6 out=2001:db8:1::2 length=64; else family=-4 out=198.51.100.2 length=24; fi
ip -n "$SERVER" $family route replace default via $out dev access onlink
start_capture
echo_server
SERVER_CONF=("keepalive-timer = 0" "workers = 2")
start_server
start_client
program only encrypted-only "$TSCF_TOOLS/flow" --bind "$ANY:5004" --to "$HOST:7000" --rate 100 --marker "M-only " --report 50
program plain unencrypted "$TSCF_TOOLS/flow" --bind "$ANY:5006" --to "$HOST:7000" --rate 50 --marker "M-plain " --report 50
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]'
far=$PHONE_INNER:5004
[ "$TSCF_INNER" = 4 ] || far="[$PHONE_INNER]:5004"
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST2:7001" --to "$far" --rate 100 --marker "M-down " --report 50
must 10 '[ "$(last only .foreign)" -gt 20 ]'

own() { ip -n "$SERVER" -o $family addr show dev "$1" scope global | awk '{ print $4 }'; }
put_back() { server_status '[.devices[].put_back] | add'; }
index() { ip -n "$SERVER" -o link show dev "$1" | cut -d: -f1; }
address=$(own tscf0) index0=$(index tscf0) index1=$(index tscf1)
network=$(ip -n "$SERVER" $family route show proto kernel dev tscf0 | awk '{ print $1 }')
sessions=$(server_status '[.counters.plain_established, .counters.encrypted_established] | tojson')

# disturb WHAT COMMAND...: then all is as it was, and calls go on.
disturb() {
	local what=$1 before
	shift
	before=$(put_back)
	check "$what" "$@"
	check "... is put back" wait_until 10 "[ \"\$(put_back)\" -gt $before ]"
	for flow in only.echoed only.foreign plain.echoed; do
		before=$(last "${flow%.*}" ".${flow#*.}")
		check "... $flow goes on" wait_until 10 "[ \"\$(last ${flow%.*} .${flow#*.})\" -gt $((before + 20)) ]"
	done
}
link() { ip -n "$SERVER" link "$@"; }

for device in tscf0 tscf1; do
	disturb "$device is deleted" link del $device
	disturb "$device is taken to another namespace" link set $device netns "$SERVICE"
	disturb "$device is taken down" link set $device down
	disturb "the carrier of $device is switched off" link set $device carrier off
	disturb "$device is renamed" link set $device name other
	disturb "the MTU of $device is changed" link set $device mtu 600
	disturb "the addresses of $device are taken away" ip -n "$SERVER" addr flush dev $device
	disturb "rp_filter of $device is set" in_server sysctl -qw net.ipv4.conf.$device.rp_filter=1
done
disturb "the network is taken away" ip -n "$SERVER" $family route del "$network" dev tscf0
disturb "the route that refuses is taken away" ip -n "$SERVER" $family route del prohibit "$network" metric 4294967295
is "the address is the same" "$(own tscf0)" = "$address"
is "the indexes are the same" "$(index tscf0) $(index tscf1)" = "$index0 $index1"
is "so are the tunnels" "$(server_status '[.counters.plain_established, .counters.encrypted_established] | tojson')" = "$sessions"
is "the log has few lines about it" "$(grep -c 'another program' "$T/server.log")" -le 8

# --- a program takes a device down again at once, for a while ---
# Seconds.
FIGHT=3
before=$(put_back)
timeout $FIGHT bash -c "while :; do ip -n $SERVER link set tscf0 down; done"
# At most one every 80 ms, and some at the start.
is "a program that fights costs little" $(($(put_back) - before)) -le $((FIGHT * 1000 / 80 + 15))
check "and is in the log" wait_until 5 'grep -q "tscf0: another program keeps changing" "$T/server.log"'
grows only .echoed 20
grows plain .echoed 20

# --- the name is taken for a while ---
link add name thief type veth peer name accomplice
# The server may be quicker.
steal() { printf 'link del tscf0\nlink set thief name tscf0\n' | ip -n "$SERVER" -batch -; }
must 20 steal "the name is taken"
check "a device whose name is taken cannot be put back, which is said" wait_until 10 'grep -q "tscf0: another program .* cannot be put back" "$T/server.log"'
link del tscf0
check "it is back when the name is free" wait_until 10 'grep -q "tscf0: is there again" "$T/server.log"'
grows only .echoed 20
grows plain .echoed 20

# --- the server is killed, and stopped ---
kill_server
must 15 '[ "$(last only ".send_errors.EACCES // 0")" -gt 20 ]' "the program sees EACCES"
check "a route refuses what is sent to clients" eval "ip -n '$SERVER' $family route show type prohibit | grep -q '$network'"
start_server
must 20 'plain_up && encrypted_up'
grows only .foreign 20
stop_server
check "so it does after a stop, while sessions are kept" eval "ip -n '$SERVER' $family route show type prohibit | grep -q '$network'"
from=$(last remote .sent)
must 10 "[ \"\$(last remote .sent)\" -gt $((from + 50)) ]"
start_server
must 20 'plain_up && encrypted_up'
grows only .foreign 20
stop_client
stop_capture
is "encrypted-only packets in clear" "$(in_clear "M-only ")" -eq 0
is "nor what was sent to the socket" "$(in_clear "M-down ")" -eq 0
is "plain packets in clear" "$(($(in_clear "M-plain ") > 0))" -eq 1
