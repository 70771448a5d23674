#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# own-mark.sh - a program that may set marks sets its own, on a socket or on a packet, without regard to the client's
# bits.  The level survives, and so does the program's mark.
. "$(dirname "$0")/lib.sh"

cat >"$T/mark.py" <<'END'
import os, resource, socket, struct, sys, time
kind, when, text, host, mark = *sys.argv[1:5], int(sys.argv[5], 0)
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
if when == "early": s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
s.connect((host, 7000))
if when == "late":
    s.send(text.encode())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
control = [(socket.SOL_SOCKET, socket.SO_MARK, struct.pack("I", mark))] if when == "packet" else []
try:
    for _ in range(10):
        s.sendmsg([text.encode() + b"\n"], control)
        time.sleep(0.02)
    print("sent %#x" % s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK))
except OSError as e: print("error", e.errno)
END
# marks KIND WHEN LEVEL MARK
marks() { run "$3" python3 "$T/mark.py" "$1" "$2" "M-$1-$2-$3" $HOST "$4"; }

topology
start_capture
echo_server
start_server
start_client
program holder encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 10 --report 20
must 10 encrypted_up
up=$(client_status .counters.up_encrypted)
for kind in udp tcp; do
	for when in early late; do is "$kind, $when: both marks" "$(marks $kind $when encrypted-only 0x10001)" = "sent 0x2010001"; done
done
is "mark of a packet" "$(marks udp packet encrypted-only 0x10001)" = "sent 0x2000000"
is "they were encrypted: packets" "$(($(client_status .counters.up_encrypted) - up))" -ge 50
is "the client's bits are not the program's to set" "$(marks udp early encrypted-only 0x7f000001)" = "sent 0x2000001"
is "another level" "$(marks udp early unencrypted 0x3)" = "sent 0x1000003"
is "no level: the mark is as it was asked for" "$(marks udp early library 0x10001)" = "sent 0x10001"
is "who may not set marks is told so" "$(in_phone setpriv --reuid 65534 --clear-groups --inh-caps -all "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" -- \
	env PATH=/usr/bin:/bin python3 -c "import socket; socket.socket().setsockopt(1, 36, 1)" 2>&1 | grep -c PermissionError)" -eq 1
stop_capture
for kind in udp tcp; do for when in early late; do is "$kind, $when: in clear" "$(in_clear "M-$kind-$when-encrypted-only")" -eq 0; done; done
is "mark of a packet: in clear" "$(in_clear M-udp-packet)" -eq 0
