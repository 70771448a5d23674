#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# policy.sh - policies give levels to programs that run without the library: by user, port and remote address.  The
# first match decides, a level given to a socket has priority over all policies, and encrypted-only sockets are never in
# clear, also when the client has been killed.
. "$(dirname "$0")/lib.sh"

CLIENT_CONF=("policy guest { uid = 12346 level = unencrypted }"
	"policy voice { protocol = udp local-port = 5060-5069 level = encrypted-only }"
	"policy user { uid = 12345 level = encrypted-preferred }"
	"policy bank { remote = \"$HOST2\" remote-port = 7000 level = encrypted-only }")
as() { AS=(setpriv --reuid "$1" --regid "$1" --clear-groups); }
# policy_of PORT: the policy of the phone's UDP socket, by the client's list.
policy_of() {
	client sockets --json | jq -r --arg port ":$1" '[.[] | select(.local | endswith($port))][0].policy'
}
# talker NAME PORT REMOTE [COMMAND...]: a program without the library that sends and gets the echo.
talker() {
	program "$1" stranger "${@:4}" "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to "$3" --rate 50 --marker "M-$1 " --report 50
}

topology
start_capture
echo_server
udp_echo $HOST2 7000
start_server
start_client
talker voice 5060 $HOST:7000
voice=$LAST_PID
talker bank 5080 $HOST2:7000
bank=$LAST_PID
as 12345
talker user 5070 $HOST:7000 "${AS[@]}"
as 12346
talker guest 5061 $HOST:7000 "${AS[@]}"
talker bystander 5090 $HOST:7000
program tcp stranger setpriv --reuid 12345 --regid 12345 --clear-groups "$TSCF_TOOLS/tcp" --to $HOST:7000 --rate 100000 --seconds 2 \
	--marker M-tcp --report 50
tcp=$LAST_PID
must 10 encrypted_up "the encrypted tunnel comes up for them"
must 5 '[ "$(tunnel_of udp 5070)" = encrypted ]'
grows user .echoed 10
from=$(now)
grows voice .echoed 20 "encrypted-only by port: echoes arrive"
grows bank .echoed 20 "encrypted-only by remote: echoes arrive"
grows user .echoed 20 "encrypted-preferred by user: echoes arrive"
grows guest .echoed 20 "an exception that stands first: echoes arrive"
grows bystander .echoed 20
is "the policy of the port is shown" "$(policy_of 5060)" = voice
is "the first that matches decides" "$(policy_of 5061) $(tunnel_of udp 5061)" = "guest plain"
is "the policy of the user is shown" "$(policy_of 5070)" = user
to=$(now)
finish "$tcp" 10
check "TCP of the user: the transfer ended well" [ $? -eq 0 ]

# A socket that receives before it has sent.
program listener stranger "$TSCF_TOOLS/flow" --bind $ANY:5062 --echo --report 50
must 5 '[ "$(policy_of 5062)" = voice ]' "the listener is known"
background caller "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST:7200" --to "$PHONE_INNER:5062" --rate 50 --marker "M-call " --report 50
grows caller .echoed 5 "a socket that only waits is reached"
called=$(now)
grows caller .echoed 20

check "a level given to the socket comes before the policy" level unencrypted --proto udp --port 5070
is "it is plain then" "$(tunnel_of udp 5070) $(policy_of 5070)" = "plain null"
grows user .echoed 10
check "and the policy holds again when it is taken back" level default --proto udp --port 5070
must 5 '[ "$(tunnel_of udp 5070) $(policy_of 5070)" = "encrypted user" ]'
grows user .echoed 10

kill_client
sent=$(last bystander .sent)
must 10 '[ "$(last voice .errors)" -gt 20 ] && [ "$(last bank .errors)" -gt 20 ]' "without a client encrypted-only sends are refused"
program late stranger "$TSCF_TOOLS/flow" --bind $ANY:5063 --to $HOST:7000 --rate 50 --marker "M-late " --report 50
must 10 '[ "$(last late .errors)" -gt 10 ]' "so are those of a program that starts now"
must 10 "[ \"\$(last bystander .sent)\" -gt $((sent + 20)) ]"

launch_client
must 10 encrypted_up "a new client takes the rules over"
grows voice .echoed 20 "and carries the sockets again"
kill "$voice" "$bank"
stop_client
stop_capture
is "encrypted-only by port: nothing in clear" "$(in_clear M-voice)" -eq 0
is "encrypted-only by port, of a late program: nothing in clear" "$(in_clear M-late)" -eq 0
is "encrypted-only by remote: nothing in clear" "$(in_clear M-bank)" -eq 0
is "who only waited: nothing in clear" "$(in_clear M-call "$called")" -eq 0
is "encrypted-preferred by user: nothing in clear while there is a tunnel" "$(in_clear M-user "$from" "$to")" -eq 0
is "the exception was in clear" "$(($(in_clear M-guest "$from" "$to") > 0))" -eq 1
is "the bystander was in clear" "$(($(in_clear M-bystander "$from" "$to") > 0))" -eq 1
