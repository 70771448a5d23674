#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_dns.sh - the script tscf-dns, on a host with systemd-resolved, with resolvconf, and with neither: what it tells
# them when the tunnel comes, changes and goes; and the lease, for phones.
# Environment (set by make check): TSCF_SRC.

set -u

: "${TSCF_SRC:=$(pwd)}"
FAILED=0
T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT

# tool HOST NAME: notes its arguments and its standard input.
tool() {
	mkdir -p "$T/$1"
	printf '#!/bin/sh\n[ "$1" = status ] && exit 0\necho "%s $*" >>"$T/told"\n[ "$1" != -a ] || cat >>"$T/told"\n' "$2" >"$T/$1/$2"
	chmod +x "$T/$1/$2"
}
# on HOST REASON DNS: run the script; the tools of the host are all that it finds besides the shell's own.
on() {
	: >"$T/told"
	env -i T="$T" PATH="$T/$1" TSCF_REASON="$2" TSCF_DNS="$3" TSCF_DEVICE=tscf0 TSCF_CONTROL="$T/run/client.sock" \
		TSCF_ADDRESSES=10.8.0.2 TSCF_MTU=1340 TSCF_ROUTES=192.0.2.0/24 TSCF_SIP="192.0.2.10 2001:db8::10" /bin/sh "$TSCF_SRC/contrib/tscf-dns" 2>"$T/err" ||
		echo "exit status $?" >>"$T/told"
}
# told WHAT EXPECTED
told() {
	local got
	got=$(paste -sd, "$T/told")
	if [ "$got" = "$2" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: got '$got', expected '$2'"
		FAILED=1
	fi
}

tool resolved resolvectl
tool resolvconf resolvconf
for tool in cat paste; do ln -s "$(command -v "$tool")" "$T/resolvconf/$tool"; done
mkdir "$T/neither" "$T/run"
for host in resolved resolvconf neither; do
	for tool in mv rm; do ln -s "$(command -v "$tool")" "$T/$host/$tool"; done
done

on resolved plain-up "192.0.2.53 2001:db8::53"
told "resolved: up" "resolvectl revert tscf0,resolvectl dns tscf0 192.0.2.53 2001:db8::53,resolvectl default-route tscf0 true"
on resolved plain-changed ""
told "resolved: no server any more" "resolvectl revert tscf0"
on resolved plain-down "192.0.2.53"
told "resolved: down" "resolvectl revert tscf0"
on resolved encrypted-up "192.0.2.53"
told "resolved: the encrypted tunnel changes nothing" ""
[ ! -e "$T/run/tscf0.lease" ] || {
	echo "not ok - a lease after the tunnel's end"
	FAILED=1
}
on resolvconf plain-up "192.0.2.53 2001:db8::53"
told "resolvconf: up" "resolvconf -d tscf0.tscf,resolvconf -a tscf0.tscf,nameserver 192.0.2.53,nameserver 2001:db8::53"
on resolvconf plain-down "192.0.2.53"
told "resolvconf: down" "resolvconf -d tscf0.tscf"
on neither plain-up "192.0.2.53"
told "neither: nothing, and no failure" ""
cp "$T/run/tscf0.lease" "$T/told"
told "the lease" "ADDRESS=10.8.0.2,MTU=1340,ROUTES=192.0.2.0/24,DNS=192.0.2.53,SIP=192.0.2.10 2001:db8::10"
grep -q "neither resolvectl nor resolvconf" "$T/err" || {
	echo "not ok - neither: it says so"
	FAILED=1
}
exit $FAILED
