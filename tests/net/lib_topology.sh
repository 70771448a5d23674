# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_topology.sh - the namespaces, links and addresses of the picture in lib.sh, files in /etc and cgroups of a test's own, and
# systems of their own.  Sourced by lib.sh.

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

# many_clients: TSCF_LOAD is a program that plays many clients, in the phone; each has an outer address of 100.64.0.0/16.
many_clients() {
	: "${TSCF_LOAD:=$TSCF_BUILD/tests/bench/tscf-load}"
	[ -x "$TSCF_LOAD" ] || skip "needs tscf-load"
	ip -n "$PHONE" route add local 100.64.0.0/16 dev lo
	ip -n "$SERVER" route add 100.64.0.0/16 via $PHONE_OUTER
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
