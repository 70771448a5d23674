# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# try.sh - a copy of this system, for scripts that try packages (deb-try, rpm-try), which source this.
#
# The copy is an overlay in a mount namespace, and goes with it.  systemd is not there: its place is taken by a script that
# notes what the packages' scripts want of it, so what they say is tried, not what systemd makes of it.
#
#   TRY      the name of the script, for its messages
#   WORK     a folder of its own
#   ROOT     the copy
#   FAILED   1 when something was not as it should be

TRY=$(basename "$0")
FAILED=0
[ "$(id -u)" -eq 0 ] || exit 77

# own_system ARGUMENT...: run the script again, with these, in namespaces of its own, and exit; there, make the copy.
own_system() {
	if [ -z "${TRY_INSIDE-}" ]; then
		WORK=$(mktemp -d "${TMPDIR:-/tmp}/tscf-$TRY.XXXXXX")
		trap 'rmdir "$WORK"' EXIT
		TRY_INSIDE=$WORK unshare --mount --pid --fork --kill-child "$(readlink -f "$0")" "$@" || exit
		exit 0
	fi
	WORK=$TRY_INSIDE
	ROOT=$WORK/root
	mount -t tmpfs tmpfs "$WORK" || exit 77
	mkdir "$WORK"/{upper,work,root}
	mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/upper,workdir=$WORK/work" "$ROOT" || exit 77
	mount -t tmpfs tmpfs "$ROOT/run"
	mount -t tmpfs tmpfs "$ROOT/tmp"
	mount -t proc proc "$ROOT/proc"
	mount --rbind /dev "$ROOT/dev"
	mkdir -p "$ROOT/run/systemd/system"
	rm -rf "$ROOT/var/lib/tscf" "$ROOT/etc/tscf" "$ROOT/usr/sbin/policy-rc.d"
	own_systemctl
}

# What runs is a file in /run/active, what is enabled is a link where systemd has it.
own_systemctl() {
	cat >"$WORK/systemctl" <<'END_SCRIPT'
#!/bin/sh
mkdir -p /run/active
wants=/etc/systemd/system/multi-user.target.wants
words= now=
for word; do
	case $word in
	--now) now=1 ;;
	-*) ;;
	*) words="$words $word" ;;
	esac
done
set -- $words
action=$1
shift
case $action in
is-enabled) if [ -e "$wants/$1" ]; then echo enabled; else echo disabled && exit 1; fi ;;
is-active) [ -e "/run/active/$1" ] || exit 3 ;;
disable)
	for unit; do rm -f "$wants/$unit"; done
	[ -z "$now" ] || exec "$0" stop "$@"
	;;
start | stop | restart | try-restart)
	for unit; do
		[ "$action" != try-restart ] || [ -e "/run/active/$unit" ] || continue
		echo "${action#try-} $unit" >>/run/told
		if [ "$action" = stop ]; then rm -f "/run/active/$unit"; else touch "/run/active/$unit"; fi
	done
	;;
esac
END_SCRIPT
	install -m 755 "$WORK/systemctl" "$ROOT/usr/bin/systemctl"
}

inside() { chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive "$@"; }
# packages COMMAND [ARGUMENT...]: have dpkg or rpm do something; patterns of files are expanded inside.
packages() {
	rm -f "$ROOT/run/told"
	# shellcheck disable=SC2016 # expanded by the inner shell
	inside bash -c '$*' - "$@" >"$WORK/packages.log" 2>&1 || { cat "$WORK/packages.log"; exit 1; }
}
told() { sort "$ROOT/run/told" 2>/dev/null | paste -sd, -; }
running() { (cd "$ROOT/run/active" 2>/dev/null && echo *.service) | sed 's/^\*.*//'; }
# is WHAT SAW EXPECTED
is() {
	[ "$2" = "$3" ] && return
	echo "$TRY: $1: saw '$2', expected '$3'"
	FAILED=1
}
# none WHAT PATH...: nothing is there.
none() {
	local what=$1 path
	shift
	for path; do
		[ ! -e "$ROOT$path" ] && [ ! -L "$ROOT$path" ] || is "$what" "$path" ""
	done
}
# start_both: both services run, and the client's is enabled.
start_both() {
	inside systemctl start tscf-client.service tscf-server.service
	inside mkdir -p /etc/systemd/system/multi-user.target.wants
	inside ln -s /lib/systemd/system/tscf-client.service /etc/systemd/system/multi-user.target.wants
}
# What the daemons, join and init leave there.
state() {
	mkdir -p "$ROOT"/var/lib/tscf "$ROOT"/var/log/tscf "$ROOT"/etc/tscf
	touch "$ROOT"/var/lib/tscf/{client-id,resume-secret,enrolled-clients,server.db,server.db-wal,server.db.complete,server.crt,server.key,server.lock} "$ROOT/var/log/tscf/accounting.log" \
		"$ROOT"/etc/tscf/tscf-{client,server}.{conf,psk} "$ROOT"/etc/tscf/tscf-server.{denied,nft}
}
# files FOLDER: those of the copy
files() { (LC_ALL=C && cd "$ROOT$1" && echo *); }
