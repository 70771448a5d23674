#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# policy-library.sh - policies by program and DSCP, for programs under the library.  The first match decides, whether a
# rule or the library applies it.  It has priority over the level of tscf-run, and a level that the program itself has
# set has priority over it.  A socket that is encrypted-only by a policy is never in clear, and a reload gives live
# sockets the levels of the new file.
. "$(dirname "$0")/lib.sh"

CLIENT_CONF=("policy bank { remote = $HOST2 level = encrypted-only }"
	"policy media { program = $T/bin/phone dscp = EF level = encrypted-preferred }"
	"policy port { local-port = 5090-5091 level = unencrypted }"
	"policy phone { program = $T/bin/phone level = encrypted-only }"
	"policy late { program = $T/bin/other local-port = 5100 level = encrypted-only }")
field_of() {
	client sockets --json | jq -r --arg port ":$1" "[.[] | select(.local | endswith(\$port))][0] | \"\\(.$2) \\(.tunnel)\""
}
# talker NAME LEVEL PROGRAM PORT [OPTION...]: a program under the library that sends and gets the echo.
talker() {
	program "$1" "$2" "$T/bin/$3" --bind "$ANY:$4" --to $HOST:7000 --rate 50 --marker "M-$1 " --report 50 "${@:5}"
}

topology
start_capture
echo_server
udp_echo $HOST2 7000
mkdir "$T/bin"
cp "$TSCF_TOOLS/flow" "$T/bin/phone"
cp "$TSCF_TOOLS/flow" "$T/bin/other"
start_server
start_client

# --- which policy ---
talker bystander library other 5095
grows bystander .echoed 10 "no policy: it is carried"
is "no encrypted tunnel for it" "$(encrypted_state)" = idle
talker signalling library phone 5060
talker media library phone 5004 --tos 184
talker port library phone 5090
talker late library other 5100
for name in signalling media port late; do grows "$name" .echoed 10; done
is "by program" "$(field_of 5060 policy)" = "phone encrypted"
is "by program and DSCP" "$(field_of 5004 policy)" = "media encrypted"
is "by a rule that stands before it" "$(field_of 5090 policy)" = "port plain"
is "by program and port" "$(field_of 5100 policy)" = "late encrypted"
is "the level of the medium" "$(field_of 5004 level)" = "encrypted-preferred encrypted"
# Packets to this destination are encrypted-only for all programs, although this socket is only preferred.
program rich library "$T/bin/phone" --bind "$ANY:5006" --to $HOST2:7000 --tos 184 --rate 50 --marker "M-rich " --report 50
grows rich .echoed 10

# --- precedence ---
talker run encrypted-only other 5104
talker over encrypted-only phone 5091
talker explicit library phone 5106 --level-at 1:unencrypted
for name in run over explicit; do grows "$name" .echoed 10; done
is "tscf-run, and no policy" "$(field_of 5104 level) $(field_of 5104 policy)" = "encrypted-only encrypted null encrypted"
check "a policy comes before tscf-run" [ "$(last over .errors)" -eq 0 ]
must 5 '[ "$(field_of 5106 policy)" = "null plain" ]' "what the program says comes before a policy"

# --- without an encrypted tunnel ---
in_server nft -f - <<-END
	table inet firewall {
		chain in { type filter hook input priority 0; udp dport $((PORT + 1)) drop; tcp dport $((PORT + 1)) drop; }
		chain out { type filter hook output priority 0; udp sport $((PORT + 1)) drop; tcp sport $((PORT + 1)) drop; }
	}
END
must 30 '! encrypted_up' "the encrypted tunnel is lost"
must 10 '[ "$(last signalling .errors)" -gt 20 ] && [ "$(last rich .errors)" -gt 20 ] && [ "$(last run .errors)" -gt 20 ]' "encrypted-only sends are refused"
talker new library phone 5062
must 10 '[ "$(last new .errors)" -gt 10 ]' "so are those of a program that starts now"
in_server nft delete table inet firewall
must 60 encrypted_up "it comes back"
grows signalling .echoed 10
grows media .echoed 10

# --- reload: each change applies to live sockets ---
printf '%s\n' "policy media { program = $T/bin/phone dscp = EF level = unencrypted }" \
	"policy other { program = $T/bin/other level = encrypted-preferred }" >"$T/client.conf"
before=$(now)
check "reload" client reload
must 5 '[ "$(field_of 5095 policy)" = "other encrypted" ]' "who had none has one"
must 5 '[ "$(field_of 5060 tunnel)" = "null null" ]' "who had one has none"
must 5 '[ "$(field_of 5004 policy)" = "media plain" ]' "who had one has another"
must 5 '[ "$(field_of 5104 policy)" = "other encrypted" ]' "so has who was under tscf-run"
must 5 '[ "$(field_of 5106 level)" = "unencrypted plain" ]' "and who had said so himself has it still"
for name in bystander signalling media run explicit; do grows "$name" .echoed 10; done
printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
check "and back" client reload
must 5 '[ "$(field_of 5060 policy)" = "phone encrypted" ]'
must 5 '[ "$(field_of 5104 level)" = "encrypted-only encrypted" ]' "tscf-run's level is remembered"
grows signalling .echoed 10
after=$(now)
for name in signalling media run bystander; do grows "$name" .echoed 10; done

# --- a client that is killed ---
kill_client
must 10 '[ "$(last signalling .errors)" -gt 60 ] && [ "$(last run .errors)" -gt 60 ]' "without a client they are refused"
start_client
must 10 encrypted_up
grows signalling .echoed 10 "a new client carries them again"
stop_capture
is "encrypted-only by program: nothing in clear" "$(in_clear M-signalling 0 "$before")" -eq 0
is "again after the reload" "$(in_clear M-signalling "$after")" -eq 0
is "encrypted-only by program, of a late one: nothing in clear" "$(in_clear M-new 0 "$before")" -eq 0
is "encrypted-only by remote: nothing in clear" "$(in_clear M-rich 0 "$before")" -eq 0
is "encrypted-only by tscf-run: nothing in clear" "$(in_clear M-run)" -eq 0
is "an exception was in clear" "$(($(in_clear M-port) > 0))" -eq 1
