#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# rights.sh - the rights in the service files are enough, and the daemons keep fewer.  A server that an ordinary user
# runs listens on a port below 1024.  A client has real-time queues, and moves a socket of a running program of another
# user.  An ordinary user may run the client, too.
. "$(dirname "$0")/lib.sh"
PORT=443
NOBODY=65534

# capabilities DAEMON: those of its service file, as setpriv wants them.
capabilities() {
	sed -n 's/^CapabilityBoundingSet=//p' "$TSCF_SRC/contrib/systemd/tscf-$1.service.in" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g; s/^/-all,/'
}
# user_with UID SET: a command that runs another one as this user, with these capabilities as the most it can have.
user_with() {
	AS=(setpriv --reuid="$1" --regid="$1" --clear-groups --no-new-privs --inh-caps="$2" --ambient-caps="$2" --bounding-set="$2"
		bash -c 'umask 077; exec "$@"' --)
}
# keeps NAME PID HEX: compare the effective capabilities of a running process.
keeps() { is "capabilities that the $1 keeps" "$(sed -n 's/^CapEff:\t0*//p' "/proc/$2/status")" = "$3"; }
talks() {
	run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/talk.out"
	is "$1: packets of an encrypted-only socket that came back" "$(last talk .echoed)" -eq 5
}

topology
chmod 755 "$T"
install -d -o $NOBODY -g $NOBODY "$T/state" "$T/phone" "$T/run"
SERVER_CONTROL=$T/run/server.sock
CLIENT_CONTROL=$T/run/client.sock
echo_server

user_with $NOBODY "$(capabilities server)"
# All users may open the device, as udev sets it; the rights on this machine are not changed.
mknod "$T/tun" c 10 200 && chmod 666 "$T/tun" || exit 99
# shellcheck disable=SC2016 # expanded by the inner shell
OPEN_TUN=(bash -c 'mount --bind "$1" /dev/net/tun && shift && exec "$@"' - "$T/tun")
SERVER_AS=("${OPEN_TUN[@]}" "${AS[@]}")
start_server
is "the server's user" "$(stat -c %u "/proc/$SERVER_PID")" -eq $NOBODY
keeps server "$SERVER_PID" 1000
check "urgent packets have a queue of their own at the server" eval '! grep -q "urgent packets come with" "$T/server.log"'

CLIENT_AS=(setpriv --bounding-set="$(capabilities client)")
start_client
keeps client "$CLIENT_PID" 81004
check "urgent packets have a queue of their own at the client" eval '! grep -q "urgent packets come with" "$T/client.log"'
talks "client of root"
background other "$PHONE" setpriv --reuid=12345 --regid=12345 --clear-groups "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 \
	--rate 50 --report 50
other=$LAST_PID
grows other .echoed 10
check "the level of another user's socket" client level encrypted-only --proto udp --port 5004
must 10 '[ "$(tunnel_of udp 5004)" = encrypted ]' "another user's socket is moved"
grows other .echoed 10
kill "$other"
finish "$other" 5
check "anybody may ask for the state" in_phone setpriv --reuid=12345 --regid=12345 --clear-groups \
	"$TSCF_SBINDIR/tscf-client" status --control "$CLIENT_CONTROL"
check "the client's reload" client reload
check "the server's reload" server reload
stop_client

user_with $NOBODY -all,+net_admin,+sys_ptrace,+dac_read_search
CLIENT_AS=("${OPEN_TUN[@]}" "${AS[@]}")
start_client
keeps "client of an ordinary user" "$CLIENT_PID" 81004
talks "client of an ordinary user"
stop_client
is "devices that are left" "$(in_phone ip -o link show type tun | wc -l)" -eq 0
