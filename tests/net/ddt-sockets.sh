#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ddt-sockets.sh - sockets ask by policy, tscf-run, command and option for datagrams beside a tunnel over TCP, or want none, whatever their
# DSCP; those that only receive get them, too; RTP gets them without being asked for.  They are told.  An encrypted-only socket goes from TLS to
# DTLS and is never in clear.
. "$(dirname "$0")/lib.sh"

TRANSPORT=tcp SERVICES=DTTE,DDT EF=184
topology
start_capture
echo_server
CLIENT_CONF=("policy voice { local-port = 6000-6009 level = unencrypted datagram = preferred }"
	"policy games { local-port = 6010-6019 level = unencrypted datagram = never }"
	"policy console { local-port = 6020-6029 level = unencrypted datagram = preferred when = trusted }")
start_server
start_client

# media TUNNEL: the state of its media way.
media() { client_status ".$1.media.state // \"off\""; }
# media_packets DIRECTION: how many packets have gone by media ways so far.
media_packets() { client_status ".counters.$1_media"; }
# of PORT FIELD: of the socket with that local port.
of() { client sockets --json | jq -r --arg port ":$1" "[.[] | select(.local | endswith(\$port))][0].$2"; }
# call NAME LEVEL PORT [OPTION...]: 50 packets a second that come back.
call() { program "$1" "$2" "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:$3" --to $HOST:7000 --rate 50 --size 172 --marker "M-$1 " --report 50 "${@:4}"; }
ended() {
	kill -TERM "$LAST_PID"
	finish "$LAST_PID"
}

# --- by policy ---
call games stranger 6010 --tos $EF
must 5 '[ "$(of 6010 datagram_in_force)" = never ]' "a policy keeps media on the stream"
before=$(media_packets up)
grows games .echoed 50
is "packets of it that left the stream" "$(($(media_packets up) - before))" -le 5
ended
call voice stranger 6000
must 5 '[ "$(of 6000 datagram_in_force)" = preferred ]' "a policy makes media of packets without a DSCP"
must 5 '[ "$(media plain)" = up ]' "they leave the stream"
before=$(media_packets up) below=$(media_packets down)
grows voice .echoed 50
is "up" "$(($(media_packets up) - before))" -ge 40
is "down" "$(($(media_packets down) - below))" -ge 40
ended
is "lost" "$(last voice .lost)" -eq 0

# --- by a policy that comes into force, and goes ---
call console stranger 6020
grows console .echoed 10
is "the policy is not in force" "$(of 6020 datagram_in_force)" = null
echo "trusted-network = $PHONE_OUTER" >>"$T/client.conf"
check "the network is trusted" client reload
must 5 '[ "$(of 6020 datagram_in_force)" = preferred ]' "it is: a running socket prefers datagrams"
sed -i '/^trusted-network/d' "$T/client.conf"
check "it is not any more" client reload
must 5 '[ "$(of 6020 datagram_in_force)" = null ]' "nor is the policy"
ended
is "lost" "$(last console .lost)" -eq 0

# --- by option, under the library; the socket only receives ---
background option "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted -- python3 -u -c '
import os, socket, sys, time
OPTION = 0x7457
def get(s): return s.getsockopt(socket.SOL_SOCKET, OPTION)
def set(s, what):
    try: s.setsockopt(socket.SOL_SOCKET, OPTION, what)
    except OSError as e: return os.strerror(e.errno)
    return "ok"
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
tcp = socket.socket(family, socket.SOCK_STREAM)
print(get(s), set(s, 1), get(s), set(s, 3), set(tcp, 1), flush=True)
s.bind((sys.argv[1], 5070))
while True: s.recv(2000)' "$PHONE_INNER"
must 20 '[ -s "$T/option.out" ]'
is "SO_TSC_TUNNEL_TRANSPORT" "$(cat "$T/option.out")" = "0 ok 1 Invalid argument Operation not supported"
must 5 '[ "$(of 5070 datagram_in_force)" = preferred ]' "granted before the socket had sent anything"
background sender "$SERVICE" "$TSCF_TOOLS/flow" --to "$PHONE_INNER:5070" --rate 50 --size 172 --report 50
must 5 '[ "$(media plain)" = up ]' "what comes for it opens the way"
below=$(media_packets down)
must 5 '[ "$(media_packets down)" -ge $((below + 50)) ]' "and then goes by it"
ended

# --- by the shape of RTP ---
call rtp stranger 5078 --kind rtp
must 10 '[ "$(media plain)" = up ]' "RTP without a DSCP leaves the stream"
before=$(media_packets up) below=$(media_packets down)
grows rtp .echoed 50
is "up" "$(($(media_packets up) - before))" -ge 40
is "down" "$(($(media_packets down) - below))" -ge 40
ended
is "lost" "$(last rtp .lost)" -eq 0
call other stranger 5078
grows other .echoed 10
before=$(media_packets up)
grows other .echoed 50
is "what is no RTP stays there" "$(($(media_packets up) - before))" -eq 0
ended

# --- by tscf-run ---
background run "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted --datagram -- \
	"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5074" --to $HOST:7000 --rate 50 --report 50
must 5 '[ "$(of 5074 datagram_in_force)" = preferred ]' "tscf-run --datagram"
ended
background run-never "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted --datagram=never -- \
	"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5076" --to $HOST:7000 --rate 50 --tos $EF --report 50
must 5 '[ "$(of 5076 datagram_in_force)" = never ]' "tscf-run --datagram=never"
is "the command" "$(client datagram preferred --port 5076)" = "1 socket asks for datagram preferred"
must 5 '[ "$(of 5076 datagram_in_force)" = preferred ]' "the command comes before tscf-run"
check "default" client datagram default --pid "$LAST_PID"
must 5 '[ "$(of 5076 datagram)" = default ]' "and takes it back"
check "no TCP socket can" eval '! client datagram preferred --proto tcp --port 7000 2>/dev/null'
ended
background run-policy "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level unencrypted --datagram=never -- \
	"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6004" --to $HOST:7000 --rate 50 --report 50
must 5 '[ "$(of 6004 datagram_in_force)" = preferred ]' "a policy comes before tscf-run"
ended

# --- encrypted-only ---
background only "$PHONE" "$TSCF_BINDIR/tscf-run" --control "$CLIENT_CONTROL" --level encrypted-only -- python3 -u -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 0x7457, 1)
s.bind((sys.argv[1], 5072))
while True:
    s.sendto(b"M-only " * 20, (sys.argv[2], 7000))
    s.recv(2000)
    print("echoed", flush=True)
    time.sleep(0.02)' "$PHONE_INNER" $HOST
must 10 '[ "$(media encrypted)" = up ]' "its media goes by DTLS"
is "its transport" "$(client_status .encrypted.media.transport)" = dtls
lines=$(wc -l <"$T/only.out")
must 5 '[ "$(wc -l <"$T/only.out")" -gt $((lines + 25)) ]' "both ways"
stop_capture
is "nothing of it was in clear" "$(($(in_clear M-only) + $(socket_in_clear udp 5072)))" -eq 0

# --- not assigned ---
stop_client
stop_server
SERVICES=DTTE
start_server
start_client
call voice2 stranger 6002
must 5 '[ "$(client_status ".redundancy.reason // empty")" != "" ]' "the server refuses"
is "what it asks for" "$(of 6002 datagram)" = preferred
is "what it has" "$(of 6002 datagram_in_force)" = default
check "sockets says that it is not in force" eval 'client sockets | grep -q "datagram preferred is not in force"'
why="not among the assigned services of this interface"
check "the status says why" eval 'client status | grep -q "^datagrams of sockets, refused by the server: $why\$"'
check "the server's log" grep -q "refused: services for sockets of the plain tunnel of $PHONE_OUTER:[0-9]*, identity not known: $why" "$T/server.log"
grows voice2 .echoed 20 "the socket works without it"
call voice3 stranger 5080 --tos $EF
why="DDT is not enabled on this interface"
must 5 '[ "$(media plain)" = refused ]' "media, by its DSCP, has no way either"
check "the status says why" eval 'client status | grep -q "^plain media: udp refused since .*: service unavailable: $why\$"'
check "the server's log" grep -q "refused: media way of the plain tunnel of $PHONE_OUTER:[0-9]*, identity not known: $why" "$T/server.log"
is "on the stream" "$(media_packets up)" -eq 0
