#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sandbox.sh - a policy by program says encrypted-only, and the program cannot ask the client: it may open no Unix
# sockets, is in another root, has no descriptor left, or the client is being restarted.  It gets EACCES and is never in
# clear.  Where no policy needs the library, such programs go on.
. "$(dirname "$0")/lib.sh"

PYTHON=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
CLIENT_CONF=("policy python { program = $PYTHON level = encrypted-only }")
cat >"$T/send.py" <<'END'
import ctypes, os, platform, resource, socket, struct, sys, time
how, text, host = sys.argv[1:4]
def no_unix():
    call = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    code = [(0x20, 0, 0, 0), (0x15, 0, 3, call), (0x20, 0, 0, 16), (0x15, 0, 1, 1), (0x06, 0, 0, 0x50000 | 97), (0x06, 0, 0, 0x7fff0000)]
    filter = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(filter)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
        sys.exit("seccomp")
def no_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    fds = []
    try:
        while True: fds.append(os.open("/", os.O_RDONLY))
    except OSError: os.close(fds.pop())
if how in ("no-unix", "no-unix-exec"): no_unix()
if how == "chroot": os.chroot(sys.argv[4]); os.chdir("/")
if how == "descriptors": no_descriptors()
if how == "no-unix-exec":
    os.execv(sys.executable, [sys.executable, sys.argv[0], "here", *sys.argv[2:]])
try:
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(5):
        s.sendto(text.encode(), (host, 7000))
        time.sleep(0.02)
    print("sent")
except OSError as e: print(e.errno)
END
# sends HOW LEVEL: what the program prints.
sends() { run "$2" "$PYTHON" "$T/send.py" "$1" "M-$1-$2" $HOST "$T/root"; }

topology
start_capture
echo_server
start_server
start_client
mkdir "$T/root"
is "who can ask is carried" "$(sends here library)" = sent
for how in no-unix no-unix-exec chroot descriptors; do
	for level in library encrypted-preferred encrypted-only; do
		is "$how, $level: refused" "$(sends $how $level)" -eq 13
	done
done
stop_client
is "stopped: refused" "$(sends here library)" -eq 13
start_client
is "started: carried again" "$(sends here library)" = sent
kill_client
is "killed: refused" "$(sends here library)" -eq 13
start_client

# --- no policy needs the library any more ---
clear=$(now)
: >"$T/client.conf"
check "reload" client reload
for how in here no-unix chroot descriptors; do is "no policy, $how: goes on" "$(sends $how library)" = sent; done
printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
check "reload" client reload
is "and again not" "$(sends no-unix library)" -eq 13
stop_client
in_phone "$TSCF_SBINDIR/tscf-client" flush --config "$T/client.conf" --control "$CLIENT_CONTROL"
is "stopped and flushed: there is no client, and it goes on" "$(sends here library)" = sent
stop_capture
for how in here no-unix no-unix-exec chroot descriptors; do
	is "$how: nothing in clear while the policy held" "$(in_clear "M-$how-" 0 "$clear")" -eq 0
done
