#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# masquerade.sh - a rule of the host that masquerades all packets cuts off a connection that is moved.  The client finds
# that out by itself, and log and status say so.  With the exception that it names, the same connection goes on.  The
# client also finds a firewall that drops packets to the encrypted device, or sets another mark.  It looks when the
# firewall is changed, or when rules of another program come before its own.
. "$(dirname "$0")/lib.sh"

topology
echo_server
start_server
start_client
found() { client_status ".packets.$1"; }
moved() { # NAME PORT: a connection that is moved
	program "$1" library "$TSCF_TOOLS/tcp" --to $HOST:7000 --bind "$PHONE_INNER:$2" --seconds 30 --rate 400000 --patience 3000 --report 50
	grows "$1" .received 100000
	level encrypted-only --proto tcp --port "$2" >/dev/null
}
must 5 '[ "$(found plain)" = unchanged ]'
in_phone nft -f - <<-END || die "needs nftables"
	table inet nat { chain post { type nat hook postrouting priority srcnat; oifname != lo masquerade; }; }
END
moved broken 6001
# Not "up" for long: an answer to a changed source may reset the connection, and then the tunnel only lingers.
must 10 '[ "$(encrypted_by)" = dtls ]'
must 5 '[ "$(found encrypted)" = "source changed" ]' "status says it"
check "the log says what to do" grep -q "changes the source of packets that leave by tscf1.*iptables -t nat -I POSTROUTING -o tscf1 -j ACCEPT" "$T/client.log"
check "so does status for people" grep -q "firewall: packets to the encrypted device: source changed" <(client status)
kill -KILL "$LAST_PID" 2>/dev/null

in_phone nft insert rule inet nat post oifname '{ tscf0, tscf1 }' accept
must 5 '[ "$(found encrypted)" = unchanged ]' "the exception is found"
moved whole 6002
must 5 '[ "$(tunnel_of tcp 6002)" = encrypted ]'
grows whole .received 400000 "with the exception the connection that was moved goes on"
is "all packets are its own" "$(last whole .exact)" = true

in_phone nft -f - <<-END
	table inet filter { chain out { type filter hook output priority 0; oifname tscf1 drop; }; }
END
must 8 '[ "$(found encrypted)" = dropped ]' "what is dropped is found"
is "the plain device is as it was" "$(found plain)" = unchanged

in_phone nft delete table inet filter
must 5 '[ "$(found encrypted)" = unchanged ]' "that it is not dropped any more is found"
in_phone nft -f - <<-END
	table inet filter { chain out { type route hook output priority mangle; meta mark set 1; }; }
END
must 5 '[ "$(found encrypted)" = dropped ]' "another mark is found"
check "the log says so" grep -q 'no packets out by tscf1: .* or sets another mark' "$T/client.log"
in_phone nft delete table inet filter
must 5 '[ "$(found encrypted)" = unchanged ]' "that it is gone is found"
family=-$TSCF_INNER
in_phone ip "$family" rule add pref 5 to $SERVICE_NET unreachable
must 5 '[ "$(found plain)" = dropped ]' "a rule that refuses is found"
is "it is named" "$(client_status .kernel.reason)" = "policy rule 5 of another program, in front of ours, keeps packets from the tunnels; a rule-priority below 5 comes first"
in_phone ip "$family" rule del pref 5
must 5 '[ "$(found plain)" = unchanged ]' "that it is gone is found"
