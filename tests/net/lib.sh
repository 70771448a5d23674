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
# TSCF_KEEP, if not empty, leaves the logs.

set -u

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

# check DESCRIPTION COMMAND [ARG...]: the command's exit status is the result.
check() {
	local what=$1
	shift
	if "$@"; then pass "$what"; else fail "$what"; fi
}

# is DESCRIPTION ACTUAL OPERATOR EXPECTED, with an operator of test(1); both values are shown when it fails.
is() {
	if test "$2" "$3" "$4"; then pass "$1 ($2)"; else fail "$1: got '$2', expected $3 '$4'"; fi
}

# The test cannot go on.
die() {
	fail "$*"
	exit 1
}

# wait_until SECONDS CONDITION: evaluate the condition until it is true; fails when the time is over.
wait_until() {
	local end=$((SECONDS + $1 + 1))
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
sanitizers_found_nothing() {
	! grep -sqE 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|^ThreadSanitizer:|: runtime error: ' "$T"/*.log "$T"/*.out
}

# Kill by id: the processes that this test started, and those in its own namespaces.
cleanup() {
	local status=$? ns pid
	trap '' INT TERM HUP PIPE
	trap - EXIT
	sanitizers_found_nothing || fail "a sanitizer has found something"
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

# --- topology ------------------------------------------------------------------------------------------------------

# in_phone, in_server, in_service: run a command there.  exec_in NS leaves no shell in between: for background jobs.
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

make_namespace() {
	ip netns add "$1" || exit 99
	NAMESPACES+=("$1")
	ip netns exec "$1" true || {
		echo "programs cannot be run in network namespaces here: in a chroot, its directory must be a mount point (mount --bind DIR DIR)" >&2
		exit 99
	}
	ip -n "$1" link set lo up
	# Without IPv6 on the links, only packets of the test are on the wire.
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

# etc_file NAMESPACE NAME: programs that start there find $T/etc-NAME, which can be written in place, as /etc/NAME.
etc_file() {
	[ -d /etc/netns ] || { mkdir /etc/netns && MADE_ETC_NETNS=1; }
	mkdir -p "/etc/netns/$1"
	touch "$T/etc-$2"
	ln -s "$T/etc-$2" "/etc/netns/$1/$2"
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

# cgroup_root: the directory where cgroup v2 is mounted; fails if it is not.
cgroup_root() { awk '$3 == "cgroup2" { print $2; found = 1; exit } END { exit !found }' /proc/self/mounts; }
# make_cgroup: CGROUP is a cgroup of this test's own, which is removed at the end with all below it.
make_cgroup() {
	CGROUP=$(cgroup_root)/tscf-test-$$
	mkdir "$CGROUP" && MADE_CGROUP=$CGROUP
} 2>/dev/null
remove_cgroup() { [ ! -e "$MADE_CGROUP" ] || { find "$MADE_CGROUP" -depth -type d -exec rmdir {} \; && [ ! -e "$MADE_CGROUP" ]; }; }

# Segments as they are on the wire: a capture must not show super-packets.
plain_segments() { ip -n "$1" link set "$2" gso_max_segs 1 2>/dev/null || true; }

# ipv6_on NAMESPACE DEVICE: IPv6, without the kernel's own addresses and messages.
ipv6_on() {
	ip -n "$1" link set "$2" addrgenmode none
	ip netns exec "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0" "net.ipv6.conf.$2.disable_ipv6=0"
}

# add_address NAMESPACE DEVICE ADDRESS/BITS
add_address() {
	case $3 in
	*:*) ipv6_on "$1" "$2" && ip -n "$1" addr replace "$3" dev "$2" nodad ;;
	*) ip -n "$1" addr add "$3" dev "$2" ;;
	esac || exit 99
}

# The access link also has addresses of the inner family, so that packets that miss their tunnel have a route.
# access_addresses NAMESPACE DEVICE HOST-NUMBER
access_addresses() {
	[ "$TSCF_OUTER$TSCF_INNER" = 66 ] || add_address "$1" "$2" "198.51.100.$3/24"
	[ "$TSCF_OUTER$TSCF_INNER" = 44 ] || add_address "$1" "$2" "2001:db8:1::$3/64"
}

# default_route NAMESPACE: over the access link, for both families where they are.
default_route() {
	[ "$TSCF_OUTER$TSCF_INNER" = 66 ] || ip -n "$1" route add default via 198.51.100.1
	[ "$TSCF_OUTER$TSCF_INNER" = 44 ] || ip -n "$1" route add default via 2001:db8:1::1
}

# Packets from a link are not forwarded: only the tunnels lead into the service network.
no_forwarding_from() {
	in_server sysctl -qw "net.ipv4.conf.$1.forwarding=0"
	# In IPv6 that setting has another meaning.
	ip -n "$SERVER" -6 rule add iif "$1" blackhole priority 100
}

topology() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
	ip netns list >/dev/null 2>&1 || skip "needs ip netns"
	[ "$TSCF_OUTER$TSCF_INNER" = 44 ] || [ -e /proc/sys/net/ipv6 ] || skip "needs IPv6"
	make_namespace "$PHONE"
	make_namespace "$SERVER"
	make_namespace "$SERVICE"
	ip -n "$PHONE" link add access type veth peer name access netns "$SERVER" || exit 99
	ip -n "$SERVICE" link add service type veth peer name service netns "$SERVER" || exit 99
	ip -n "$PHONE" link set access up
	ip -n "$SERVER" link set access up
	ip -n "$SERVER" link set service up
	ip -n "$SERVICE" link set service up
	access_addresses "$PHONE" access 2
	access_addresses "$SERVER" access 1
	service_addresses "$SERVICE_GATEWAY" "$HOST" "$HOST2" "${SERVICE_NET#*/}"
	plain_segments "$PHONE" access
	plain_segments "$SERVER" access
	default_route "$PHONE"
	in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	no_forwarding_from access
}

# service_addresses GATEWAY HOST HOST2 BITS: the service network.
service_addresses() {
	if [ "$TSCF_INNER" = 6 ]; then
		# A router without such an address finds no neighbours.
		add_address "$SERVER" service fe80::1/64
		add_address "$SERVICE" service fe80::2/64
	fi
	add_address "$SERVER" service "$1/$4"
	add_address "$SERVICE" service "$2/$4"
	add_address "$SERVICE" service "$3/$4"
	ip -n "$SERVICE" route add default via "$1"
}

# A second phone on the access link: a bridge joins the three.
topology_phone2() {
	make_namespace "$PHONE2"
	ip -n "$SERVER" addr flush dev access
	ip -n "$SERVER" link add bridge type bridge
	ip -n "$SERVER" link set access master bridge
	ip -n "$PHONE2" link add access type veth peer name access2 netns "$SERVER"
	ip -n "$SERVER" link set access2 master bridge up
	ip -n "$SERVER" link set bridge up
	ip -n "$PHONE2" link set access up
	access_addresses "$SERVER" bridge 1
	access_addresses "$PHONE2" access 3
	default_route "$PHONE2"
	no_forwarding_from bridge
}

# own_system NAME NAMESPACE: makes the command $T/NAME/in, which runs a command in the namespace as on a host of its own: configurations ($T/NAME/etc),
# state and /run are its own, and programs in $T/NAME/bin come before others of their name.
own_system() {
	local dir=$T/$1 etc
	etc=$("$TSCF_SBINDIR/tscf-client" --help | sed -n 's,.* default \(/.*\)/tscf/tscf-client.conf$,\1,p')
	mkdir -p "$dir/run" "$dir/bin" "$dir/lib"
	printf '%s\n' '#!/bin/sh' 'set -e' >"$dir/mounts"
	case $etc in
	/etc)
		cp -a /etc "$dir/etc"
		rm -rf "$dir/etc/tscf"
		printf 'mount --bind %s %s\n' "$dir/etc" /etc "$dir/lib" /var/lib >>"$dir/mounts"
		;;
	/usr/local/etc)
		mkdir -p "$dir/local/etc" "$dir/local/var" "$dir/sysctl.d"
		ln -s local/etc "$dir/etc"
		[ -d /etc/sysctl.d ] || skip "needs /etc/sysctl.d"
		printf 'mount --bind %s %s\n' "$dir/local" /usr/local "$dir/sysctl.d" /etc/sysctl.d >>"$dir/mounts"
		;;
	*) skip "needs a build for /usr/local or /usr" ;;
	esac
	printf 'mount --bind %s /run\nPATH=%s:$PATH exec "$@"\n' "$dir/run" "$dir/bin:$TSCF_SBINDIR:$TSCF_BINDIR" >>"$dir/mounts"
	printf '#!/bin/sh\nexec ip netns exec %s %s "$@"\n' "$2" "$dir/mounts" >"$dir/in"
	chmod +x "$dir/mounts" "$dir/in"
}

skip() {
	printf 'ok # SKIP %s\n' "$*"
	exit 77
}

# --- the daemons ---------------------------------------------------------------------------------------------------

server() { in_server "$TSCF_SBINDIR/tscf-server" "$@" --control "$SERVER_CONTROL"; }
client() { in_phone "$TSCF_SBINDIR/tscf-client" "$@" --control "$CLIENT_CONTROL"; }
tscf_run() { in_phone "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" "$@"; }

server_status() { server status --json | jq -r "$1"; }
server_counter() { server_status ".counters.$1 // 0"; }
client_status() { client status --json | jq -r "$1"; }

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

# level LEVEL SELECTOR...: change the level of sockets of running programs.
level() { client level "$@"; }

# tunnel_of PROTOCOL PORT: the tunnel of the phone's socket with that local port, as the client sees it.
tunnel_of() {
	client sockets --json |
		jq -r --arg p "$1" --arg port ":$2" '[.[] | select(.protocol == $p and (.local | endswith($port)))][0].tunnel'
}

# --- traffic -------------------------------------------------------------------------------------------------------

# last NAME EXPRESSION: from the newest report of a background flow.
last() { tail -n 1 "$T/$1.out" 2>/dev/null | jq -r "$2"; }

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
	background "echo-$2" "$SERVICE" "$TSCF_TOOLS/flow" --bind "$1:$2" --echo --report 50
	must 5 "[ -s '$T/echo-$2.out' ]" "UDP echo server"
}
tcp_echo() {
	background "tcpecho-$2" "$SERVICE" "$TSCF_TOOLS/tcp" --serve "$1:$2"
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
# happens: from now on the time of the next calls of within counts.
happens() { WAITED_BEFORE=$(waited) HAPPENED=$(now); }
# within DESCRIPTION MILLISECONDS NAME FIELD: that field of the reports of a background flow, which come every 50 ms, grows and goes on growing; its last
# silence was over so many milliseconds after happens was called.  A tenth of a second more is for the reports.
within() {
	local at
	must 20 "[ \"\$(last $3 '$4 // 0')\" -ge $(($(last "$3" "$4 // 0") + 10)) ]" "$1"
	at=$(jq -r "[.time, $4] | @tsv" "$T/$3.out" | awk -v at="$HAPPENED" -v from="$HAPPENED" '
		$1 >= from && $2 == count { silent = 1 }
		$1 >= from && $2 > count && silent { at = $1; silent = 0 }
		{ count = $2 }
		END { print at }')
	is "$1: milliseconds" "$(elapsed "$HAPPENED" "$at")" -le $(($2 + 100 + $(waited) - WAITED_BEFORE))
}

# reachable: one packet goes to the echo server and back in the plain tunnel.
reachable() { in_phone "$TSCF_TOOLS/flow" --to "${1:-$HOST:7000}" --count 1 --linger 1000 --until-echoed 1 >/dev/null; }

# --- a firewall ----------------------------------------------------------------------------------------------------

# filter TRANSPORT...: of udp, tcp, dtls, tls only these get through the access link, in either direction; existing connections are cut
# off, too.  The network sends no errors.
filter() {
	local t rules=
	for t in "$@"; do
		case $t in
		udp | tcp) rules+="$t dport $PORT accept; $t sport $PORT accept;" ;;
		dtls) rules+="udp dport $((PORT + 1)) accept; udp sport $((PORT + 1)) accept;" ;;
		tls) rules+="tcp dport $((PORT + 1)) accept; tcp sport $((PORT + 1)) accept;" ;;
		esac
	done
	in_server nft -f - <<-END
		table inet firewall
		delete table inet firewall
		table inet firewall {
			chain in { type filter hook input priority 0; iifname access meta l4proto { icmp, ipv6-icmp } accept; iifname access udp dport 9 accept; $rules iifname access drop; }
			chain out { type filter hook output priority 0; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; oifname access meta l4proto { icmp, ipv6-icmp } drop; $rules oifname access drop; }
		}
	END
}
# translate PORTS: the server sees the client's ports through an address translator in its own namespace, which gives it these, and forgets
# each after a second of silence.
translate() {
	local nft=ip timeout
	[ "$TSCF_OUTER" = 4 ] || nft=ip6
	in_server nft -f - <<-END || return
		table $nft translator
		delete table $nft translator
		table $nft translator {
			chain in {
				type nat hook input priority 100;
				udp dport { $PORT, $((PORT + 1)) } snat to :$1
				tcp dport { $PORT, $((PORT + 1)) } snat to :$1
			}
		}
	END
	for timeout in udp_timeout udp_timeout_stream tcp_timeout_established tcp_timeout_unacknowledged tcp_timeout_max_retrans; do
		in_server sysctl -qw net.netfilter.nf_conntrack_$timeout=1
	done
}
# path_carries BYTES: the access link drops larger packets silently, in both directions.
path_carries() {
	local ns rule=
	[ "$1" -ge 1500 ] || rule="iifname access meta length gt $1 drop;"
	for ns in "$PHONE" "$SERVER"; do
		ip netns exec "$ns" nft -f - <<-END
			table inet path
			delete table inet path
			table inet path {
				chain in { type filter hook prerouting priority raw; $rule }
			}
		END
	done
}
# The transport of a tunnel that is up, or "down".
plain_by() { client_status 'if .plain.state == "up" then .plain.transport else "down" end'; }
encrypted_by() { client_status 'if .encrypted.state == "up" or .encrypted.state == "lingering" then .encrypted.transport else "down" end'; }
# only: an encrypted-only socket of the phone sends to the echo server.
only() {
	program only encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --marker "M-only " --report 50
	only=$LAST_PID
}

# --- the capture ---------------------------------------------------------------------------------------------------

# A datagram that the capture must show: it proves that the capture runs, and that all earlier packets are written.
fence() {
	local text="fence $RANDOM$RANDOM" end=$((SECONDS + 10))
	until grep -aqF "$text" "$PCAP" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || die "the capture does not work"
		in_phone bash -c "echo '$text' >/dev/udp/$SERVER_LINK/9" 2>/dev/null
		command sleep 0.05
	done
}

# Each packet takes as much of the kernel's buffer as the largest possible one: with this limit, a burst has room.
start_capture() {
	background tcpdump "$SERVER" tcpdump -Z root -i "${1:-access}" -n -U --immediate-mode -s 9216 -B 32768 -w "$PCAP"
	CAPTURE_PID=$LAST_PID
	fence
}

# Ends the capture; a capture that has lost packets proves nothing.
stop_capture() {
	fence
	kill -INT "$CAPTURE_PID"
	finish "$CAPTURE_PID" 5
	grep -q '^0 packets dropped by kernel' "$T/tcpdump.log" || die "the capture has lost packets"
}

# wire COMMAND [ARG...]: ask about the capture, running or ended; see wire.py.
wire() { python3 -B "$TSCF_SRC/tests/net/wire.py" "$PCAP" "$@"; }

# in_clear TEXT [FROM [TO]]: packets on the access link that contain the text, in a span of time.
in_clear() { wire clear "$1" ${2:+--from "$2"} ${3:+--to "$3"}; }

# socket_in_clear PROTO PORT [FROM [TO]]: clear inner packets of the phone's socket, fragments and ICMP quotes included.
socket_in_clear() { wire socket "$1" "$2" ${3:+--from "$3"} ${4:+--to "$4"}; }

# records up|down KIND [FROM [TO]]: DTLS records of a kind (data, handshake, alert, change-cipher-spec, invalid).
records() { wire dtls ${3:+--from "$3"} ${4:+--to "$4"} | jq -r ".$1[\"$2\"]"; }
