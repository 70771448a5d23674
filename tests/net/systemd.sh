#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd.sh - the service files, with systemd itself as process 1 of two hosts that are set up as README says.  A daemon
# answers when systemd calls it started, has the rights of its file and no others, and with them the guard.  It is
# reloaded, restarted after it was killed, starts when the host boots, and leaves nothing when it is stopped.  Nothing of
# an encrypted-only socket is in clear meanwhile.  The journal has each change of a level, with fields.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/lib_systemd.sh
. "$TSCF_SRC/tests/net/lib_systemd.sh"

server() { on server tscf-server "$@"; }
client() { on phone tscf-client "$@"; }
# As init.sh, on hosts without own_system.
etc=$("$TSCF_SBINDIR/tscf-client" --help | sed -n 's,.* default \(/.*\)/tscf-client.conf$,\1,p')
# flow NAME: an encrypted-only socket of the phone in the background, as a unit of that name.
flow() {
	service_of phone "$1" tscf-run --level encrypted-only -- flow --to $HOST:7000 --rate 50 --report 20 --marker "M-only "
	grows "$1" .echoed 20 "$1: packets come back"
}
# has_rights NAME UNIT BOUND EFFECTIVE
has_rights() {
	is "$2: the capabilities that it may have" "$(running_as "$1" "$2" CapBnd)" = "$3"
	is "$2: those that it keeps" "$(running_as "$1" "$2" CapEff)" = "$4"
	is "$2: system calls are filtered" "$(running_as "$1" "$2" Seccomp)" -eq 2
}
# starts_again NAME UNIT FLOW: after it was killed.
starts_again() {
	on "$1" systemctl kill --kill-whom=main --signal=KILL "$2"
	must 10 "[ \"\$(property $1 $2 NRestarts)\" = 1 ] && [ \"\$(property $1 $2 ActiveState)\" = active ]" "$2 is started again"
	grows "$3" .echoed 50 "$2 was killed: packets come back"
}

topology
command -v nft >/dev/null && command -v bpftool >/dev/null || skip "needs nft and bpftool"
start_capture
echo_server

# --- the server's host ---
host_files server
boot server "$SERVER"
is "the server's host" "$(on server systemctl is-system-running)" = running
server init --public-name "$SERVER_LINK" --route "$SERVICE_NET" --apply >"$T/init.out" 2>&1 || die "init: $(cat "$T/init.out")"
check "the server starts" on server systemctl enable --quiet --now tscf-server
check "and answers at once" server status --json >"$T/status.out"
is "its user" "$(on server ps -o user= -p "$(property server tscf-server MainPID)")" = tscf
has_rights server tscf-server 8000001400 1000
is "its state directory" "$(on server stat -c '%U %a' /var/lib/tscf)" = "tscf 755"
invitation=$(server add-client alice) || die "add-client"

# --- the phone ---
host_files phone
boot phone "$PHONE"
is "the phone" "$(on phone systemctl is-system-running)" = running
client join "$invitation" >"$T/join.out" 2>&1 || die "join: $(cat "$T/join.out")"
check "join starts the client, and waits until the tunnel is up" grep -q 'The tunnel is up, and the server is verified' "$T/join.out"
has_rights phone tscf-client 8000281006 81004
is "the guard" "$(client_status .guard.state)" = on
flow only

# --- reload, restart ---
on phone sh -c "echo 'policy call { protocol = udp local-port = 6000-6010 level = encrypted-only }' >>$etc/tscf-client.conf"
check "the client's reload" on phone systemctl reload tscf-client
is "it has a new policy" "$(on phone python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 6000))
print(s.getsockopt(socket.SOL_SOCKET, 0x7453))')" = 2
on phone sed -i '/^policy call /d' "$etc/tscf-client.conf"
on phone systemctl reload tscf-client
check "the server's reload" on server systemctl reload tscf-server
# --- the journal ---
service_of phone other --property=User=nobody flow --bind 0.0.0.0:6200 --to $HOST:7000 --rate 5
must 5 'client level encrypted-preferred --proto udp --port 6200 >/dev/null' "a socket of another user's program is moved"
must 10 '[ -n "$(on phone journalctl --quiet TSCF_LEVEL=encrypted-preferred)" ]' "the journal has its change of level"
is "found by its fields" "$(on phone journalctl --quiet --output json TSCF_LEVEL=encrypted-preferred TSCF_PROGRAM=flow |
	jq -r '[._SYSTEMD_UNIT, .SYSLOG_IDENTIFIER, .PRIORITY, .OBJECT_PID, .TSCF_PROTOCOL, .TSCF_LOCAL, .TSCF_LEVEL_BEFORE, .TSCF_CAUSE] | join(" ")')" = \
	"tscf-client.service tscf-client 6 $(property phone other MainPID) udp 0.0.0.0:6200 default by tscf-client level"
on phone systemctl stop other
# --- killed ---
starts_again phone tscf-client only
is "the guard of the next client" "$(client_status .guard.state)" = on
starts_again server tscf-server only
check "the client's restart" on phone systemctl restart tscf-client
check "it answers at once" client status --json >"$T/status.out"
grows only .echoed 50 "packets come back"
check "the server's restart" on server systemctl restart tscf-server
grows only .echoed 50 "packets come back"

# --- the hosts boot, the server's after the phone ---
shut_down phone
shut_down server
boot phone "$PHONE"
is "the phone that has booted" "$(on phone systemctl is-system-running)" = running
is "its client runs" "$(property phone tscf-client ActiveState)" = active
boot server "$SERVER"
is "the server's host that has booted" "$(on server systemctl is-system-running)" = running
client status --wait-up 10 >/dev/null || die "the tunnel is not up after the boot"

# --- a client that sees no cgroups ---
on phone sh -c 'mkdir /run/systemd/system/tscf-client.service.d && printf "[Service]\nInaccessiblePaths=/sys/fs/cgroup\n" >/run/systemd/system/tscf-client.service.d/test.conf'
on phone systemctl daemon-reload
check "a client without cgroups starts" on phone systemctl restart tscf-client
is "and has no guard" "$(client_status .guard.state)" = off
on phone rm -r /run/systemd/system/tscf-client.service.d
on phone systemctl daemon-reload
on phone systemctl restart tscf-client
is "the guard is there again" "$(client_status .guard.state)" = on
flow again

# --- the end ---
on phone systemctl stop again
check "the client stops" on phone systemctl stop tscf-client
is "as it should" "$(property phone tscf-client Result)" = success
is "rules that are left" "$(on phone ip rule list | grep -cv 'lookup \(local\|main\|default\)')" -eq 0
is "programs of the guard that are left" "$(attached phone "")" -eq 0
check "the server stops" on server systemctl stop tscf-server
is "as it should" "$(property server tscf-server Result)" = success
stop_capture
is "in clear: of the encrypted-only sockets" "$(in_clear "M-only ")" -eq 0
