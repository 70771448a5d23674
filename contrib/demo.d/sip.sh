# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# sip.sh - kamailio and baresip in the namespaces of tests/net/lib.sh.

DEMO_D=${DEMO_D:-$TSCF_SRC/contrib/demo.d}
PROXY=$HOST

# udp_listens NAMESPACE ADDRESS:PORT
udp_listens() { [ -n "$(ip netns exec "$1" ss -Hlnu "src $2")" ]; }
tcp_listens() { [ -n "$(ip netns exec "$1" ss -Hlnt "src $2")" ]; }

start_proxy() {
	sed "s/ADDRESS/$PROXY/" "$DEMO_D/kamailio.cfg" >"$T/kamailio.cfg"
	background kamailio "$SERVICE" kamailio -DD -E -m 32 -M 4 -Y "$T" -f "$T/kamailio.cfg"
	must 10 "udp_listens $SERVICE $PROXY:5060" "kamailio listens"
}

# start_phone NAME NAMESPACE INTERFACE ADDRESS ANSWERMODE AUDIO [WRAPPER...]: a baresip that has registered.  Its first RTP port is RTP_PORT, the
# RTCP port is the next.  WRAPPER is put in front of the program.
RTP_PORT=20000
start_phone() {
	local name=$1 ns=$2 interface=$3 address=$4 mode=$5 audio=$6 dir=$T/phone-$1
	shift 6
	mkdir -p "$dir"
	sed -e "s/ADDRESS/$address/; s/INTERFACE/$interface/; s/CONTROL/4444/; s,AUDIO,$audio,; s,RECORDING,$dir/recording.wav," \
		-e "s/RTPLOW/$RTP_PORT/; s/RTPHIGH/$((RTP_PORT + 2))/" "$DEMO_D/baresip.config" >"$dir/config"
	: >"$dir/contacts"
	printf '<sip:%s@%s>;auth_pass=none;regint=300;answermode=%s;audio_codecs=PCMU/8000/1\n' \
		"$name" "$PROXY" "$mode" >"$dir/accounts"
	background "baresip-$name" "$ns" "$@" baresip -f "$dir"
	must 10 "tcp_listens $ns 127.0.0.1:4444" "$name's phone takes commands"
	must 15 "grep -q '200 OK' '$T/baresip-$name.out'" "$name's phone is registered"
}

# phone_command NAMESPACE COMMAND [PARAMETERS]: ctrl_tcp's netstrings.
phone_command() {
	# shellcheck disable=SC2016
	ip netns exec "$1" bash -c '
		exec 3<>/dev/tcp/127.0.0.1/4444 || exit 1
		text="{\"command\":\"$1\",\"params\":\"$2\"}"
		printf "%d:%s," ${#text} "$text" >&3
		IFS= read -r -d , -t 5 -u 3 answer
		printf "%s\n" "$answer"' command "$2" "${3-}"
}
