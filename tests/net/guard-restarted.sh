#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-restarted.sh - what the guard stores for one client does not apply to the next client, while another namespace
# keeps the maps alive.  A socket that is older than the client gets its level by the new policies.  Nothing is kept of
# a namespace that is gone.
. "$(dirname "$0")/lib.sh"

topology
topology_phone2
command -v bpftool >/dev/null || skip "needs bpftool"
start_capture bridge
echo_server
start_server
gcc -static -o "$T/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
# No encrypted-only policy, with which a client leaves its guard when it stops.
CLIENT_CONF=("policy other { program = $T/other local-port = 5071 level = encrypted-preferred }")
start_guarded_client
start_second_client second "$PHONE2"
second=$LAST_PID

# --- a socket, and policies of the next client ---
background older "$PHONE" "$T/born" $HOST M-older v w"$T/go" b5071 v s3
older=$LAST_PID
must 5 '[ -s "$T/older.out" ]'
stop_client
CLIENT_CONF=("policy born { program = $T/born local-port = 5071 level = encrypted-only }")
start_client
: >"$T/go"
finish "$older"
is "a socket of the time of another client" "$(sed 's/ $//' "$T/older.out")" = "value=0 bound=0 value=10 back=3/0"
stop_capture
is "in clear" "$(in_clear M-older)" -eq 0

# --- a namespace that is gone ---
cookie=$(ip netns exec "$PHONE2" python3 -c 'import socket; print(*socket.socket().getsockopt(socket.SOL_SOCKET, 71, 8))')
read -ra cookie <<<"$cookie"
name_of() { bpftool map show id "$1" -j | jq -r .name; }
knows() { bpftool map lookup id "$1" key "${@:2}" >/dev/null 2>&1; }
# maps: NETS and WAITING are the maps that the second client has.
maps() {
	local set id
	while read -r set; do
		NETS='' WAITING=''
		for id in $set; do
			case $(name_of "$id") in
			tscf_*) knows "$id" "${cookie[@]}" && NETS=$id ;;
			waiting) WAITING=$id ;;
			esac
		done
		[ -z "$NETS" ] || return 0
	done < <(bpftool prog show -j | jq -r '.[] | select(.name == "tscf_egress") | .map_ids | join(" ")')
	return 1
}
maps || die "the maps of the second client are not found"
connection=("${cookie[@]}" 1 0 0 0 0 0 0 0)
bpftool map update id "$WAITING" key "${connection[@]}" value 2 0 0 0 0 0 0 0 0 0 0 0 || die "no connection can be added"
kill -KILL "$second"
wait "$second" 2>/dev/null
# Another client on this machine may remove it as soon as the namespace is gone.
is "of one that will be gone" "$(knows "$NETS" "${cookie[@]}" && knows "$WAITING" "${connection[@]}" && echo known)" = known
ip netns del "$PHONE2"
kill_client
# The bridge has another address now: the tunnel is not waited for.
launch_client
must 10 'client status --json' "tscf-client answers"
must 10 '! knows "$NETS" "${cookie[@]}" && ! knows "$WAITING" "${connection[@]}"' "of one that is gone, after: nothing is known"
stop_client
