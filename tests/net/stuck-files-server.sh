#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# stuck-files-server.sh - the server's files are on a file system that stops answering, as NFS does whose server is gone.
# Packets pass, commands are answered, devices are put back.  A reload fails in time, says which file does not answer and
# changes nothing; it works again when the files can be read.  Changed files of clients, and a changed certificate, are
# taken then.  A server that waits for a file stops at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ca.sh"

[ -c /dev/fuse ] || skip "needs /dev/fuse"
topology
echo_server
authority ca
certificate first ca
certificate second ca
mkdir "$T/files" "$T/stuck"
stuck() { touch "$T/hang"; }
back() { rm "$T/hang"; }
new_key() { echo "$1:$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
# in_time WHAT COMMAND...: it succeeds within a second.
in_time() {
	local from what=$1
	from=$(now)
	shift
	check "$what" "$@"
	is "... within a second: ms" "$(elapsed "$from")" -lt $((1000 * PATIENCE))
}
answers() { server "$1" --json >/dev/null; }
refuses() { ! server reload 2>/dev/null; }
put_back() { server_status '[.devices[].put_back] | add'; }
# lives: the main thread does its work.
lives() {
	local before
	in_time "$1: status" answers status
	in_time "$1: sessions" answers sessions
	before=$(put_back)
	in_server ip link set tscf0 down
	check "$1: a device is put back" wait_until 5 "[ \"\$(put_back)\" -gt $before ]"
}

(umask 077 && new_key alice >"$T/keys" && cp "$T/keys" "$T/files/psk")
cp "$T/first.crt" "$T/files/server.crt"
cp "$T/first.key" "$T/files/server.key"
echo "keepalive-timer = 0" >"$T/files/server.conf"
ln -sf "$T/stuck/server.conf" "$T/server.conf"
SERVER_AS=(python3 "$(dirname "$0")/stuck_files.py" "$T/files" "$T/stuck" "$T/hang")
start_server --psk-file "$T/stuck/psk" --cert "$T/stuck/server.crt" --key "$T/stuck/server.key"
start_client --psk-file "$T/keys"
program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --report 20
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]'
check "a reload" server reload

# --- a reload ---
stuck
server reload 2>"$T/said" &
pid=$!
lives "a reload waits"
finish "$pid" 10
is "the reload fails: exit status" $? -eq 1
check "it says why" grep -q "a file that it reads again does not answer" "$T/said"
check "the log says which file" grep -q "reload: nothing was changed: $T/server.conf cannot be read in 5 seconds" "$T/server.log"
in_time "another one fails at once" refuses
kill -HUP "$SERVER_PID"
must 5 '[ "$(grep -c "the one before still waits for a file" "$T/server.log")" = 2 ]' "one by a signal, too"
lives "a reload was refused"
back
must 10 'server reload 2>/dev/null' "a reload is possible again"
pass "a reload is possible again"

# --- files that are taken when they change ---
stuck
must 25 'grep -q "$T/stuck/[a-z.]* does not answer: changes of certificates, and of files of clients, wait" "$T/server.log"' "the server says which file does not answer"
lives "files do not answer"
grows flow .echoed 50 "packets pass"
new_key bob >>"$T/files/psk"
cp "$T/second.key" "$T/files/server.key"
cp "$T/second.crt" "$T/files/server.crt"
before=$(server_status .pin)
back
must 15 'grep -q "files of certificates and of clients answer again" "$T/server.log"' "the server says that they answer again"
must 15 'grep -q "the changed files of its clients are in use" "$T/server.log"' "changed keys are taken when they can be read"
must 15 '[ "$(server_status .pin)" != "$before" ]' "a changed certificate, too"
pass "changed files are taken when they can be read"
is "longest gap: ms" "$(last flow '.max_gap_ms | floor')" -lt 1000

# --- the end ---
stuck
server reload 2>/dev/null &
must 10 'server status --json'
from=$(now)
stop_server
is "the server stops while a file does not answer: exit status" $? -eq 0
is "... at once: ms" "$(elapsed "$from")" -lt $((2000 * PATIENCE))
back
