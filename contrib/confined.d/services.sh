#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# services.sh - the services of the packages on this machine, enforced by AppArmor, from init to leave.  contrib/confined runs it.  The client is in
# the namespace of a phone, and the server in its own.  Every daemon and script is under its profile, and nothing of an
# encrypted-only socket is in clear.
. "$TSCF_SRC/tests/net/lib.sh"

CLIENT_CONTROL=/run/tscf/client.sock
SERVER_CONTROL=/run/tscf/server.sock
DROP_INS=()

server() { in_server tscf-server "$@"; }
client() { in_phone tscf-client "$@"; }
property() { systemctl show --property "$2" --value "$1"; }
profile_of() { tr -d '\0' <"/proc/$(property "$1" MainPID)/attr/current"; }
is_confined() { is "$1 is under its profile" "$(profile_of "$1")" = "$1 (enforce)"; }
# place UNIT NAMESPACE
place() {
	DROP_INS+=("/run/systemd/system/$1.service.d")
	mkdir -p "/run/systemd/system/$1.service.d"
	printf '[Service]\nNetworkNamespacePath=/run/netns/%s\n' "$2" >"/run/systemd/system/$1.service.d/place.conf"
}
leave_services() {
	journalctl --quiet --no-pager --unit=tscf-client --unit=tscf-server >"$T/journal.log"
	systemctl disable --quiet --now tscf-client tscf-server
	rm -rf "${DROP_INS[@]}" /etc/tscf/tscf-{client,server}.{conf,psk} /etc/tscf/tscf-server.{denied,nft,psk.lock} /var/lib/tscf/*
	systemctl daemon-reload
} 2>/dev/null
trap 'status=$?; leave_services; (exit $status); cleanup' EXIT
# starts_again UNIT: after it was killed, confined as before, and the call goes on.
starts_again() {
	local before
	before=$(property "$1" NRestarts)
	systemctl kill --kill-whom=main --signal=KILL "$1"
	must 10 "[ \"\$(property $1 NRestarts)\" -gt $before ] && [ \"\$(property $1 ActiveState)\" = active ]" "$1 is started again"
	is_confined "$1"
	grows only .echoed 20 "$1 was killed: packets come back"
}

topology
start_capture
echo_server
place tscf-server "$SERVER"
place tscf-client "$PHONE"
systemctl daemon-reload

# --- from nothing to a tunnel ---
server init --public-name "$SERVER_LINK" --route "$SERVICE_NET" --apply >"$T/init.log" 2>&1 || die "init"
printf 'dns = "%s"\naccounting-log = "/var/log/tscf/accounting.log"\n' $HOST >>/etc/tscf/tscf-server.conf
check "the server starts" systemctl enable --quiet --now tscf-server
is_confined tscf-server
invitation=$(server add-client --one-time alice 2>"$T/add.log") || die "add-client"
client join "$invitation" >"$T/join.log" 2>&1 || die "join"
check "join starts the client, and waits until the tunnel is up" grep -q 'The tunnel is up, and the server is verified' "$T/join.log"
is_confined tscf-client
is "the guard" "$(client_status .guard.state)" = on
must 10 '! grep -q "=once" /etc/tscf/tscf-client.* && [ -e /run/tscf/tscf0.lease ]' "the script has run"
check "its lease names the DNS server" grep -qx "DNS=$HOST" /run/tscf/tscf0.lease
check "the invitation is used" eval 'server list-clients --long | grep -q "has used its invitation"'
PHONE_INNER=$(client_status '.plain.internal[0]' | cut -d/ -f1)

# --- levels ---
only
must 15 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]' "an encrypted-only socket"
program cgroup stranger /usr/bin/tscf-run --control "$CLIENT_CONTROL" --cgroup --level encrypted-only -- \
	"$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5008" --to $HOST:7000 --rate 50 --marker "M-cgroup " --report 50
grows cgroup .echoed 20 "tscf-run --cgroup"
program moved stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 50 --report 50
grows moved .echoed 20 "a stranger"
for level in encrypted-only encrypted-preferred unencrypted default; do
	check "to $level" level $level --proto udp --port 5006
	grows moved .echoed 20 "$level: packets come back"
done
client sockets --json >"$T/sockets.json" || fail "sockets"
server sessions --json >"$T/sessions.json" || fail "sessions"
is "the program of a socket is known" "$(jq -r '[.[] | select(.local | endswith(":5004"))][0].program' "$T/sockets.json")" = flow

# --- seen from outside ---
for daemon in client server; do
	background "$daemon-capture" "$PHONE" timeout --signal=INT $((2 * PATIENCE)) "tscf-$daemon" capture "$T/$daemon.pcapng"
	finish "$LAST_PID" 20
	is "$daemon: bytes captured" "$(stat -c %s "$T/$daemon.pcapng")" -gt 500
	"$daemon" status --json >"$T/status.json" || fail "$daemon status"
done

# --- reload ---
echo "policy call { protocol = udp local-port = 6000-6010 level = encrypted-only }" >>/etc/tscf/tscf-client.conf
check "the client's reload" systemctl reload tscf-client
run stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:6000" --to $HOST:7000 --count 5 --linger 3000 --until-echoed 5 --marker "M-policy " >"$T/policy.out"
is "a policy" "$(last policy .echoed)" -eq 5
sed -i 's/^dns = .*/dns = "192.0.2.53"/' /etc/tscf/tscf-server.conf
check "the server's reload" systemctl reload tscf-server
must 10 'grep -qx DNS=192.0.2.53 /run/tscf/tscf0.lease' "the script runs again"
server add-client bob >"$T/bob" 2>>"$T/add.log" || fail "add-client"
check "a client is taken back" server remove-client bob

# --- killed and restarted ---
starts_again tscf-client
starts_again tscf-server
is "the guard of the next client" "$(client_status .guard.state)" = on
for unit in tscf-client tscf-server; do
	check "$unit restarts" systemctl restart $unit
	is_confined $unit
	grows only .echoed 20 "$unit was restarted: packets come back"
done
check "the accounting log" test -s /var/log/tscf/accounting.log

# --- the end ---
check "leave" client leave --force >"$T/leave.log"
is "the client" "$(property tscf-client Result)" = success
must 10 '[ ! -e /run/tscf/tscf0.lease ]' "the script takes the lease away"
check "the server stops" systemctl stop tscf-server
is "as it should" "$(property tscf-server Result)" = success
stop_capture
is "in clear: of the encrypted-only sockets" "$(in_clear "M-only ")" -eq 0
is "in clear: of those in the cgroup" "$(in_clear "M-cgroup ")" -eq 0
is "in clear: of those of the policy" "$(in_clear "M-policy ")" -eq 0
