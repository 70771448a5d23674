#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-flushed.sh - rules, routes, IPsec policies and firewall rules are flushed all the time while sockets of every
# kind of level send and receive: levels by the option, by tscf-run and by a policy, with a flow that comes from
# outside, and a TCP stream.  Nothing of them is in clear, and datagrams get through again within 100 ms after the last
# flush, plus the time in which the machine itself stood still.
. "$(dirname "$0")/lib.sh"

COVERED=4242
RATE=200 REPORT=10
# Seconds of flushing.
LENGTH=${TSCF_SECONDS:-4}

topology
chmod 711 "$T"
start_capture
echo_server
start_server
CLIENT_CONF=("policy covered { uid = $COVERED level = encrypted-only }")
start_guarded_client
FLOW=("$TSCF_TOOLS/flow" --to "$HOST:7000" --rate "$RATE" --report "$REPORT")
program option stranger "${FLOW[@]}" --bind "$ANY:5004" --marker "M-option " --level-at 0:encrypted-only
program run encrypted-only "${FLOW[@]}" --bind "$ANY:5005" --marker "M-run "
program policy stranger setpriv --reuid $COVERED "${FLOW[@]}" --bind "$ANY:5006" --marker "M-policy "
program stream encrypted-only "$TSCF_TOOLS/tcp" --to $HOST:7000 --seconds 600 --rate 100000 --marker "M-stream" --patience 20000 --report $REPORT
# The delay of this machine itself.
background here "$PHONE" "$TSCF_TOOLS/flow" --bind 127.0.0.1:7000 --echo
background still "$PHONE" "$TSCF_TOOLS/flow" --to 127.0.0.1:7000 --rate $RATE --report $REPORT
must 10 encrypted_up
for flow in option run policy still; do grows $flow .echoed 20; done
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate $RATE --marker "M-remote "
grows option .foreign 20
grows stream .received 1000

# --- the flushing ---
printf '%s\n' "rule flush" "rule add priority 32766 lookup main" "route flush table 7453" "route flush table 7454" \
	"xfrm policy flush" "xfrm state flush" >"$T/flush"
flushed=0
flush_all() {
	ip -n "$PHONE" -batch "$T/flush"
	[ "$TSCF_INNER" = 4 ] || ip -n "$PHONE" -6 -batch "$T/flush"
	in_phone nft flush ruleset
	flushed=$((flushed + 1))
} 2>/dev/null
end=$((SECONDS + LENGTH))
while [ $SECONDS -lt $end ]; do
	flush_all
	command sleep "0.0$((RANDOM % 6 + 1))"
done
flush_all
last_at=$(now)
note "$flushed times flushed, $(client_status .kernel.put_back) things put back"

# again FLOW FIELD: milliseconds from the last flush to the first report in which the field has grown by three since
# then.
again() {
	jq -n --argjson t "$last_at" "first(foreach inputs as \$r ({}; if \$r.time <= \$t or .from == null then .from = \$r.$2 else . end | .now = \$r;
		select(.now.time > \$t and .now.$2 >= .from + 3))) | (.now.time - \$t) * 1000 | floor" "$T/$1.out" 2>/dev/null
}
DATAGRAMS=("option echoed" "option foreign" "run echoed" "policy echoed")
for what in "${DATAGRAMS[@]}" "stream received"; do must 15 "[ -n \"\$(again $what)\" ]" "$what: goes on by itself"; done
grows still .echoed 200
stall=$(jq -s --argjson t "$last_at" "[[.[].time | select(. > \$t - 0.1 and . < \$t + 1)] | [., .[1:]] | transpose[] | select(.[1]) |
	(.[1] - .[0]) * 1000 - $REPORT] | max | ceil" "$T/still.out")
for what in "${DATAGRAMS[@]}"; do
	# shellcheck disable=SC2086 # two words
	is "$what: again after so many ms (the machine stood still for $stall)" "$(again $what)" -le $((100 + 3 * 1000 / RATE + REPORT + stall))
done
note "the stream: again after $(again stream received) ms"
is "the stream is complete" "$(last stream .exact)" = true
stop_client
stop_capture
for marker in M-option M-run M-policy M-stream M-remote; do is "in clear: $marker" "$(in_clear "$marker ")" -eq 0; done
