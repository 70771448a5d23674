#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# restart-policy.sh - what a policy makes encrypted-only is refused between a clean stop of the client and its next
# start, also for sockets that are opened in between.  Sockets without a policy go on.  flush removes the rules.
. "$(dirname "$0")/lib.sh"

CLIENT_CONF=("policy voice { protocol = udp local-port = 5070-5079 level = encrypted-only }"
	"policy loud { protocol = udp local-port = 5080 level = unencrypted }"
	"policy bank { remote = $HOST2 level = encrypted-only }")
# one PORT MARKER [REMOTE]: a program without a level opens a socket and sends one packet.
one() { run stranger "$TSCF_TOOLS/flow" --bind "$ANY:$1" --to "${3:-$HOST:7000}" --count 1 --linger 500 --until-echoed 1 --marker "$2 "; }
refused() { [ "$(one "$@" | tail -1 | jq '.send_errors.EACCES // 0')" -ge 1 ]; }
echoed() { [ "$(one "$@" | tail -1 | jq .echoed)" -eq 1 ]; }

topology
start_capture
echo_server
udp_echo $HOST2 7000
in_phone ip rule >"$T/rules.before"
start_server
start_client
check "the policy's socket is carried" echoed 5070 M-voice
check "so is that of another remote" echoed 5090 M-bank $HOST2:7000

# Short-lived sockets, one after the other, while the client is stopped and started.
cat >"$T/short.sh" <<'END'
for ((i = 0; i < 400; i++)); do
	"$1" --bind "$3:$((5070 + i % 10))" --to "$2:7000" --count 1 --linger 0 --marker "M-short " >/dev/null
	[ ! -e "$4" ] || break
done
END
background short "$PHONE" bash "$T/short.sh" "$TSCF_TOOLS/flow" $HOST $ANY "$T/enough"
short=$LAST_PID
stop_client
is "clean stop: exit status" $? -eq 0
check "the log says that rules stay" grep -q "the rules that refuse clear packets stay" "$T/client.log"
check "stopped: refused by port" refused 5071 M-voice
check "stopped: refused by remote" refused 5091 M-bank $HOST2:7000
one 5080 M-loud >/dev/null
start_client
must 10 'echoed 5072 M-voice' "started: carried again"
touch "$T/enough"
finish "$short" 20

stop_client
in_phone "$TSCF_SBINDIR/tscf-client" flush --config "$T/client.conf" --control "$CLIENT_CONTROL"
is "flush: exit status" $? -eq 0
check "flush: no rule is left" diff "$T/rules.before" <(in_phone ip rule)
stop_capture
for marker in M-voice M-bank M-short; do is "never in clear: $marker" "$(in_clear $marker)" -eq 0; done
is "an exception was in clear" "$(($(in_clear M-loud) > 0))" -eq 1
