#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# slow-disk.sh - the server's disk stands still while a client uses a one-time invitation.  The calls of others go on.
# The client gets its key when the disk has the record, by TCP too, where it does not ask twice, and not before.
. "$(dirname "$0")/lib.sh"

of_clients() { server "$@" --psk-file "$T/keys" --state-dir "$T/state"; }
# invite NAME: the files of a client that was invited once.
invite() {
	of_clients add-client --one-time "$1" --config "$T/server.conf" --listen $SERVER_OUTER:$PORT >"$T/invitation" 2>"$T/add.log" || die "add-client: $(cat "$T/add.log")"
	in_phone "$TSCF_SBINDIR/tscf-client" join --no-start --force --config "$T/$1.conf" "$(tail -n 1 "$T/invitation")" >"$T/join.log" 2>&1 || die "join: $(cat "$T/join.log")"
}
second_status() { "$TSCF_SBINDIR/tscf-client" status --json --control "$T/$1.sock" | jq -r "$2"; }
is_invited() { [ "$(cut -d: -f3 "$T/$1.psk")" != "" ]; }

topology
topology_phone2
echo_server
printf 'caller:%s\n' "$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')" | (umask 077 && tee "$T/keys" >"$T/caller.psk")
preload SERVER_AS libslow-disk "TSCF_TEST_DISK=$T/stands"
start_server --psk-file "$T/keys" --workers 1
start_client --psk-file "$T/caller.psk"
program call encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 10
must 10 'encrypted_up && [ "$(last call .echoed)" -gt 20 ]'

for transport in udp tcp; do
	name=by-$transport
	invite "$name"
	touch "$T/stands"
	ip netns exec "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --transport $transport \
		--control "$T/$name.sock" --state-dir "$T/$name" --psk-file "$T/$name.psk" --plain-dev tscf0 >"$T/$name.log" 2>&1 &
	pid=$!
	PIDS+=("$pid")
	must 10 "grep -q '^$name:' '$T/state/enrolled-clients'" "$transport: its line is being written"
	grows call .echoed 100 "$transport: calls go on"
	check "$transport: it has no key before the disk has the line" is_invited "$name"
	is "$transport: nobody has waited: ms" "$(last call '.max_gap_ms | floor')" -lt 1000
	rm "$T/stands"
	must 10 "[ \"\$(second_status $name .plain.state)\" = up ]" "$transport: it gets its tunnel when the disk has it"
	check "$transport: it has a key of its own" eval "! is_invited $name"
	kill "$pid"
	finish "$pid" 10
done
