#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ddt.sh - media leaves the stream: tunnels that had to be made over TCP and TLS, since datagrams were blocked.  When they get through, media
# goes by UDP or DTLS within a second, and nothing is lost by that; when they are blocked again, it is back on the stream within a second.
# Signalling stays on the stream.  Media of an encrypted-only socket is never in clear.
. "$(dirname "$0")/lib.sh"

TRANSPORT=tcp SERVICES=DTTE,DDT EF=184
topology
watch_stalls
command -v nft >/dev/null || skip "needs nft"
start_capture
echo_server
CLIENT_CONF=("persistence = 4")
start_server
filter tcp tls
start_client

# media TUNNEL: the state of its media way.
media() { client_status ".$1.media.state // \"off\""; }
# media_packets DIRECTION: how many packets have gone by media ways so far.
media_packets() { client_status ".counters.$1_media"; }
# call NAME LEVEL PORT [OPTION...]: media, 50 packets a second, that comes back.
call() { program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$3" --to $HOST:7000 --rate 50 --size 172 --marker "M-$1 " --report 50 "${@:4}"; }
# ended NAME: no packet of it may be lost.
ended() {
	kill -TERM "$LAST_PID"
	finish "$LAST_PID"
	is "$1: lost" "$(last "$1" .lost)" -eq 0
}

# leaves_and_returns TUNNEL LEVEL PORT WAY: all of it, for one tunnel.  The first datagram down with media shows when it has moved.
leaves_and_returns() {
	local tunnel=$1 level=$2 port=$3 way=$4 text=M-$1 opened answered
	[ "$tunnel" = plain ] || text=
	call "$tunnel" "$level" "$port" --tos $EF
	must 20 '[ "$(last '"$tunnel"' ".echoed // 0")" -ge 100 ]' "$tunnel media on the stream"
	is "$tunnel: datagrams are blocked" "$(media "$tunnel")" = trying
	filter tcp tls udp dtls
	opened=$(now)
	must 10 "[ \"\$(media $tunnel)\" = up ]" "$tunnel media goes by $way"
	grows "$tunnel" .echoed 100
	answered=$(wire answered "$tunnel" "$text" --from "$opened")
	is "$tunnel: media has moved, in ms" "$(elapsed "$opened" "$answered")" -lt $((1000 + $(stood_still "$opened")))
	is "the server shows it" "$(server sessions --json | jq -r '[.[] | select(.kind == "'"$tunnel"'")][0].media.transport')" = "$way"
	ended "$tunnel"
	call "$tunnel-2" "$level" "$port" --tos $EF
	grows "$tunnel-2" .echoed 100
	filter tcp tls
	happens
	within "$tunnel: media is back on the stream" 1000 "$tunnel-2" .echoed
	is "$tunnel: it is known" "$(media "$tunnel")" = trying
	filter tcp tls udp dtls
	must 10 "[ \"\$(media $tunnel)\" = up ]" "$tunnel media goes by $way again"
	kill -TERM "$LAST_PID"
	finish "$LAST_PID"
}

leaves_and_returns plain stranger 5004 udp
must 15 '[ "$(media plain)" = off ]' "without media the way is closed"
filter tcp tls
leaves_and_returns encrypted encrypted-only 5020 dtls
stop_capture
is "nothing of the encrypted media was in clear" "$(($(in_clear M-encrypted) + $(socket_in_clear udp 5020)))" -eq 0

# Signalling is no media.
before=$(media_packets up)
call signalling stranger 5040
grows signalling .echoed 50
is "a socket without the DSCP stays on the stream" "$(media_packets up)" -eq "$before"
