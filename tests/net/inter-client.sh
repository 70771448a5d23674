#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# inter-client.sh - packets from one phone to another are not forwarded, unless that is configured, but the sender is
# told: by an ICMP error on the tunnel that the packet came by, at a limited rate, and never about a packet that must
# not be in clear.  Each session counts them, and the log names each pair once.
. "$(dirname "$0")/lib.sh"

SERVER_CONF=("keepalive-timer = 0")
topology
topology_phone2
start_capture bridge
echo_server
start_server --route $PLAIN_POOL
start_client
start_second_client second "$PHONE2"
OTHER=$(ip netns exec "$PHONE2" "$TSCF_SBINDIR/tscf-client" status --json --control "$T/second.sock" | jq -r '.plain.internal[0]' | cut -d/ -f1)
if [ "$TSCF_INNER" = 6 ]; then ERROR=EACCES; else ERROR=EHOSTUNREACH; fi
counted() { server sessions --json | jq "[.[] | select(.kind == \"$1\") | .inter_client] | add"; }
errors() { tail -n1 "$T/$1.out" | jq "(.receive_errors.$ERROR // 0) + (.send_errors.$ERROR // 0)"; }

background hears "$PHONE2" "$TSCF_TOOLS/flow" --bind "$OTHER:5004" --echo --report 50
run library "$TSCF_TOOLS/flow" --connect --bind "$PHONE_INNER:5004" --to "$OTHER:5004" --rate 20 --count 10 --linger 500 --marker "M-plain " >"$T/plain.out"
is "plain: the program is told" "$(errors plain)" -ge 5
run encrypted-only "$TSCF_TOOLS/flow" --connect --bind "$PHONE_INNER:5006" --to "$OTHER:5004" --rate 20 --count 10 --linger 500 --marker "M-only " >"$T/only.out"
is "encrypted-only: the program is told" "$(errors only)" -ge 5
run library "$TSCF_TOOLS/tcp" --to "$OTHER:5005" --bytes 10 >"$T/tcp.out" 2>&1
check "TCP: so is one that connects" grep -q $ERROR "$T/tcp.out"
# A send that returns the error of the packet before it sends nothing itself.
is "each session counts" "$(($(counted plain) > 5)) $(($(counted encrypted) >= 5))" = "1 1"
is "the log names the pair, for each tunnel" "$(grep -c "client $PHONE_INNER cannot reach client $OTHER" "$T/server.log")" -eq 2

# Many packets, few errors; none about a packet that must not be in clear.
answers() { in_phone nstat -asz "$([ "$TSCF_INNER" = 6 ] && echo Icmp6InDestUnreachs || echo IcmpInDestUnreachs)" | awk '/Unreach/ { print $2 }'; }
before=$(answers)
run library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5008" --to "$OTHER:5004" --rate 500 --count 500 --linger 200 >"$T/many.out"
is "answers to 500 packets in a second" "$(($(answers) - before))" -le 30
fence
is "encrypted-only: in clear, answers included" "$(in_clear M-only)" -eq 0
is "plain is seen" "$(in_clear M-plain)" -ge 10
is "nothing has arrived" "$(last hears .foreign)" -eq 0
stop_capture
