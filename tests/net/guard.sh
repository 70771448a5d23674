#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard.sh - the kernel itself stops packets.  While every rule, route and IPsec policy is deleted in a loop and sockets
# send and receive, nothing of an encrypted-only socket is in clear, and nothing reaches one that was not in a tunnel.
# The same holds for policies and the default level, which mark no socket.  A client that was killed leaves the guard,
# the next one adopts it, and a clean stop removes it.  What it refuses is said in the log.
. "$(dirname "$0")/lib.sh"
command -v nft >/dev/null || skip "needs nft"

guard() { client_status ".guard.$1"; }
drops() { client_status ".counters.guard_$1"; }
flush_all() {
	in_phone ip rule flush
	in_phone ip rule add priority 32766 lookup main
	in_phone ip xfrm policy flush
	in_phone ip route flush table 7454
	in_phone ip route flush table 7453
}

topology
start_capture
echo_server
start_server
CLIENT_CONF=("policy voice { protocol = udp local-port = 5070 level = encrypted-only }")
start_client
[ "$(guard state)" = on ] || skip "no guard here: $(guard reason)"
# Linux 6.1 gives up on some programs that later kernels follow in 50,000 steps.  Loading takes 1 ms for 1000 of them.
is "most steps of the verifier in one program" "$(sort -n <(grep -h verified_insns "/proc/$CLIENT_PID/fdinfo/"* | cut -f2) | tail -n 1)" -le 10000
program only encrypted-only "$TSCF_TOOLS/flow" --bind 0.0.0.0:5004 --to $HOST:7000 --rate 200 --marker "M-only " --report 50
program policy stranger "$TSCF_TOOLS/flow" --bind 0.0.0.0:5070 --to $HOST:7000 --rate 200 --marker "M-policy " --report 50
policy=$LAST_PID
program stranger stranger "$TSCF_TOOLS/flow" --bind 0.0.0.0:5080 --to $SERVER_LINK:9 --rate 50 --marker "M-stranger " --report 50
must 10 encrypted_up
program preferred encrypted-preferred "$TSCF_TOOLS/flow" --bind 0.0.0.0:5060 --to $HOST:7000 --rate 200 --marker "M-preferred " --report 50
preferred=$LAST_PID
for flow in only policy preferred; do grows $flow .echoed 20; done

# --- a firewall sets another mark, for one port only: the client's own datagrams still arrive ---
in_phone nft -f - <<-END || die "nft"
	table inet other { chain out { type route hook output priority mangle; udp sport 5004 meta mark set 1; }; }
END
grows only .send_errors.EPERM 5 "refused by the guard: another mark"
must 10 'grep -q "guard: refused [0-9]* packets of encrypted sockets in .* it must keep bits 0x7f000000" "$T/client.log"' "the log says so, and what to do"
is "once" "$(grep -c "guard: refused" "$T/client.log")" -eq 1
in_phone nft delete table inet other
grows only .echoed 20 "without that rule traffic goes on"

# --- rules, routes and IPsec policies are deleted again and again; first while the client cannot put them back ---
kill -STOP "$CLIENT_PID"
flush_all
grows only .send_errors.EPERM 5 "refused by the guard"
grows policy .send_errors.EPERM 5
grows preferred .send_errors.EPERM 5 "what is encrypted-preferred has a tunnel"
kill "$preferred"
finish "$preferred"
kill -CONT "$CLIENT_PID"
for _ in {1..20}; do
	flush_all
	command sleep 0.02
done
must 10 '[ "$(drops out_only)" -gt 0 ] && [ "$(drops out_policy)" -gt 0 ]' "dropped: what would have gone in clear"
is "the same for a person" "$(client status | grep -cE '^  guard_out_(only|policy): [1-9]')" -eq 2
grows stranger .sent 20 "others go where they like"

# --- clear packets that were in no tunnel ---
in_server bash -c "for i in {1..5}; do echo M-inject >/dev/udp/$PHONE_OUTER/5004; echo M-inject >/dev/udp/$PHONE_OUTER/5070; done"
must 5 '[ "$(drops in_only)" -ge 5 ] && [ "$(drops in_policy)" -ge 5 ]' "dropped: what comes by another device"
for flow in only policy; do
	grows $flow .sent 40
	is "and what came to $flow" "$(last $flow .strange)" -eq 0
done

# --- killed, and adopted ---
since=$(guard since)
kill_client
flush_all
grows only .send_errors.EPERM 20 "without a client: refused by the guard"
grows policy .send_errors.EPERM 20 "and what a policy says"
start_client
is "the next client has the guard" "$(guard state)" = on
must 15 encrypted_up
grows only .echoed 20 "and traffic goes on"
grows policy .echoed 20

# --- the default level, which marks no socket either ---
kill "$policy"
finish "$policy"
stop_client
CLIENT_CONF=("default-level = encrypted-only")
start_client
program default stranger "$TSCF_TOOLS/flow" --bind 0.0.0.0:5090 --to $HOST:7000 --rate 200 --marker "M-default " --report 50
grows default .echoed 20
kill -STOP "$CLIENT_PID"
flush_all
grows default .send_errors.EPERM 5 "the default level: refused by the guard"
kill -CONT "$CLIENT_PID"
grows default .echoed 20
kill "$LAST_PID"
finish "$LAST_PID"

# --- a clean stop ---
stop_client
stop_capture
for marker in M-only M-policy M-preferred M-default; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done
is "in clear: of others" "$(in_clear M-stranger)" -gt 20
