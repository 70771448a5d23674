#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# conditions.sh - policies that depend on the network are in force while their conditions hold: a trusted network, the
# battery, loss.  Whether the WiFi is open is unknown here, below virtual devices.  Sockets of running programs move as at a reload.  While a condition is unknown, an encrypted-only
# policy that names it is in force, and others are not.  Status and log say what holds.
. "$(dirname "$0")/lib.sh"

TRUSTED_OUTER=198.51.100.7
CLIENT_CONF=("persistence = 0" "trusted-network = $TRUSTED_OUTER"
	"policy strict { protocol = udp local-port = 5070 level = encrypted-only when = untrusted }"
	"policy mobile { protocol = udp local-port = 5072 level = encrypted-only when = {battery, \"not trusted\"} }"
	"policy poor { protocol = udp local-port = 5074 level = encrypted-preferred when = \"loss > 5%\" }"
	"policy cafe { protocol = udp local-port = 5078 level = encrypted-only when = wifi-open }"
	"policy office { protocol = udp local-port = 5080 level = unencrypted when = wifi-secure }"
	"policy always { protocol = udp local-port = 5076 level = encrypted-only }")

# The client's power supplies: what is in $T/power.
mkdir -p "$T/power/BAT0"
echo Battery >"$T/power/BAT0/type"
power() { echo "$1" >"$T/power/BAT0/status"; }
cat >"$T/with-power" <<-END
	#!/bin/sh
	mount --bind "$T/power" /sys/class/power_supply && exec "\$@"
END
chmod +x "$T/with-power"
CLIENT_AS=("$T/with-power")

# condition TEXT: its state.
condition() { client_status ".conditions[] | select(.condition == \"$1\").state"; }
off() { client_status '.policies_not_in_force | join(" ")'; }
policy_of() { client sockets --json | jq -r --arg port ":$1" '[.[] | select(.local | endswith($port))][0].policy'; }
# outer_address NEW OLD: replace the phone's address.
outer_address() {
	ip -n "$PHONE" addr del "$2/24" dev access
	add_address "$PHONE" access "$1/24"
	default_route "$PHONE" 2>/dev/null
}
talker() { program "$1" stranger "$TSCF_TOOLS/flow" --bind "$ANY:$2" --to $HOST:7000 --rate 50 --marker "M-$1 " --report 50; }
lossy() {
	in_phone nft -f - <<-END
		table ip loss {
			chain in { type filter hook input priority 0; udp sport $PORT numgen random mod 10 < 3 drop; }
		}
	END
}

topology
start_capture
echo_server
start_server

# --- nothing is known yet: the server does not answer ---
power Charging
filter tcp
launch_client
must 10 'client status --json' "tscf-client answers"
is "no path was looked at" "$(condition untrusted) $(condition 'loss > 5%')" = "unknown unknown"
is "the battery was" "$(condition battery)" = "does not hold"
is "an encrypted-only policy is in force if nothing speaks against it, others are not" "$(off)" = "mobile poor office"
in_server nft delete table inet firewall
must 15 plain_up "the plain tunnel is up"
is "the network is known then" "$(condition untrusted)" = holds
is "what is below a virtual device is not" "$(condition wifi-open) $(condition wifi-secure)" = "unknown unknown"

# --- the battery ---
talker strict 5070
talker mobile 5072
talker poor 5074
talker always 5076
for flow in strict mobile poor always; do grows $flow .echoed 10; done
must 5 '[ "$(policy_of 5070) $(policy_of 5072) $(policy_of 5074)" = "strict null null" ]'
power Discharging
must 5 '[ "$(policy_of 5072) $(tunnel_of udp 5072)" = "mobile encrypted" ]' "on the battery, the socket moves to the encrypted tunnel"
# Clear packets in transit have arrived.
grows mobile .echoed 10
on_battery=$(now)
grows mobile .echoed 20
off_battery=$(now)
power Full
must 5 '[ "$(policy_of 5072)" = null ]' "and back"
grows mobile .echoed 20

# --- loss, for the better part of ten seconds ---
must 10 '[ "$(condition "loss > 5%")" = "does not hold" ]' "loss is measured"
lossy
must 20 '[ "$(policy_of 5074) $(tunnel_of udp 5074)" = "poor encrypted" ]' "on a path that loses packets, the socket moves"
is "status says what was measured" "$(client_status '.conditions[] | select(.condition == "loss > 5%").measured > 5')" = true
in_phone nft delete table ip loss
grows poor .echoed 20

# --- a trusted network ---
outer_address "$TRUSTED_OUTER" "$PHONE_OUTER"
must 15 '[ "$(policy_of 5070) $(condition untrusted)" = "null does not hold" ]' "on a trusted network the other policy is not in force"
grows strict .echoed 20
home=$(now)
grows strict .echoed 10
left=$(now)
outer_address "$PHONE_OUTER" "$TRUSTED_OUTER"
must 15 '[ "$(policy_of 5070) $(tunnel_of udp 5070)" = "strict encrypted" ]' "elsewhere it is again"
grows strict .echoed 10
away=$(now)
grows strict .echoed 20
check "status shows it to a person" eval 'client status | grep -q "^condition untrusted: holds since "'
check "and what is not in force" eval 'client status | grep -q "^policies not in force: mobile"'
check "the log says it" grep -q 'condition "loss > 5%": holds now' "$T/client.log"
stop_capture

is "strict: never in clear before the trusted network, nor after" "$(($(in_clear M-strict 0 "$on_battery") + $(in_clear M-strict "$away")))" -eq 0
is "strict: in clear on the trusted network" "$(($(in_clear M-strict "$home" "$left") > 0))" -eq 1
is "mobile: not in clear on the battery" "$(in_clear M-mobile "$on_battery" "$off_battery")" -eq 0
is "mobile: in clear otherwise" "$(($(in_clear M-mobile "$off_battery") > 0))" -eq 1
is "the policy without a condition: never in clear" "$(in_clear M-always)" -eq 0
