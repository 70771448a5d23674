#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# fragments.sh - IP fragments follow their socket in both directions.  Only the first fragment of a datagram has ports,
# and no fragment may stay in clear when the socket has moved.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
CLIENT_CONF=("persistence = 0")
start_server
start_client

# Three fragments each way; a size between the tunnel's MTU and the network's makes the far side learn the path MTU.
for size in 4000 1400; do
	# While there is an encrypted tunnel, every fragment takes it.
	must 10 '[ "$(encrypted_state)" = idle ]'
	program "flow-$size" library "$TSCF_TOOLS/flow" \
		--bind $ANY:$((5000 + size)) --to $HOST:7000 --size $size --rate 100 --count 300 --marker "M-size-$size " --report 50 \
		--level-at 100:encrypted-only
	finish "$LAST_PID"
	is "$size bytes: it has moved" "$(last flow-$size .levels_set)" -eq 1
	set_at=$(last flow-$size '.level_times[0]')
	# A second later no clear packet is in transit any more.
	settled=$(jq -r 'select(.attempts >= 200) | .time' "$T/flow-$size.out" | head -n 1)
	note "$(last flow-$size .send_errors)"; is "$size bytes: every packet was sent" "$(last flow-$size .sent)" -eq 300
	is "$size bytes: lost ones (the first, while the far side learns the MTU)" "$(last flow-$size .lost)" -le $((size == 1400 || TSCF_INNER == 6))
	is "$size bytes: fragments in clear before" "$(in_clear "M-size-$size" 0 "$set_at")" -ge 300
	is "$size bytes: none after the move" "$(in_clear "M-size-$size" "$settled")" -eq 0
done

# From the first packet on: no fragment of an encrypted-only socket is ever in clear.
run encrypted-only "$TSCF_TOOLS/flow" --bind $ANY:5005 --to $HOST:7000 --size 6000 --rate 100 --count 100 \
	--marker "M-always " >"$T/always.out"
is "always encrypted: none was lost" "$(last always .lost)" -eq 0
stop_capture
is "always encrypted: no fragment in clear" "$(in_clear M-always)" -eq 0
