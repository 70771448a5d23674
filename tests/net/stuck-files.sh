#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# stuck-files.sh - the client's files are on a file system that stops answering, as NFS does whose server is gone.
# Packets pass, and commands are answered.  A reload fails in time, says why and changes nothing; it works again when the
# files can be read.  A changed key is taken then.  A client that waits for a file stops at once.
. "$(dirname "$0")/lib.sh"

[ -c /dev/fuse ] || skip "needs /dev/fuse"
topology
echo_server
mkdir "$T/files" "$T/stuck"
stuck() { touch "$T/hang"; }
back() { rm "$T/hang"; }
# reload_fails: it says why, in time.
reload_fails() {
	local from
	from=$(now)
	check "a reload by the $1 fails" eval "! $1 reload 2>'$T/said'"
	is "in time: ms" "$(elapsed "$from")" -lt 8000
	check "it says why" grep -q "a file that it reads again does not answer" "$T/said"
	check "the log of the $1 says so" grep -q "reload: nothing was changed: .* cannot be read in 5 seconds" "$T/$1.log"
}

(umask 077 && printf 'alice:%s\n' "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')" >"$T/files/psk" && cp "$T/files/psk" "$T/keys")
start_server --psk-file "$T/keys"
: >"$T/files/client.conf"
ln -sf "$T/stuck/client.conf" "$T/client.conf"
CLIENT_AS=(python3 "$(dirname "$0")/stuck_files.py" "$T/files" "$T/stuck" "$T/hang")
start_client --psk-file "$T/stuck/psk"
program flow encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 100 --report 20
must 10 'encrypted_up && [ "$(last flow .echoed)" -gt 20 ]'
check "a reload" client reload

# --- the client ---
stuck
reload_fails client
check "the client answers" timeout 3 "$TSCF_SBINDIR/tscf-client" status --control "$CLIENT_CONTROL" >"$T/status"
grows flow .echoed 300 "packets pass"
is "longest gap: ms" "$(last flow '.max_gap_ms | floor')" -lt 1000
back
must 10 'client reload 2>/dev/null' "a reload is possible again"
pass "a reload is possible again"

# --- files that are taken when they change ---
stuck
must 25 'grep -q "changes of these files wait" "$T/client.log"' "the client says that it cannot look at its files"
grows flow .echoed 50 "packets pass"
echo "alice:$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')" >"$T/files/psk"
back
must 15 'grep -q "the changed pre-shared key is used" "$T/client.log"' "a changed key is taken when it can be read"
pass "a changed key is taken when it can be read"

# --- the end ---
stuck
client reload 2>/dev/null &
must 10 'client status --json'
from=$(now)
stop_client
is "the client stops while a file does not answer: ms" "$(elapsed "$from")" -lt 8000
back
