#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trusted-default.sh - with a default level of encrypted-preferred, the whole host moves to and from a trusted network,
# again and again and faster than the server answers.  Nothing is lost, and sockets with a level of their own stay in
# their tunnels.
. "$(dirname "$0")/lib.sh"

CLIENT_CONF=("persistence = 0" "default-level = encrypted-preferred")
# reload [LINE...]: with these lines more.
reload() {
	printf '%s\n' "${CLIENT_CONF[@]}" "$@" >"$T/client.conf"
	client reload || fail "reload"
}
flow() { program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$ANY:$3" --to $HOST:7000 --rate 200 --marker "M-$1 " --report 50; }
# clear_now: clear packets of the flow without a level in half a second, after packets in transit have arrived.
clear_now() {
	local from
	grows any .echoed 100
	from=$(now)
	grows any .echoed 100
	in_clear M-any "$from" "$(now)"
}

topology
start_capture
echo_server
start_server
start_client
must 10 encrypted_up "the default level asks for the encrypted tunnel"
flow any stranger 5004
any=$LAST_PID
flow clear unencrypted 5006
clear=$LAST_PID
flow only encrypted-only 5008
only=$LAST_PID
grows only .echoed 20
is "not trusted: nothing in clear" "$(clear_now)" -eq 0
reload "trusted-interface = access"
is "trusted: in clear" "$(($(clear_now) > 50))" -eq 1
check "the encrypted tunnel is there for the other one" encrypted_up
reload
is "not trusted any more: nothing in clear" "$(clear_now)" -eq 0
for _ in 1 2 3 4 5; do
	reload "trusted-interface = access"
	reload
done
is "after some to and fro: nothing in clear" "$(clear_now)" -eq 0
kill "$any" "$clear" "$only"
for flow in any clear only; do
	must 10 "[ \"\$(last $flow .done)\" = true ]"
	is "$flow: nothing is lost" "$(last $flow .lost)" -eq 0
	is "$flow: every send succeeded" "$(last $flow .errors)" -eq 0
done
check "the default level asks for the tunnel also without a socket" encrypted_up
reload "trusted-interface = access"
must 5 '[ "$(encrypted_state)" = idle ]' "not on a trusted network"
stop_capture
is "encrypted-only: never in clear" "$(in_clear M-only)" -eq 0
is "unencrypted: always in clear" "$(($(in_clear M-clear) > 500))" -eq 1
is "the server never had to refuse a clear packet" "$(server_counter clear_refused)" -eq 0
