#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# phones.sh - the SIP clients of the distribution, unmodified, each by its recipe in tscf-guide(7), word for word.  Signalling is encrypted-only;
# media are encrypted-preferred and recognized by their DSCP where the client sets one.  No packet of either is ever in
# clear, in either direction.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_phones.sh"

CLIENT_CONF=("$(recipe media)" "$(recipe "baresip policy")" "$(recipe "linphone policy")" "$(recipe "sipp policy")")
LIBRARY=(env "HOME=$T" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level default --)

start_baresip() {
	mkdir -p "$T/.baresip"
	# What is no part of the recipe: sound from a file, and commands.
	sed -e "/ADDRESS/d; /INTERFACE/d; s/CONTROL/4444/; s,AUDIO,$T/sound.wav,; s,RECORDING,$T/heard.wav," \
		-e "s/RTPLOW/20000/; s/RTPHIGH/20010/" "$TSCF_SRC/contrib/demo.d/baresip.config" >"$T/.baresip/config"
	recipe "baresip config" >>"$T/.baresip/config"
	: >"$T/.baresip/contacts"
	recipe "baresip account" >"$T/.baresip/accounts"
	follow baresip "baresip start"
	must 20 '[ -n "$(in_phone ss -Hlnt "src 127.0.0.1:4444")" ]' "baresip takes commands"
}
baresip_command() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_phone bash -c '
		exec 3<>/dev/tcp/127.0.0.1/4444 || exit 1
		text="{\"command\":\"$1\",\"params\":\"$2\"}"
		printf "%d:%s," ${#text} "$text" >&3
		IFS= read -r -d , -t 5 -u 3 answer' command "$@"
}

start_linphone() {
	{
		recipe "linphone config"
		printf '[rtp]\naudio_rtp_port=21000\n[net]\nstun_server=\n'
	} >"$T/linphonerc"
	mkdir -p "$T/.local/share/linphone" "$T/.config/linphone"
	mkfifo "$T/linphone.in"
	exec 8<>"$T/linphone.in"
	ip netns exec "$PHONE" "${LIBRARY[@]}" linphonec -c "$T/linphonerc" <"$T/linphone.in" >"$T/linphone.out" 2>"$T/linphone.err" &
	LAST_PID=$!
	PIDS+=("$LAST_PID")
	printf 'soundcard use files\nplay %s\n' "$T/sound.wav" >&8
}

start_sipp() {
	ln -s /usr/share/sip-tester "$T/pcap"
	background sipp "$PHONE" env "HOME=$T" "PATH=$T/bin:$PATH" sh -c "cd '$T' && $(recipe "sipp start")"
}

for program in baresip linphonec sipp; do needs "$program"; done
[ -e /usr/share/sip-tester/g711a.pcap ] || skip "needs sip-tester's pcap files"
topology
python3 "$TSCF_SRC/contrib/demo.d/audio.py" "$T/sound.wav" "SOUND OF A PHONE " 30
start_server
start_client
start_capture
other_phone

start_baresip
must 10 'encrypted_up && has baresip "udp [0-9]+ encrypted-only encrypted baresip"' "baresip: SIP is encrypted-only"
pass "baresip: SIP is encrypted-only"
from=$(now)
baresip_command dial "sip:uas@$HOST"
must 20 'has baresip "udp 200[0-9]+ encrypted-preferred encrypted media"' "baresip: RTP is encrypted-preferred"
pass "baresip: RTP is encrypted-preferred"
talks "$from"
baresip_command hangup
baresip_command quit

start_linphone
must 20 'has linphonec "udp 5070 encrypted-only encrypted linphone"' "linphonec: SIP is encrypted-only"
pass "linphonec: SIP is encrypted-only"
from=$(now)
echo "call sip:uas@$HOST" >&8
must 20 'has linphonec "udp 21000 encrypted-preferred encrypted media"' "linphonec: RTP, dual-stack, is encrypted-preferred"
pass "linphonec: RTP, dual-stack, is encrypted-preferred"
must 20 'grep -q "Media streams established" "$T/linphone.out"' "linphonec: the call is up"
talks "$from"
echo quit >&8

from=$(now)
start_sipp
must 20 'has sipp "udp [0-9]+ encrypted-only encrypted sipp"' "sipp: SIP is encrypted-only"
pass "sipp: SIP is encrypted-only"
talks "$from"
finish "$LAST_PID" 30
is "sipp: the call went well" $? -eq 0
stop_capture
is "no sound in clear" "$(in_clear "SOUND OF A PHONE")" -eq 0
nothing_in_clear
