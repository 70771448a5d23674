#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# network-manager.sh - policies that depend on whether the connection is metered, or on its name, follow NetworkManager, on a bus of their
# own: sockets of running programs move when it changes its mind.  Without the bus, without NetworkManager and where that does not know,
# nobody knows, and an encrypted-only policy is in force.  Bus and NetworkManager may come, go and come again.
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # launch_client reads it
CLIENT_CONF=("persistence = 0"
	"policy costly { protocol = udp local-port = 5070 level = encrypted-only when = metered }"
	"policy cheap { protocol = udp local-port = 5072 level = encrypted-preferred when = \"not metered\" }")
BUS=unix:path=$T/bus
# shellcheck disable=SC2034 # launch_client reads it
CLIENT_AS=(env "DBUS_SYSTEM_BUS_ADDRESS=$BUS")
cat >"$T/bus.conf" <<-END
	<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig>
	<listen>$BUS</listen>
	<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
	</busconfig>
END
[ -x "$TSCF_TOOLS/network-manager" ] || skip "built without D-Bus"
command -v dbus-daemon >/dev/null || skip "needs dbus-daemon"

start_bus() {
	background bus "$PHONE" dbus-daemon --config-file="$T/bus.conf" --nofork
	bus_pid=$LAST_PID
	must 5 '[ -S "$T/bus" ]' "there is a bus"
}
# manager METERED [NAME]: NetworkManager is there, and says that at first.  says WHAT...: something else.
manager() {
	rm -f "$T/says"
	mkfifo "$T/says"
	background manager "$PHONE" bash -c 'in=$1; shift; exec "$@" <>"$in"' - "$T/says" "$TSCF_TOOLS/network-manager" "$BUS" "$@"
	manager_pid=$LAST_PID
}
says() { echo "$*" >"$T/says"; }
# on_bus: how many programs are.
on_bus() { in_phone ss -xH state established | grep -c "$T/bus "; }
# condition TEXT: its state.
condition() { client_status ".conditions[] | select(.condition == \"$1\").state"; }
# place PORT: the policy of the socket and its tunnel, or "plain": no policy is in force for it.
place() {
	client sockets --json |
		jq -r --arg port ":$1" '[.[] | select((.local | endswith($port)) and .policy)] | if . == [] then "plain" else .[0] | "\(.policy) \(.tunnel)" end'
}
both() { echo "$(place 5070), $(place 5072)"; }
# known METERED-STATE TUNNELS WHEN
known() { must 10 '[ "$(condition metered), $(both)" = "'"$1, $2"'" ]' "$3"; }
talker() { program "talker-$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:$1" --to $HOST:7000 --rate 50 --report 50; }

topology
echo_server
start_server
start_client
talker 5070
talker 5072
grows talker-5070 .echoed 10
grows talker-5072 .echoed 10
known unknown "costly encrypted, plain" "without a bus, nobody knows"
start_bus
manager 0
must 10 '[ "$(on_bus)" -eq 2 ]' "client and NetworkManager are on the bus"
known unknown "costly encrypted, plain" "NetworkManager does not know"
says metered 1
known holds "costly encrypted, plain" "it is metered"
says metered 2
known "does not hold" "plain, cheap encrypted" "it is not"
says metered 3
known holds "costly encrypted, plain" "NetworkManager guesses that it is"
says metered 4
known "does not hold" "plain, cheap encrypted" "NetworkManager guesses that it is not"
kill "$manager_pid"
known unknown "costly encrypted, plain" "NetworkManager is gone"
manager 2
known "does not hold" "plain, cheap encrypted" "it is there again"
kill "$bus_pid"
known unknown "costly encrypted, plain" "the bus is gone"
rm -f "$T/bus"
start_bus
manager 2
known "does not hold" "plain, cheap encrypted" "the bus is there again"
grows talker-5070 .echoed 20
grows talker-5072 .echoed 20
is "status names the condition as it was written" "$(client_status '[.conditions[].condition] | join(", ")')" = "metered, not metered"

# --- the name of the connection ---
printf '%s\n' "persistence = 0" 'policy costly { protocol = udp local-port = 5070 level = encrypted-only when = "not connection Office LAN" }' \
	'policy cheap { protocol = udp local-port = 5072 level = encrypted-preferred when = "connection Home" }' >"$T/client.conf"
client reload >/dev/null || die "reload"
# named OFFICE HOME TUNNELS WHEN: the states of the two conditions.
named() { must 10 '[ "$(condition "not connection Office LAN"), $(condition "connection Home"), $(both)" = "'"$1, $2, $3"'" ]' "$4"; }
named unknown unknown "costly encrypted, plain" "NetworkManager has made no connection"
says connection Office LAN
named "does not hold" "does not hold" "plain, plain" "it is the office"
says connection Home
named holds holds "costly encrypted, cheap encrypted" "it is home"
says rename Office LAN
named "does not hold" "does not hold" "plain, plain" "the connection has another name"
says connection Office
named holds "does not hold" "costly encrypted, plain" "one of a similar name"
says connection
named unknown unknown "costly encrypted, plain" "there is none"
says connection Home
named holds holds "costly encrypted, cheap encrypted" "it is home again"
kill "$manager_pid"
named unknown unknown "costly encrypted, plain" "NetworkManager is gone"
manager 2 Home
named holds holds "costly encrypted, cheap encrypted" "it is there again"

printf '%s\n' "persistence = 0" >"$T/client.conf"
client reload >/dev/null || die "reload"
must 10 '[ "$(on_bus)" -eq 1 ]' "no policy names it any more: the client has left the bus"
