#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-systemd.sh - the guard on a host of which systemd is process 1.  Policies by cgroup hold for units and for programs
# of a user's session, from their first socket on.  tscf-run --cgroup works in units and in a session, where the user
# makes the cgroup below one that systemd has delegated, and elsewhere by the client.  The BPF programs that systemd
# itself attaches, and those that a unit names, do their work beside the guard, whichever was there first.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/lib_systemd.sh
. "$TSCF_SRC/tests/net/lib_systemd.sh"

FOREIGN_PORT=7999
client() { on phone tscf-client "$@"; }
# unit PROPERTY... -- COMMAND...: as a unit of the system; session: as one of the user's own manager.
unit() { on phone systemd-run --quiet --wait --pipe --collect "$@" 2>&1 | sed 's/ $//'; }
session() {
	on phone runuser -u caller -- env XDG_RUNTIME_DIR=/run/user/$caller systemd-run --user --quiet --collect "$@" 2>&1 | sed 's/ $//'
}
ONLY=(tscf-run --cgroup --level encrypted-only --)

topology
command -v clang >/dev/null && command -v bpftool >/dev/null || skip "needs clang and bpftool"
start_capture
echo_server
start_server

host_files phone
own=$T/phone/files
gcc -static -o "$own/usr/local/bin/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
clang -O2 -g -target bpf -I/usr/include/"$(uname -m)"-linux-gnu -c -o "$own/usr/local/bin/foreign.o" "$TSCF_SRC/tests/net/guard/foreign.bpf.c" ||
	die "the other product cannot be built"
etc=$own$("$TSCF_SBINDIR/tscf-client" --help | sed -n 's,.* default \(/.*\)/tscf-client.conf$,\1,p')
mkdir -p "$etc"
cat >"$etc/tscf-client.conf" <<END
server = "$SERVER_OUTER:$PORT"
pin = "$PIN"
policy unit { cgroup = "/system.slice/call*.service" level = encrypted-only }
policy zoiper { cgroup = "/user.slice/user-*.slice/user@*.service/app.slice/app-*zoiper*" level = encrypted-only }
END
# Who has made the cgroup of tscf-run, and which one it is in.
cat >"$own/usr/local/bin/maker" <<'END'
#!/bin/sh
own=$(sed -n s/^0:://p /proc/self/cgroup)
echo "$(stat -c %U "/sys/fs/cgroup$own") ${own%/tscf-run-*}"
END
chmod +x "$own/usr/local/bin/maker"
cat >"$own/etc/systemd/system/call.service" <<END
[Unit]
After=tscf-client.service
Requires=tscf-client.service
[Service]
ExecStart=/usr/local/bin/flow --to $HOST:7000 --rate 100 --report 20 --marker "M-call "
StandardOutput=file:/var/tmp/call.out
Restart=on-failure
RestartSec=100ms
END
ln -s /etc/systemd/system/tscf-client.service /etc/systemd/system/call.service "$own/etc/systemd/system/multi-user.target.wants"
boot phone "$PHONE"
is "the phone" "$(on phone systemctl is-system-running)" = running
ln -s "$T/phone/layer/upper/var/tmp/call.out" "$T/call.out"
[ "$(client_status .guard.state)" = on ] || skip "no guard here: $(client_status .guard.reason)"
client status --wait-up 10 >/dev/null || die "the tunnel is not up"
grows call .echoed 50 "a unit that has started at boot, after the client"

# --- policies ---
is "a unit that a policy names" "$(unit --unit=call-2 -- born $HOST M-unit v k s3)" = "value=10 10 10 10 10 10 10 10 10 back=3/0"
is "another unit" "$(unit --unit=other -- born $HOST M-other v s2)" = "value=0 back=2/0"
on phone useradd --create-home caller || die "no user"
caller=$(on phone id -u caller)
on phone systemctl start "user@$caller.service" || die "no manager for the user"
is "a program that a desktop has started" "$(session --wait --pipe --unit=app-zoiper-1 -- born $HOST M-app v s3)" = "value=18 back=3/0"
is "and its scope" "$(session --scope --slice=app.slice --unit=app-gnome-zoiper-2 -- born $HOST M-app v s3)" = "value=18 back=3/0"
is "another program of the session" "$(session --wait --pipe --unit=app-other-1 -- born $HOST M-other v s2)" = "value=0 back=2/0"

# --- tscf-run --cgroup ---
is "in a unit" "$(unit -- "${ONLY[@]}" born $HOST M-run v s3)" = "value=2 back=3/0"
is "of a user" "$(unit -p User=caller -- "${ONLY[@]}" born $HOST M-run v s3)" = "value=2 back=3/0"
is "its cgroup is the client's" "$(unit --unit=user -p User=caller -- "${ONLY[@]}" maker)" = "root /system.slice/user.service"
is "in one that is delegated to a user" "$(unit -p User=caller -p Delegate=yes -- "${ONLY[@]}" born $HOST M-run v s3)" = "value=2 back=3/0"
is "it is the user's" "$(unit --unit=delegated -p User=caller -p Delegate=yes -- "${ONLY[@]}" maker)" = "caller /system.slice/delegated.service"
is "in a session" "$(session --scope -- "${ONLY[@]}" born $HOST M-run v s3)" = "value=2 back=3/0"
is "it is the user's" "$(session --scope --unit=mine -- "${ONLY[@]}" maker)" = \
	"caller /user.slice/user-$caller.slice/user@$caller.service/app.slice/mine.scope"
left() { on phone find /sys/fs/cgroup/system.slice /sys/fs/cgroup/user.slice -name 'tscf-run-*' | wc -l; }
check "nothing is left of them" wait_until 5 '[ "$(left)" -eq 0 ]'

# --- systemd's own programs ---
# denied UNIT COMMAND...: a unit that may not send to one address; its program sends to another one first.
denied() { unit --unit="$1" -p "IPAddressDeny=$HOST2" -- born $HOST M-deny "${@:2}" s3 "a$HOST2" s1; }
is "a unit that may not send everywhere: the guard was first" "$(denied call-3 v)" = "value=10 back=3/0 back=0/1"
on phone systemctl stop call tscf-client
client flush
is "a client that has stopped leaves no guard" "$(attached phone "")" -eq 0
denied call-4 w/run/go l10 >"$T/first.out" &
first=$!
must 10 "[ \"\$(property phone call-4 ActiveState)\" = active ]"
is "systemd has attached programs of its own" "$(attached phone system.slice/call-4.service)" -ge 2
on phone systemctl start tscf-client call
client status --wait-up 10 >/dev/null || die "the tunnel is not up"
on phone touch /run/go
wait $first
is "systemd was first" "$(<"$T/first.out")" = "value=10 back=3/0 back=0/1"

# --- programs that a unit names ---
on phone bpftool prog loadall /usr/local/bin/foreign.o /sys/fs/bpf/foreign || die "the other product is not loaded"
FOREIGN=(-p IPEgressFilterPath=/sys/fs/bpf/foreign/foreign_egress -p BPFProgram=sock_create:/sys/fs/bpf/foreign/foreign_create)
is "its mark and that of a policy are on one socket" "$(unit --unit=call-5 "${FOREIGN[@]}" -- python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(hex(s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)))')" = 0xa000010
is "it drops what it does not like" "$(unit --unit=call-6 "${FOREIGN[@]}" -- flow --to $HOST:$FOREIGN_PORT --count 3 --linger 0 | jq -c .send_errors)" = '{"EPERM":3}'
is "and no more" "$(unit --unit=call-7 "${FOREIGN[@]}" -- born $HOST M-foreign v s3)" = "value=10 back=3/0"

# --- the guard is at work beside them ---
in_phone ip rule flush
in_phone ip rule add priority 32766 lookup main
in_phone ip xfrm policy flush
grows call .echoed 50 "all rules were flushed"
stop_capture
for marker in M-call M-unit M-app M-run M-deny M-foreign; do is "in clear: $marker" "$(in_clear "$marker")" -eq 0; done
is "in clear: of others" "$(in_clear M-other)" -ge 4
