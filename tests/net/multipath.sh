#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# multipath.sh - multipath TCP (IPPROTO_MPTCP), whose packets are those of flows that the kernel makes.  What the guard
# cannot make encrypted is refused.  What the client marks has all its flows in the encrypted tunnel, those that are
# added from another address of the host, too.  Nothing is in clear.
. "$(dirname "$0")/lib.sh"

make_cgroup || skip "no cgroups can be made"
topology
[ "$(in_phone sysctl -n net.mptcp.enabled 2>/dev/null)" = 1 ] || skip "needs multipath TCP"
gcc -static -o "$T/static" "$(dirname "$0")/guard/program.c" || die "a static program cannot be built"
cp "$T/static" "$T/named"
cat >"$T/multipath.py" <<'END'
import socket, sys, time
how, host, text = sys.argv[1:4]
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_MPTCP)
if how == "serve":
    s.bind((host, 7100))
    s.listen()
    print("ready", flush=True)
    while True:
        c = s.accept()[0]
        while data := c.recv(4096):
            c.sendall(data)
if how == "option":
    s.setsockopt(socket.SOL_SOCKET, 0x7453, 2)
s.connect((host, 7100))
count = 0
while how == "use" or count < 5:
    s.sendall(text.encode())
    count += len(s.recv(4096)) > 0
    if how == "use":
        print(count, flush=True)
    time.sleep(0.02)
print("value", s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) >> 24 & 7)
END
start_capture
echo_server
background server "$SERVICE" python3 "$T/multipath.py" serve $HOST none
must 5 'grep -q ready "$T/server.out"'
start_server
CLIENT_CONF=("policy named { program = $T/named level = encrypted-only }")
start_guarded_client

is "by a policy" "$(in_phone "$T/named" mptcp $HOST 7000 M-policy 3)" = "level=-9 back=0 error=socket:EPERM"
is "the same program with TCP" "$(in_phone "$T/named" tcp $HOST 7000 M-tcp 3)" = "level=2 back=3 error=none"
is "by its cgroup" "$(bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$CGROUP" ip netns exec "$PHONE" "$TSCF_BINDIR/tscf-run" --cgroup \
	--control "$CLIENT_CONTROL" --level encrypted-only -- "$T/static" mptcp $HOST 7000 M-cgroup 3)" = "level=-9 back=0 error=socket:EPERM"
is "by the socket option" "$(in_phone "$T/static" mptcp $HOST 7000 M-option 3 --level 2)" = "level=0 back=0 error=setsockopt:EOPNOTSUPP"
is "with the library" "$(run encrypted-only python3 "$T/multipath.py" once $HOST M-library)" = "value 2"
is "by the option, with the library" "$(run default python3 "$T/multipath.py" option $HOST M-both)" = "value 6"
is "unencrypted by the option" "$(in_phone "$T/static" mptcp $HOST 7000 N-plain 3 --level 1 | sed 's/^level=. //')" = "back=3 error=none"

# --- a connection in use, to which flows are added ---
in_service ip mptcp limits set subflow 4 add_addr_accepted 4
in_phone ip mptcp limits set subflow 4 add_addr_accepted 4
background user "$PHONE" python3 "$T/multipath.py" use $HOST M-live
user=$LAST_PID
must 10 '[ "$(tail -n 1 "$T/user.out")" -ge 20 ]' "the connection is in use"
level encrypted-only --pid "$user" >"$T/level.out"
raised=$(now)
in_phone ip mptcp endpoint add $PHONE_OUTER dev access subflow
count=$(tail -n 1 "$T/user.out")
must 15 '[ "$(tail -n 1 "$T/user.out")" -ge $((count + 100)) ]' "it goes on"
kill "$user"
gone "$user"
fence
stop_client
stop_capture
for marker in policy tcp cgroup option library both; do is "in clear: $marker" "$(in_clear M-$marker)" -eq 0; done
is "in clear: the connection, afterwards" "$(in_clear M-live "$raised")" -eq 0
is "nor anything of another flow" "$(wire outside --from "$raised" | grep -c "$HOST")" -eq 0
is "in clear: of the one that is unencrypted" "$(in_clear N-plain)" -ge 3
