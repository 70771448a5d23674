#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# full-disk.sh - the server is started while its disk is full: it serves without a store, says so once, and has a store
# when there is room.  A call that began before goes on over a restart then, and what is encrypted-only stays so.
. "$(dirname "$0")/lib.sh"

topology
echo_server
start_capture
# A disk of the test's own, which all runs of the server see.
mkdir "$T/state"
unshare --mount sh -c "mount -t tmpfs -o size=512k tmpfs '$T/state' && touch '$T/state/there' && exec sleep infinity" &
HOLDER=$!
PIDS+=("$HOLDER")
DISK=/proc/$HOLDER/root$T/state
must 5 '[ -e "$DISK/there" ]' "there is a disk"
SERVER_AS=(nsenter --mount="/proc/$HOLDER/ns/mnt")
fill() { ! dd if=/dev/zero of="$DISK/filler" bs=4k 2>/dev/null; }
no_store() { grep -c "sessions and addresses are not kept over a restart; the store is tried again" "$T/server.log"; }
is_there() { [ "$(server_status .store_error)" = null ]; }
tries() { ! is_there; }

# The pair is made by a first run, whose session is forgotten in the end.
start_server
start_client
must 10 is_there "a store at the first start"
first=$(server sessions --json | jq -r '.[0].tsid')
stop_server
fill
start_server
check "there is no store: status" tries
is "... the log" "$(no_store)" -eq 1
check "... status for a person" eval 'server status | grep -q "^store: none, and nothing is kept over a restart (.*server.db: .*full"'
program only encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --marker "M-only " --report 10
must 20 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]' "calls go on without a store"
session=$(server sessions --json | jq -r '.[] | select(.kind == "plain") | .tsid')
is "the session is another one" "$session" != "$first"

rm "$DISK/filler"
must 25 is_there "there is a store when there is room"
check "... the log" grep -q "there is a store now" "$T/server.log"
is "its lack was said once" "$(no_store)" -eq 1
grows only .echoed 20 "calls go on"

stop_server
start_server
is "the session goes on in the next run" "$(server sessions --json | jq -r '[.[] | select(.kind == "plain") | .tsid] | join(" ")')" = "$session"
is "... it alone, with its bindings" "$(grep -c "^tscf-server: info: 1 sessions and [1-9][0-9]* bindings go on, 0 sessions do not" "$T/server.log")" -eq 1
grows only .echoed 20 "calls go on after the restart"
fence
stop_capture
is "encrypted-only packets in clear" "$(in_clear M-only)" -eq 0
