#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# policy-reload.sh - a reload gives live sockets of programs without the library their new policies, and takes old ones
# away: by the command and by SIGHUP.  A file with errors changes nothing.
. "$(dirname "$0")/lib.sh"

CLIENT_CONF=("policy user { protocol = udp local-port = 5070 level = encrypted-only }")
# policy_of PORT: the policy that the client says holds for the phone's UDP socket.
policy_of() {
	client sockets --json | jq -r --arg port ":$1" '[.[] | select(.local | endswith($port))][0].policy'
}
talker() {
	program "$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --rate 50 --marker "M-$1 " --report 50
}

topology
start_capture
echo_server
start_server
start_client
talker user 5070
talker bystander 5090
grows user .echoed 10
grows bystander .echoed 10
must 5 '[ "$(policy_of 5070) $(tunnel_of udp 5070) $(policy_of 5090)" = "user encrypted null" ]'

printf '%s\n' "policy user { local-port = 5070 level = magic }" >"$T/client.conf"
check "a file with errors is refused" eval '! client reload 2>/dev/null'
is "and changes nothing" "$(policy_of 5070)" = user
printf '%s\n' "policy by { uid = root local-port = 5090 level = encrypted-only }" >"$T/client.conf"
check "reload" client reload
is "a socket that lives has the new policy" "$(policy_of 5090) $(tunnel_of udp 5090)" = "by encrypted"
is "another is under none any more" "$(policy_of 5070)" = null
must 10 '[ "$(tunnel_of udp 5070)" != encrypted ]' "it has left the encrypted tunnel"
grows bystander .echoed 5 "it is carried by its new tunnel"
reloaded=$(now)
grows bystander .echoed 30
grows user .echoed 20 "so is that one"
unloaded=$(now)
printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
kill -HUP "$CLIENT_PID"
must 5 '[ "$(policy_of 5070) $(policy_of 5090)" = "user null" ]' "SIGHUP reloads, too"
grows bystander .echoed 10
grows user .echoed 5
again=$(now)
grows user .echoed 10
stop_capture
is "encrypted-only since the reload: not in clear" "$(in_clear M-bystander "$reloaded" "$unloaded")" -eq 0
is "without a policy: in clear" "$(($(in_clear M-user "$reloaded" "$unloaded") > 0))" -eq 1
is "with it again: not in clear" "$(in_clear M-user "$again")" -eq 0
is "the other is in clear again" "$(($(in_clear M-bystander "$again") > 0))" -eq 1
