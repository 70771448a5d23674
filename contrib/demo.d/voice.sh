# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# voice.sh - contrib/demo --voice: a call on a link that loses packets, without redundancy and with it; then one in a tunnel over TCP, whose
# media leaves the stream when datagrams get through.

LOSS=10
# How long each call is listened to, and how long redundancy has to find the loss, in seconds.
LISTEN=10 SETTLE=3

# link_loses PERCENT: packets of the tunnels are dropped where they arrive, at both ends, each by chance.
link_loses() {
	local ns
	for ns in "$PHONE" "$SERVER"; do
		ip netns exec "$ns" nft -f - <<-END
			table inet loss {
				chain in { type filter hook prerouting priority raw; iifname access udp sport { $PORT, $((PORT + 1)) } numgen random mod 100 < $1 drop
					iifname access udp dport { $PORT, $((PORT + 1)) } numgen random mod 100 < $1 drop; }
			}
		END
	done
}
link_loses_nothing() { for ns in "$PHONE" "$SERVER"; do ip netns exec "$ns" nft delete table inet loss; done; }

# hear FROM TO: what each side lost of the call, and how that sounds.  LOST holds the packets of both directions, WORST the worse MOS in hundredths.
hear() {
	local direction sent received lost gap mos
	LOST=0 WORST=500
	rtp "$1" "$2"
	while read -r direction sent received lost gap; do
		[ "$sent" -gt 0 ] || die "there is no sound"
		[ "$direction" = up ] && direction="phone -> far end" || direction="far end -> phone"
		mos=$(python3 -B "$TSCF_SRC/tests/bench/emodel.py" "$(awk -v l="$lost" -v s="$sent" 'BEGIN { print 100 * l / s }')")
		row "$direction" "$(awk -v s="$sent" -v l="$lost" 'BEGIN { printf "%d packets, %d lost (%.1f %%)", s, l, 100 * l / s }'), MOS $mos"
		LOST=$((LOST + lost))
		[ "${mos/./}" -ge "$WORST" ] || WORST=${mos/./}
	done <<<"$RTP"
}
# listen: the last LISTEN seconds from now on, without the packets that are still under way at the end.
listen() {
	local from to
	from=$(now)
	sleep $LISTEN
	to=$(awk -v t="$(now)" 'BEGIN { printf "%.6f", t - 0.5 }')
	hear "$from" "$to"
}
call_begins() {
	start_phone alice "$PHONE" tscf0 "$PHONE_INNER" manual "$T/alice.wav"
	alice=$LAST_PID
	phone_command "$PHONE" dial "sip:bob@$PROXY" >/dev/null
	must 10 'grep -q "Call established" "$T/baresip-alice.out"' "the call is established"
}
call_ends() {
	phone_command "$PHONE" hangup >/dev/null
	must 10 'grep -q "terminated" "$T/baresip-alice.out"' "the call ends"
	kill -TERM "$alice"
	finish "$alice"
}

topology
SERVICES="DTTE redundancy DDT" start_server
start_client
start_inner_captures
python3 "$TSCF_SRC/contrib/demo.d/audio.py" "$T/alice.wav" "$ALICE" 300
python3 "$TSCF_SRC/contrib/demo.d/audio.py" "$T/bob.wav" "$BOB" 300
start_proxy
start_phone bob "$SERVICE" service $HOST2 auto "$T/bob.wav"
call_begins
note "MOS: how a call sounds, on the scale of the ear (ITU-T G.107): 4.4 is the best of a telephone, 4 good, 3 poor, 1 useless"

title "1. A call, and a link that loses $LOSS % of the packets"
link_loses $LOSS
listen
is "it can be heard: MOS, in hundredths" "$WORST" -lt 400

title "2. The same call with redundancy"
note "tscf-client redundancy auto --proto udp --port $RTP_PORT"
client redundancy auto --proto udp --port $RTP_PORT >/dev/null || fail "redundancy of RTP"
sleep $SETTLE
listen
row "repaired since then" "$(server_counter repaired) packets on the way up, $(client_status .counters.repaired) down"
is "it cannot be heard any more: MOS, in hundredths" "$WORST" -ge 425
link_loses_nothing
call_ends
stop_client

title "3. A firewall: only TCP gets through, until it is opened"
filter tcp tls
TRANSPORT=tcp start_client
call_begins
must 10 '[ "$(client_status ".plain.media.state // \"off\"")" = trying ]' "media wants to leave the stream"
row "signalling and media go by" "$(client_status .plain.transport)"
from=$(now)
sleep 2
filter tcp tls udp dtls
opened=$(now)
note "the firewall lets datagrams through"
must 10 '[ "$(client_status .plain.media.state)" = up ]' "media goes by datagrams"
row "media goes by $(client_status .plain.media.transport), and signalling by $(client_status .plain.transport)" "after $(elapsed "$opened") ms"
sleep 3
hear "$from" "$(awk -v t="$(now)" 'BEGIN { printf "%.6f", t - 0.5 }')"
is "leaving the stream lost: packets" "$LOST" -eq 0
call_ends
stop_inner_captures

title "Result"
if [ "$FAILED" -eq 0 ]; then
	pass "what the link lost could not be heard with redundancy, and media left the stream without a loss"
else
	fail "$FAILED of the above are not as they should be"
fi
