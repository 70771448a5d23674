#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# levels.sh - the table of levels, every cell: what a socket of each level and kind does with and without an encrypted
# tunnel.  Encrypted-only is never in clear and is refused where it cannot be encrypted, encrypted-preferred falls back,
# and the others stay plain.  The sockets are unconnected, connected, dual-stack and raw datagram sockets, and TCP.
. "$(dirname "$0")/lib.sh"

# flow LEVEL MARKER OPTION...: 20 packets to the echo server; the result is in T/flow.out.
flow() {
	run "$1" "$TSCF_TOOLS/flow" --to $HOST:7000 --count 20 --rate 200 --marker "$2 " "${@:3}" >"$T/flow.out" 2>>"$T/flow.log"
}
tcp() { run "$1" "$TSCF_TOOLS/tcp" --to $HOST:7000 --bytes 20000 --marker "$2" >"$T/flow.out" 2>>"$T/flow.log"; }

# cell KIND LEVEL AVAILABILITY WAY: level default is that of a program under the library; WAY is clear, encrypted or prohibited.
cell() {
	local kind=$1 level=$2 available=$3 way=$4 marker="M-$1-$2-$3" what="$1 $2, encryption $3" port=9999
	# The server remembers flows that were encrypted-only a moment ago, also after its restart.
	[ "$available" = available ] || port=9998
	case $kind in
	tcp) tcp "$level" "$marker" ;;
	unconnected) flow "$level" "$marker" ;;
	connected) flow "$level" "$marker" --connect ;;
	dual-stack) flow "$level" "$marker" --kind udp6 ;;
	raw) flow "$level" "$marker" --kind raw --bind "$PHONE_INNER:$port" ;;
	esac
	RESULTS+=("$way|$marker|$what|$kind|$(tail -n 1 "$T/flow.out")")
}

# When the capture is complete.
judge() {
	local way marker what kind json seen passed
	while IFS='|' read -r way marker what kind json; do
		seen=$(in_clear "$marker")
		passed=$(jq -r '(.lost // 1) == 0 and (.sent // 0) > 0 or (.exact // false) and .received == 20000' <<<"$json")
		case $way in
		clear) [ "$seen" -gt 0 ] && [ "$passed" = true ] && pass "$what: in clear" && continue ;;
		encrypted) [ "$seen" -eq 0 ] && [ "$passed" = true ] && pass "$what: encrypted" && continue ;;
		prohibited)
			[ "$seen" -eq 0 ] && jq -e '.send_errors.EACCES == 20 and .sent == 0 or .error == "EACCES"' <<<"$json" >/dev/null &&
				pass "$what: refused with EACCES" && continue
			;;
		esac
		fail "$what should be $way: $seen packets in clear, $json"
	done < <(printf '%s\n' "${RESULTS[@]}")
}

KINDS="unconnected connected dual-stack raw tcp"
RESULTS=()
topology
start_capture
echo_server

SERVICES=DTTE start_server
start_client
# A socket that holds the encrypted tunnel open, so that a new encrypted-preferred socket finds it.
program holder encrypted-only \
	"$TSCF_TOOLS/flow" --to $HOST:7000 --rate 10 --marker "M-holder " --report 100
must 10 encrypted_up
for kind in $KINDS; do
	cell "$kind" library available clear
	cell "$kind" unencrypted available clear
	cell "$kind" encrypted-only available encrypted
	cell "$kind" encrypted-preferred available encrypted
done
kill "$LAST_PID"
stop_client
stop_server

SERVICES="" start_server
start_client
# The first refusal may take as long as the negotiation; after that the answer is immediate.
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 1 --linger 0 >/dev/null
must 10 '[ "$(encrypted_state)" = failed ]'
for kind in $KINDS; do
	cell "$kind" library unavailable clear
	cell "$kind" unencrypted unavailable clear
	cell "$kind" encrypted-only unavailable prohibited
	cell "$kind" encrypted-preferred unavailable clear
done
stop_capture
judge
is "the socket that held the tunnel was never in clear" "$(in_clear M-holder)" -eq 0
