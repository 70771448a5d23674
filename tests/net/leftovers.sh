#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# leftovers.sh - the daemons remove what they put into the kernel.  A clean stop leaves rules, routes, devices,
# addresses and settings as they were before.  A daemon that was killed leaves a state that fails closed and that the
# next one adopts.  A daemon that cannot start leaves nothing.  The rule that keeps a live encrypted-only socket from
# sending in clear outlives a clean stop, until it is flushed.
. "$(dirname "$0")/lib.sh"

# Everything of a namespace that a daemon could change.
state() {
	ip netns exec "$1" bash -c '
		for family in -4 -6; do ip $family rule; ip $family route show table all; done
		ip xfrm policy
		ip -o link | cut -d" " -f2- | sed "s/ qlen [0-9]*//"
		ip -o addr
		grep -r . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null | sort
		nft list ruleset 2>/dev/null' | grep -v -e 'cache' -e neigh
}
unchanged() { diff -u "$T/$1.before" <(state "$2") | sed 's/^/# /' | tee "$T/diff" && [ ! -s "$T/diff" ]; }
files() { find "$T" -name "*.sock" | wc -l; }

topology
# tcpdump and echo servers change nothing; the daemons start on an untouched system.
state "$PHONE" >"$T/phone.before"
state "$SERVER" >"$T/server.before"
echo_server

start_server
start_client
must 5 reachable
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 >/dev/null
check "the state is another one while they run" eval '! diff -q "$T/phone.before" <(state "$PHONE") >/dev/null'
stop_client
is "client: exit status of a clean stop" $? -eq 0
check "client: a clean stop leaves nothing" unchanged phone "$PHONE"
stop_server
is "server: exit status of a clean stop" $? -eq 0
check "server: a clean stop leaves nothing" unchanged server "$SERVER"
is "no control socket is left" "$(files)" -eq 0

# --- killed, and started again ---
start_server
start_client
must 5 reachable
rules=$(in_phone ip -4 rule | sort)
kill_client
check "a killed client's rules stay" [ "$(in_phone ip -4 rule | wc -l)" -gt 3 ]
start_client
must 5 reachable
is "the next one adopts them: same rules" "$(in_phone ip -4 rule | sort)" = "$rules"
kill_server
start_server
must 20 'plain_up && reachable'
stop_client
check "client: clean stop after a crash leaves nothing" unchanged phone "$PHONE"
kill_client 2>/dev/null
stop_server
check "server: clean stop after a crash leaves nothing" unchanged server "$SERVER"

# --- cannot start ---
# A command that starts it.
LIMITED=()
refuse() {
	local what=$1
	shift
	timeout 10 ip netns exec "$PHONE" "${LIMITED[@]}" "$TSCF_SBINDIR/tscf-client" --foreground --state-dir "$T/phone" --control "$CLIENT_CONTROL" "$@" >"$T/refuse.log" 2>&1
	local status=$?
	check "$what: refused with a reason" [ "$status" -ne 0 -a "$status" -ne 124 -a -s "$T/refuse.log" ]
	check "$what: leaves nothing" unchanged phone "$PHONE"
}
refuse "no way to verify the server" --server $SERVER_OUTER:$PORT
refuse "no server" --pin "$PIN"
refuse "a pin that is none" --server $SERVER_OUTER:$PORT --pin abc
refuse "a mask too small" --server $SERVER_OUTER:$PORT --pin "$PIN" --fwmark-mask 0x1
refuse "tables that clash" --server $SERVER_OUTER:$PORT --pin "$PIN" --table-plain 77 --table-encrypted 77
refuse "a device that is somebody else's" --server $SERVER_OUTER:$PORT --pin "$PIN" --encrypted-dev access
for size in 14 16 18 20; do
	LIMITED=(prlimit --as=$((size * 1000000)))
	refuse "memory of $size MB" --server $SERVER_OUTER:$PORT --pin "$PIN"
done
for count in 12 16 20; do
	LIMITED=(prlimit "--nofile=$count")
	refuse "$count descriptors" --server $SERVER_OUTER:$PORT --pin "$PIN"
done
LIMITED=()
in_phone ip rule add priority 7003 table 77
state "$PHONE" >"$T/phone.before"
refuse "a foreign rule among our priorities" --server $SERVER_OUTER:$PORT --pin "$PIN" --rule-priority 7000
in_phone ip rule del priority 7003 table 77
state "$PHONE" >"$T/phone.before"

# --- a live encrypted-only socket outlives a clean stop ---
start_server
start_client
start_capture
program only encrypted-only \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
only=$LAST_PID
must 10 '[ "$(last only .echoed)" -gt 20 ]'
stop_client
must 5 '[ "$(last only ".send_errors.EACCES // 0")" -gt 20 ]' "a live encrypted-only socket is refused after a clean stop"
kill "$only"
finish "$only"
stop_capture
is "and was never in clear" "$(in_clear M-only)" -eq 0
in_phone "$TSCF_SBINDIR/tscf-client" flush --control "$CLIENT_CONTROL"
check "flush takes the last rule away" unchanged phone "$PHONE"

# --- flushed after a crash, with other numbers of tables and rules ---
flush() { in_phone "$TSCF_SBINDIR/tscf-client" flush --control "$CLIENT_CONTROL" "$@" >/dev/null 2>"$T/flush.log"; }
numbers=(--fwmark-mask 0xf00 --rule-priority 500 --table-plain 100 --table-encrypted 101)
start_client "${numbers[@]}"
program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --report 50
only=$LAST_PID
must 10 '[ "$(last only .echoed)" -gt 20 ]'
rules=$(in_phone ip rule)
check "flush is refused while a daemon answers" eval '! flush "${numbers[@]}"'
check "and says so" [ -s "$T/flush.log" ]
check "and changes nothing" [ "$(in_phone ip rule)" = "$rules" ]
grows only .echoed 20 "which goes on"
kill_client
must 10 '[ "$(last only ".send_errors.EACCES // 0")" -gt 20 ]' "killed: the socket is refused"
check "flush with other numbers" flush
check "does not find the rules" [ "$(in_phone ip rule | grep -c 'proto 204')" -ge 3 ]
check "flush with its numbers" flush "${numbers[@]}"
check "takes away all that a killed client left" unchanged phone "$PHONE"
grows only .sent 20 "the socket may send in clear then"
kill "$only"
finish "$only"
