# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib.sh - what every end-to-end test shares: the topology, the daemons, the capture, and taking it all away again.
#
#     phone namespace            server namespace                service namespace
#    +--------------------+     +--------------------------+     +---------------------+
#    | tscf0   10.8.0.x   |     |  tscf0   10.8.0.1        |     |                     |
#    | tscf1   10.9.0.x   |     |  tscf1   10.9.0.1        |     |  192.0.2.10         |
#    |                    |     |                          |     |  192.0.2.20         |
#    | access             |     | access          service  |     | service             |
#    |   198.51.100.2 ----+-----+-- .1         192.0.2.1 --+-----+--                   |
#    +--------------------+  ^  +--------------------------+     +---------------------+
#                            |
#                     the access link: captured, and every byte of it is looked at
#
# A second phone at 198.51.100.3 (namespace phone2) is there for tests that call topology_phone2.
# The phone's default route leads to the access link, so packets that miss their tunnel show there.  But the server does not forward
# packets from the access link, so packets that reach the service network have been through a tunnel.
#
# A test sources this file, calls topology, and then uses the functions below.  Names of namespaces contain the
# process id, so that tests can run in parallel.  The EXIT trap removes every process, namespace and file.
# Everything inside is IPv4, or IPv6 with TSCF_INNER=6; TSCF_OUTER is the same for outside.  The IPv6 addresses are those of the picture
# with 2001:db8:1:: instead of 198.51.100., and 2001:db8:2:: instead of 192.0.2.
# TSCF_TEST_TRANSPORT=tcp runs a test over TCP and TLS instead of UDP and DTLS; tests of both set TRANSPORT=auto.
# Environment (set by make check): TSCF_SRC, TSCF_TOOLS (flow, tcp, hammer, sizes), TSCF_BINDIR, TSCF_SBINDIR, TSCF_PRELOAD;
# TSCF_KEEP, if not empty, leaves the logs.  TSCF_PATIENCE=N has conditions wait for N times as long, on machines that are
# that slow.

set -u

# The system's own programs: what a version manager puts in front of them starts five shells for each python.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

: "${TSCF_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${TSCF_BUILD:=$TSCF_SRC}"
: "${TSCF_TOOLS:=$TSCF_BUILD/tests/net}"
: "${TSCF_BINDIR:=$TSCF_BUILD/tests/root/usr/local/bin}"
: "${TSCF_SBINDIR:=$TSCF_BUILD/tests/root/usr/local/sbin}"
: "${TSCF_PRELOAD:=$TSCF_BUILD/tests/root/usr/local/lib/tscf/libtscf-preload.so}"
export TSCF_PRELOAD
# For builds with sanitizers.
export TSAN_OPTIONS="suppressions=$TSCF_SRC/tests/tsan.supp:print_suppressions=0${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"

PHONE=tscf-$$-phone
PHONE2=tscf-$$-phone2
SERVER=tscf-$$-server
SERVICE=tscf-$$-service

: "${TSCF_INNER:=4}"
: "${TSCF_OUTER:=4}"
# SERVER_OUTER is an address as it stands before a port; the others are plain.
if [ "$TSCF_OUTER" = 6 ]; then
	SERVER_LINK=2001:db8:1::1 PHONE_OUTER=2001:db8:1::2 PHONE2_OUTER=2001:db8:1::3
	SERVER_OUTER="[$SERVER_LINK]"
else
	SERVER_LINK=198.51.100.1 PHONE_OUTER=198.51.100.2 PHONE2_OUTER=198.51.100.3
	SERVER_OUTER=$SERVER_LINK
fi
if [ "$TSCF_INNER" = 6 ]; then
	SERVICE_NET=2001:db8:2::/64 HOST=2001:db8:2::10 HOST2=2001:db8:2::20 SERVICE_GATEWAY=2001:db8:2::1
	PLAIN_POOL=2001:db8:8::/64 ENCRYPTED_POOL=2001:db8:9::/64 ANY=::
else
	SERVICE_NET=192.0.2.0/24 HOST=192.0.2.10 HOST2=192.0.2.20 SERVICE_GATEWAY=192.0.2.1
	PLAIN_POOL=10.8.0.0/24 ENCRYPTED_POOL=10.9.0.0/24 ANY=0.0.0.0
fi
PORT=2004
TRANSPORT=${TSCF_TEST_TRANSPORT:-udp}

T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
CLIENT_CONTROL=$T/client.sock
SERVER_CONTROL=$T/server.sock
PCAP=$T/access.pcap

FAILED=0
KEEP_LOGS=${TSCF_KEEP-}
PATIENCE=${TSCF_PATIENCE:-1}
NAMESPACES=()
MADE_ETC_NETNS=
MADE_CGROUP=
PIDS=()
PIN=
SERVER_PID=
CLIENT_PID=
CAPTURE_PID=

# --- results -------------------------------------------------------------------------------------------------------

pass() { printf 'ok - %s\n' "$*"; }
fail() {
	printf 'not ok - %s\n' "$*"
	FAILED=$((FAILED + 1))
}
note() { printf '# %s\n' "$*"; }

# check DESCRIPTION COMMAND [ARG...]: the command's exit status is the result.  What grep looks for may come a moment later:
# a thread of its own writes the lines of a log.
check() {
	local what=$1
	shift
	[ "$1" != grep ] || set -- wait_until 5 "${*@Q}"
	if "$@"; then
		pass "$what"
	elif [ "$1" = wait_until ]; then
		fail "$what: not within $2 s"
	else
		fail "$what"
	fi
}

# is DESCRIPTION ACTUAL OPERATOR EXPECTED, with an operator of test(1); both values are shown when it fails.
is() {
	if test "$2" "$3" "$4"; then pass "$1 ($2)"; else fail "$1: got '$2', expected $3 '$4'"; fi
}

skip() {
	printf 'ok # SKIP %s\n' "$*"
	exit 77
}

# The test cannot go on.
die() {
	fail "$*"
	exit 1
}

# wait_until SECONDS CONDITION: evaluate the condition until it is true; fails when the time is over.
wait_until() {
	local end=$((SECONDS + $1 * PATIENCE + 1))
	until eval "$2" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		command sleep 0.05
	done
}

# The same, and the test ends if it does not come true.
must() { wait_until "$1" "$2" || die "did not happen within $1 s: ${3:-$2}"; }

# now: seconds since the epoch with microseconds, as the capture's time stamps.
now() { printf '%s\n' "$EPOCHREALTIME"; }

# elapsed FROM [TO]: milliseconds between two values of now.
elapsed() { awk -v a="$1" -v b="${2:-$EPOCHREALTIME}" 'BEGIN { printf "%d\n", (b - a) * 1000 }'; }

# --- end of a test -------------------------------------------------------------------------------------------------

show_logs() {
	local log
	printf '# server counters: %s\n' "$(server_status '.counters | with_entries(select(.value > 0)) | tojson' 2>/dev/null)"
	printf '# server sessions: %s\n' "$(server sessions --json 2>/dev/null | jq -c '.[:4]' 2>/dev/null)"
	printf '# client counters: %s\n' "$(client_status '.counters | with_entries(select(.value > 0)) | tojson' 2>/dev/null)"
	for log in "$T"/*.log; do
		[ -s "$log" ] || continue
		printf '# ---- last lines of %s\n' "${log##*/}"
		# Without lines that are logged many times a second.
		tr '\r' '\n' <"$log" | grep -v -e '^ *$' -e 'audio=' -e 'does not list sockets' | tail -n 60 | cut -c1-300 | sed 's/^/# /'
	done
}

# A finding of a sanitizer fails a test, even if all its checks pass.
FINDING='ERROR: [A-Za-z]*Sanitizer|WARNING: ThreadSanitizer|^ThreadSanitizer:|: runtime error: '
sanitizers_found_nothing() {
	! grep -sqE "$FINDING" "$T"/*.log "$T"/*.out
}
show_findings() { grep -shE -A 45 "$FINDING" "$T"/*.log "$T"/*.out | head -n 150 | sed 's/^/# /'; }

# Kill by id: the processes that this test started, and those in its own namespaces.
cleanup() {
	local status=$? ns pid
	trap '' INT TERM HUP PIPE
	trap - EXIT
	if ! sanitizers_found_nothing; then
		fail "a sanitizer has found something"
		show_findings
	fi
	[ "$FAILED" -eq 0 ] || status=1
	if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then show_logs; fi
	# From here on the shell would only report killed jobs.
	exec 2>/dev/null
	[ ${#PIDS[@]} -eq 0 ] || kill -KILL "${PIDS[@]}"
	for ns in "${NAMESPACES[@]}"; do
		for pid in $(ip netns pids "$ns"); do kill -KILL "$pid"; done
	done
	wait
	for ns in "${NAMESPACES[@]}"; do
		# This removes the guard, which a killed client leaves outside the namespace; its devices must be gone by now.
		case $ns in *phone*) ip netns exec "$ns" "$TSCF_SBINDIR/tscf-client" flush --config /dev/null --control "$T/flush.sock" ;; esac
		ip netns del "$ns"
		rm -rf "/etc/netns/$ns"
	done
	[ -z "$MADE_ETC_NETNS" ] || rmdir /etc/netns
	# The kernel takes a moment to forget the processes of a cgroup.
	[ -z "$MADE_CGROUP" ] || wait_until 5 remove_cgroup
	if [ -n "$KEEP_LOGS" ]; then printf '# kept: %s\n' "$T"; else rm -rf "$T"; fi
	exit "$status"
}
trap cleanup EXIT
trap 'exit 129' HUP
# If the reader of the output has ended, as head does, everything is still removed.
trap 'exit 141' PIPE
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=tests/net/lib_topology.sh
. "$TSCF_SRC/tests/net/lib_topology.sh"
# shellcheck source=tests/net/lib_link.sh
. "$TSCF_SRC/tests/net/lib_link.sh"

# --- programs -------------------------------------------------------------------------------------------------------

# in_phone, in_server, in_service: run a command there.
in_phone() { ip netns exec "$PHONE" "$@"; }
in_phone2() { ip netns exec "$PHONE2" "$@"; }
in_server() { ip netns exec "$SERVER" "$@"; }
in_service() { ip netns exec "$SERVICE" "$@"; }

# background NAME NAMESPACE COMMAND...: start it, output to NAME.out and NAME.log; its id is in LAST_PID.
background() {
	local name=$1 ns=$2
	shift 2
	ip netns exec "$ns" "$@" >"$T/$name.out" 2>>"$T/$name.log" &
	LAST_PID=$!
	PIDS+=("$LAST_PID")
}

# realtime: for tests of delays.  The daemons and the echo servers that are started from now on, and what has "${REALTIME[@]}" before it,
# run before everything else: a busy machine does not delay what is measured.
REALTIME=()
realtime() {
	REALTIME=(chrt --fifo 10)
	"${REALTIME[@]}" true 2>/dev/null || REALTIME=()
	CLIENT_AS=("${REALTIME[@]}") SERVER_AS=("${REALTIME[@]}")
}

# preload ARRAY LIBRARY [VARIABLE=VALUE...]: ARRAY becomes the words in front of a command that make it run with that library of the tests.
# With CLIENT_AS or SERVER_AS, the client or the server does.
preload() {
	local -n words=$1
	local library=$TSCF_TOOLS/.libs/$2.so
	[ -e "$library" ] || die "not built: $library"
	# The runtime of ASan wants to be first, and need not be.
	words=(env "LD_PRELOAD=$library" "ASAN_OPTIONS=verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}" "${@:3}")
}
# set_clock FILE SECONDS: the wall clock of programs with libclock and TSCF_TEST_CLOCK=FILE is ahead by that much from now on.
set_clock() { printf '%-24d' "$2" 1<>"$1"; }

# --- the daemons ---------------------------------------------------------------------------------------------------

server() { in_server "$TSCF_SBINDIR/tscf-server" "$@" --control "$SERVER_CONTROL"; }
client() { in_phone "$TSCF_SBINDIR/tscf-client" "$@" --control "$CLIENT_CONTROL"; }
tscf_run() { in_phone "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" "$@"; }

server_status() { server status --json | jq -r "$1"; }
server_counter() { server_status ".counters.$1 // 0"; }
client_status() { client status --json | jq -r "$1"; }

# services_config SERVICES: a configuration file of a server, of which a reload may read the services again.
services_config() {
	cat >"$T/server.conf" <<-END
		tscf-interface "access" {
			assigned-services = "$1"
			tscf-port { address = "$SERVER_OUTER" port = $PORT }
			tscf-address-pool { range = "$PLAIN_POOL" encrypted-range = "$ENCRYPTED_POOL" }
		}
		route = "$SERVICE_NET"
	END
}
# start_server [OPTION...]: returns when the server answers; PIN is then its pin.  SERVICES holds its assigned-services,
# SERVER_CONF lines for its configuration file.
SERVER_CONF=("keepalive-timer = 0")
start_server() {
	printf '%s\n' "${SERVER_CONF[@]}" >"$T/server.conf"
	start_server_bare --config "$T/server.conf" --listen $SERVER_OUTER:$PORT --pool $PLAIN_POOL --encrypted-pool $ENCRYPTED_POOL --route $SERVICE_NET \
		--services "${SERVICES-DTTE}" "$@"
}
# The same without options for addresses, for a configuration file.  SERVER_AS is a command that starts it.
SERVER_AS=()
start_server_bare() {
	ip netns exec "$SERVER" "${SERVER_AS[@]}" "$TSCF_SBINDIR/tscf-server" --foreground --control "$SERVER_CONTROL" --state-dir "$T/state" \
		--log-level debug "$@" >>"$T/server.log" 2>&1 &
	SERVER_PID=$!
	PIDS+=("$SERVER_PID")
	must 10 'server status --json' "tscf-server answers"
	PIN=$(server_status .pin)
}

# start_client [OPTION...]: returns when the plain tunnel is up, and PHONE_INNER holds its address.  launch_client does not wait.
# CLIENT_CONF holds lines for its configuration file; with an empty PIN the options must say what the server is verified by.
CLIENT_CONF=()
# A command that starts it.
CLIENT_AS=()
launch_client() {
	printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
	ip netns exec "$PHONE" "${CLIENT_AS[@]}" "$TSCF_SBINDIR/tscf-client" --config "$T/client.conf" --foreground --server $SERVER_OUTER:$PORT \
		${PIN:+--pin "$PIN"} --transport "$TRANSPORT" --control "$CLIENT_CONTROL" --state-dir "$T/phone" --log-level debug "$@" >>"$T/client.log" 2>&1 &
	CLIENT_PID=$!
	PIDS+=("$CLIENT_PID")
}
start_client() {
	launch_client "$@"
	must 10 'client status --json' "tscf-client answers"
	client status --wait-up 10 >/dev/null || die "the plain tunnel did not come up"
	PHONE_INNER=$(client_status '.plain.internal[0]' | cut -d/ -f1)
}
# The same for a test of the guard, which is skipped where there is none.
start_guarded_client() {
	start_client "$@"
	[ "$(client_status .guard.state)" = on ] || skip "no guard here: $(client_status .guard.reason)"
}

# private_names: the phone's client looks names up with $T/hosts and $T/resolv.conf, which name no server at first.
private_names() {
	: >"$T/hosts"
	echo "nameserver 127.0.0.1" >"$T/resolv.conf"
	cat >"$T/with-names" <<-END
		#!/bin/sh
		mount --bind "$T/hosts" /etc/hosts && mount --bind "$T/resolv.conf" /etc/resolv.conf && exec "\$@"
	END
	chmod +x "$T/with-names"
	CLIENT_AS=("$T/with-names")
}

# start_second_client NAME NAMESPACE [OPTION...]: another phone; its control path is NAME.sock.
start_second_client() {
	local name=$1 ns=$2
	shift 2
	ip netns exec "$ns" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" \
		--control "$T/$name.sock" --state-dir "$T/$name" --log-level debug "$@" >>"$T/$name.log" 2>&1 &
	LAST_PID=$!
	PIDS+=("$LAST_PID")
	must 10 "ip netns exec $ns $TSCF_SBINDIR/tscf-client status --json --control $T/$name.sock" "$name answers"
	ip netns exec "$ns" "$TSCF_SBINDIR/tscf-client" status --wait-up 10 --control "$T/$name.sock" >/dev/null
}

# gone PID [SECONDS]: wait for a process that is a child of this shell.
gone() { wait_until "${2:-10}" "! kill -0 $1"; }

# finish PID [SECONDS]: wait for its end and return its exit status; 124 if it does not end.
finish() {
	gone "$1" "${2:-20}" || {
		kill -KILL "$1"
		return 124
	}
	wait "$1"
}

stop_client() {
	kill -TERM "$CLIENT_PID" 2>/dev/null
	finish "$CLIENT_PID" 10
}
stop_server() {
	kill -TERM "$SERVER_PID" 2>/dev/null
	finish "$SERVER_PID" 10
}
kill_client() {
	kill -KILL "$CLIENT_PID"
	wait "$CLIENT_PID" 2>/dev/null
}
kill_server() {
	kill -KILL "$SERVER_PID"
	wait "$SERVER_PID" 2>/dev/null
}

encrypted_state() { client_status .encrypted.state; }
encrypted_up() { [ "$(encrypted_state)" = up ]; }
plain_up() { [ "$(client_status .plain.state)" = up ]; }
# The transport of a tunnel that is up, or "down".
plain_by() { client_status 'if .plain.state == "up" then .plain.transport else "down" end'; }
encrypted_by() { client_status 'if .encrypted.state == "up" or .encrypted.state == "lingering" then .encrypted.transport else "down" end'; }

# level LEVEL SELECTOR...: change the level of sockets of running programs.
level() { client level "$@"; }

# tunnel_of PROTOCOL PORT: the tunnel of the phone's socket with that local port, as the client sees it.
tunnel_of() {
	client sockets --json |
		jq -r --arg p "$1" --arg port ":$2" '[.[] | select(.protocol == $p and (.local | endswith($port)))][0].tunnel'
}

# --- traffic -------------------------------------------------------------------------------------------------------

# last NAME EXPRESSION: from the newest report of a flow.  A flow that could not begin is said in the log, with its system call.
last() {
	local line
	line=$(tail -n 1 "$T/$1.out" 2>/dev/null)
	if [[ $line == *'"failed"'* && $2 != .failed* && $2 != .error* ]]; then echo "# $1: $line" >&2; fi
	jq -r "$2" <<<"$line"
}

# at LEVEL: sets AT to the words before a program in the phone that make its sockets start at that level.  LEVEL may be "library",
# for the library without a level, or "stranger", for neither.
at() {
	case $1 in
	stranger) AT=(env) ;;
	library) AT=(env "TSCF_CONTROL=$CLIENT_CONTROL" "LD_PRELOAD=$TSCF_PRELOAD") ;;
	*) AT=("$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level "$1" --) ;;
	esac
}
# run LEVEL COMMAND...: run a program in the phone.
run() {
	at "$1"
	in_phone "${AT[@]}" "${@:2}"
}
# program NAME LEVEL COMMAND...: the same in the background (see background).
program() {
	at "$2"
	background "$1" "$PHONE" "${AT[@]}" "${@:3}"
}

# grows NAME FIELD COUNT [WHAT]: wait until a number in a background flow's report has grown by COUNT; tests wait in this way.
grows() {
	local from
	from=$(last "$1" "$2 // 0")
	must 15 "[ \"\$(last $1 '$2 // 0')\" -ge $((from + $3)) ]" "${4-$1: $2 grows by $3}"
}

# Servers in the service network that send packets back; echo_server is both, at $HOST:7000.
udp_echo() {
	background "echo-$2" "$SERVICE" "${REALTIME[@]}" "$TSCF_TOOLS/flow" --bind "$1:$2" --echo --report 50
	must 5 "[ -s '$T/echo-$2.out' ]" "UDP echo server"
}
tcp_echo() {
	background "tcpecho-$2" "$SERVICE" "${REALTIME[@]}" "$TSCF_TOOLS/tcp" --serve "$1:$2"
	must 5 "[ -s '$T/tcpecho-$2.out' ]" "TCP echo server"
}
echo_server() {
	udp_echo $HOST 7000
	tcp_echo $HOST 7000
}

# waited: milliseconds that the daemons and the programs of the test have waited for a processor, in total.  The machine cannot have
# delayed a sequence of events for longer than that.
waited() {
	local pid files=()
	for pid in "${PIDS[@]}"; do files+=("/proc/$pid/task/"*/schedstat); done
	cat "${files[@]}" 2>/dev/null | awk '{ sum += $2 } END { printf "%d\n", sum / 1000000 }'
}
# watch_stalls: from now on, a program notes when it has waited for a processor, and for how many milliseconds.
watch_stalls() {
	background stalls "$PHONE" python3 -c 'import time
longest, before = 0, time.monotonic()
while True:
    time.sleep(0.005)
    now = time.monotonic()
    if now - before > min(longest, 0.02):
        longest = max(longest, now - before)
        print(time.time(), round((now - before) * 1000), flush=True)
    before = now'
	must 5 '[ -s "$T/stalls.out" ]' "stalls are watched"
}
# longest_stall [FROM]: the longest of these times, since FROM, a value of now.
longest_stall() { awk -v from="${1:-0}" '$1 >= from && $2 > longest { longest = $2 } END { print longest + 0 }' "$T/stalls.out"; }
# stood_still FROM: all of them together since then; for tests that measure how long something takes.
stood_still() { awk -v from="$1" '$1 >= from { sum += $2 } END { print sum + 0 }' "$T/stalls.out"; }
# unless_stalled COMMAND...: the command measures, and returns whether all is right.  If it is not, and the machine stood still for a
# time that shows, it measures again, three times at most.
unless_stalled() {
	local from tries
	for tries in 1 2 3; do
		from=$(now)
		"$@" && return 0
		[ "$(longest_stall "$from")" -ge 50 ] || return 1
		note "measurement $tries is void: the machine stood still for $(longest_stall "$from") ms"
	done
	return 1
}
# happens: from now on the time of the next calls of within counts.
happens() { WAITED_BEFORE=$(waited) HAPPENED=$(now); }
# delayed: how many milliseconds the machine may have added since then.  The processes' own waits do not contain what a host of virtual
# machines takes away.
delayed() {
	local waits=$(($(waited) - WAITED_BEFORE)) stalls
	stalls=$(stood_still "$HAPPENED")
	echo $((waits > stalls ? waits : stalls))
}
# within DESCRIPTION MILLISECONDS NAME FIELD: that field of the reports of a background flow, which come every 50 ms, grows and goes on growing; its last
# silence was over so many milliseconds after happens was called.  A tenth of a second more is for the reports.  The test calls watch_stalls before.
within() {
	local at
	must 20 "[ \"\$(last $3 '$4 // 0')\" -ge $(($(last "$3" "$4 // 0") + 10)) ]" "$1"
	at=$(jq -r "[.time, $4] | @tsv" "$T/$3.out" | awk -v at="$HAPPENED" -v from="$HAPPENED" '
		$1 >= from && $2 == count { silent = 1 }
		$1 >= from && $2 > count && silent { at = $1; silent = 0 }
		{ count = $2 }
		END { print at }')
	is "$1: milliseconds" "$(elapsed "$HAPPENED" "$at")" -le $(($2 + 100 + $(delayed)))
}

# reachable: one packet goes to the echo server and back in the plain tunnel.
reachable() { in_phone "$TSCF_TOOLS/flow" --to "${1:-$HOST:7000}" --count 1 --linger 1000 --until-echoed 1 >/dev/null; }

# only: an encrypted-only socket of the phone sends to the echo server.
only() {
	program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
	only=$LAST_PID
}
