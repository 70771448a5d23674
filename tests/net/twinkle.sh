#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# twinkle.sh - Twinkle without windows, unmodified, by its recipe in tscf-guide(7), word for word.  It registers and calls.  Signalling is
# encrypted-only; the sockets for media are encrypted-preferred, known by their ports.  No packet is ever in clear.  Without a sound card
# Twinkle sends no media.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_phones.sh"

needs twinkle-console
needs sipp
CLIENT_CONF=("$(recipe media)" "$(recipe "twinkle policy")")

# start_twinkle: with what is no part of the recipe: no sound card, and an account without a password.
start_twinkle() {
	mkdir -p "$T/.twinkle"
	printf 'pcm.none { type null }\n' >"$T/.asoundrc"
	{
		recipe "twinkle config"
		printf '%s=alsa:none\n' dev_ringtone dev_speaker dev_mic
		echo validate_audio_dev=no
	} >"$T/.twinkle/twinkle.sys"
	printf '%s\n' user_name=alice user_domain=$HOST sip_transport=udp >"$T/.twinkle/alice.cfg"
	mkfifo "$T/twinkle.in"
	exec 8<>"$T/twinkle.in"
	ip netns exec "$PHONE" env "HOME=$T" "PATH=$T/bin:$PATH" sh -c "$(recipe "twinkle start")" <"$T/twinkle.in" >"$T/twinkle.out" 2>&1 &
	LAST_PID=$!
	PIDS+=("$LAST_PID")
}

# Answers a registration, as a registrar would.
cat >"$T/registrar.xml" <<-'END'
	<?xml version="1.0" encoding="ISO-8859-1" ?>
	<scenario name="registrar">
	  <recv request="REGISTER"/>
	  <send><![CDATA[
	    SIP/2.0 200 OK
	    [last_Via:]
	    [last_From:]
	    [last_To:];tag=[call_number]
	    [last_Call-ID:]
	    [last_CSeq:]
	    [last_Contact:]
	    Expires: 3600
	    Content-Length: 0
	  ]]></send>
	</scenario>
END

topology
start_server
start_client
start_capture
background registrar "$SERVICE" sipp -sf "$T/registrar.xml" -i $HOST -p 5060 -m 1 -nostdin
registrar=$LAST_PID
must 10 '[ -n "$(ip netns exec $SERVICE ss -Hlnu "src $HOST:5060")" ]' "the registrar listens"
start_twinkle
must 20 'has twinkle-console "udp 5072 encrypted-only encrypted twinkle"' "SIP is encrypted-only"
pass "SIP is encrypted-only"
must 20 'grep -q "registration succeeded" "$T/twinkle.out"' "it is registered"
pass "it is registered"
finish "$registrar" 10
other_phone
echo "call sip:uas@$HOST" >&8
must 20 'has twinkle-console "udp 800[0-9] encrypted-preferred encrypted twinkle-media"' "RTP is encrypted-preferred"
pass "RTP is encrypted-preferred"
must 10 'grep -q "far end answered call" "$T/twinkle.out"' "the call is up"
pass "the call is up"
echo bye >&8
echo quit >&8
stop_capture
nothing_in_clear
