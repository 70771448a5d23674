#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# inherited.sh - sockets that a program of tscf-run gets from whoever starts it, as a service manager hands them on: a
# datagram socket that was in use, and a TCP socket that listens.  They have the level from the start on; what cannot be
# made encrypted-only is not run.
. "$(dirname "$0")/lib.sh"

cat >"$T/starter.py" <<'END'
import os, socket, sys
host, local, text = sys.argv[1:4]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
used, waits = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
used.bind((local, 0))
used.settimeout(5)
used.sendto((text + "-before").encode(), (host, 7000))
used.recv(100)
waits.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
waits.bind((local, 5080))
waits.listen()
for place, s in ((10, used), (11, waits)):
    os.dup2(s.fileno(), place)
os.execvp(sys.argv[4], sys.argv[4:])
END
cat >"$T/user.py" <<'END'
import socket, sys
host, text = sys.argv[1:3]
used, waits = socket.socket(fileno=10), socket.socket(fileno=11)
used.settimeout(5)
waits.settimeout(20)
for _ in range(5):
    used.sendto(text.encode(), (host, 7000))
    used.recv(100)
print("sent", flush=True)
if len(sys.argv) > 3:
    s = waits.accept()[0]
    s.sendall(s.recv(100) + text.encode())
    print("accepted", flush=True)
END
starts() { in_phone python3 "$T/starter.py" $HOST "$PHONE_INNER" "$@"; }

topology
start_capture
echo_server
start_server
start_client
background user "$PHONE" python3 "$T/starter.py" $HOST "$PHONE_INNER" M-only "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level encrypted-only -- \
	python3 "$T/user.py" $HOST M-only-after listens
user=$LAST_PID
must 10 'grep -q sent "$T/user.out"' "the program sends"
is "the socket that listens" "$(client sockets --json | jq -r '[.[] | select(.local | endswith(":5080"))][0].level')" = encrypted-only
in_service python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], 5080), 10)
s.sendall(b"M-only-after")
s.recv(100)' "$PHONE_INNER"
must 10 'grep -q accepted "$T/user.out"' "it takes a connection"
finish "$user"

is "without a level it stays as it is" "$(starts M-default "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level default -- python3 "$T/user.py" $HOST M-default-after)" = sent
stop_client
# hands LEVEL: what a program with two inherited sockets and tscf-run say.
hands() {
	in_phone python3 -c 'import os, socket, sys
s = socket.socket()
os.dup2(s.fileno(), 10)
os.dup2(s.fileno(), 11)
os.execvp(sys.argv[1], sys.argv[1:])' "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level "$1" -- echo ran 2>&1
}
is "without a client it is not run" "$(hands encrypted-only | grep -c -e 'descriptor 1[01] .*; not run' -e '^ran')" -eq 1
is "with another level it is, after one warning" "$(hands encrypted-preferred | grep -c -e 'descriptor 1[01] .* does not get the level' -e '^ran')" -eq 2
stop_capture
is "in clear of it before" "$(in_clear M-only-before)" -eq 2
is "in clear of it afterwards" "$(in_clear M-only-after)" -eq 0
is "in clear without a level" "$(in_clear M-default-after)" -eq 10
