#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# interfaces.sh - one server with two interfaces, each with its own ports, pools, services and limits.  A client gets
# what its interface has, independent of the other one.  Clients of the two do not reach each other.  An encrypted
# tunnel that was reserved on one interface is refused on the other.
. "$(dirname "$0")/lib.sh"

GUESTS=3004

# configure BLOCK: whether client-to-client traffic is blocked.
configure() {
	cat >"$T/server.conf" <<-CONF
		tscf-interface "office" {
			assigned-services = "DTTE"
			max-tunnels = 1
			inter-client-block = $1
			tscf-port { address = "$SERVER_OUTER" port = $PORT }
			tscf-address-pool { range = "10.8.0.0/24" encrypted-range = "10.9.0.0/24" }
		}
		tscf-interface "guests" {
			assigned-services = "SIP"
			max-tunnels = 1
			inter-client-block = $1
			tscf-port { address = "$SERVER_OUTER" port = $GUESTS }
			tscf-address-pool { range = "10.10.0.0/24" encrypted-range = "10.11.0.0/24" }
		}
		route = { "$SERVICE_NET", "10.8.0.0/24", "10.10.0.0/24" }
	CONF
}
# of INTERFACE EXPRESSION: a value of the status of that interface.
of() { server_status ".interfaces[] | select(.name == \"$1\") | $2"; }
has() { of "$1" '"\(.plain.tunnels) \(.encrypted.tunnels)"'; }
guest() { in_phone2 "$TSCF_SBINDIR/tscf-client" "$@" --control "$T/guest.sock"; }
guest_status() { guest status --json | jq -r "$1"; }
start_guest() {
	PORT=$GUESTS start_second_client guest "$PHONE2" || die "no plain tunnel at the guests' interface"
	GUEST=$LAST_PID
	GUEST_INNER=$(guest_status '.plain.internal[0]' | cut -d/ -f1)
}

# refused_at PORT: the phone asks there, and is told that the limit of tunnels is reached.
refused_at() {
	local before
	before=$(server_counter refused_limit)
	PORT=$1 launch_client
	must 10 "[ \"\$(server_counter refused_limit)\" -gt $before ]" "one tunnel too many is refused"
	check "and the client has none" eval '! plain_up'
	kill_client
}

# reach_each_other: packets between the phones that came back: from the phone, from there encrypted-only, and from the guest.
reach_each_other() {
	run stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6100" --to "$GUEST_INNER:6000" --count 10 --rate 50 --linger 300 >"$T/there.out"
	run encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6101" --to "$GUEST_INNER:6000" --count 10 --rate 50 --linger 300 >"$T/secret.out"
	in_phone2 "$TSCF_TOOLS/flow" --bind "$GUEST_INNER:6100" --to "$PHONE_INNER:6000" --count 10 --rate 50 --linger 300 >"$T/back.out"
	echo "$(last there .echoed) $(last secret .echoed) $(last back .echoed)"
}

topology
topology_phone2
echo_server
configure true
start_server_bare --config "$T/server.conf"
is "two interfaces" "$(server_status '[.interfaces[].name] | join(" ")')" = "office guests"
is "with services of their own" "$(server_status '[.interfaces[].services | join(",")] | join(" ")')" = "DTTE SIP"

# --- the limit of each is its own ---
start_guest
refused_at $GUESTS
is "the guests' interface is full, the other one empty" "$(has guests) $(has office)" = "1 0 0 0"
start_client
is "the office's client has an address of its pool" "$(cut -d. -f1-3 <<<"$PHONE_INNER")" = 10.8.0
is "the guest has one of the other" "$(cut -d. -f1-3 <<<"$GUEST_INNER")" = 10.10.0
kill -TERM "$GUEST"
finish "$GUEST"
must 5 '[ "$(has guests)" = "0 0" ]'
refused=$(server_counter refused_limit)
background late "$PHONE2" "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --control "$T/late.sock" \
	--state-dir "$T/late"
must 10 '[ "$(server_counter refused_limit)" -gt '"$refused"' ]' "the office is full"
is "the late one has no tunnel" "$(has office)" = "1 0"
kill -TERM "$LAST_PID"
finish "$LAST_PID"
start_guest
is "the guests' interface has a place all the same" "$(has guests) $(has office)" = "1 0 1 0"

# --- the service exists where it is assigned ---
program office encrypted-only "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 50 --report 50
background guests "$PHONE2" "$TSCF_BINDIR/tscf-run" --control "$T/guest.sock" --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 50 --report 50
secret=$LAST_PID
must 10 '[ "$(last office .echoed)" -gt 10 ]' "encrypted-only in the office"
is "its encrypted tunnel has an address of the pool" "$(client_status '.encrypted.internal[0]' | cut -d. -f1-3)" = 10.9.0
must 10 '[ "$(last guests ".send_errors.EACCES // 0")" -gt 10 ]' "encrypted-only of a guest is prohibited"
check "the guest is told why" grep -q "DTTE is not enabled" <<<"$(guest_status .encrypted.reason)"
is "nothing of it came back" "$(last guests .echoed)" -eq 0
is "an encrypted tunnel in the office only" "$(has office) $(has guests)" = "1 1 1 0"
kill "$secret"
in_phone2 "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/plain.out"
is "a guest reaches the service network" "$(last plain .echoed)" -eq 5

# --- from one to the other ---
program listens stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --echo --report 50
background hears "$PHONE2" "$TSCF_TOOLS/flow" --bind "$GUEST_INNER:6000" --echo --report 50
must 5 '[ -s "$T/listens.out" ] && [ -s "$T/hears.out" ]'
before=$(server_counter inter_client)
is "clients of the two do not reach each other" "$(reach_each_other)" = "0 0 0"
is "not even one way" "$(last listens .foreign) $(last hears .foreign)" = "0 0"
is "and that is counted" "$(($(server_counter inter_client) - before))" -ge 30
configure false
server reload || fail "reload"
is "unless that is allowed" "$(reach_each_other)" = "10 10 10"

# --- a reservation of the office is used at the guests' port ---
stop_client
in_phone nft -f - <<-NFT || skip "needs nftables with address translation"
	table ip astray {
		chain out {
			type nat hook output priority -100;
			udp dport $((PORT + 1)) dnat to :$((GUESTS + 1))
		}
	}
NFT
start_client
must 15 '[ "$(server_counter refused_reservation)" -ge 1 ]' "a reservation of the other interface is refused"
must 5 'grep -q "reserved on another interface" "$T/client.log"' "the client is told so"
is "no encrypted tunnel anywhere" "$(has office) $(has guests)" = "1 0 1 0"
