#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# join.sh - a client is set up by the invitation that add-client prints, and its verified tunnel comes up.  Where
# systemd runs, join starts the service and leave stops it.  With a false pin there is no tunnel.  After leave the
# client has no key.
. "$(dirname "$0")/lib.sh"

# The phone is a host of its own; its systemctl is a script that notes what it is told, and starts and stops the client.
own_systemd() {
	own_system host "$PHONE"
	mkdir -p "$T/host/run/systemd/system"
	cat >"$T/host/bin/systemctl" <<-END
		#!/bin/sh
		if [ "\$1" = show ]; then
			[ -e "$T/no-unit" ] && echo LoadState=not-found || echo LoadState=loaded
			exit 0
		fi
		echo "\$*" >>"$T/systemctl"
		[ ! -e "$T/no-unit" ] || exit 1
		case \$1 in
		restart) tscf-client --state-dir "$T/phone" >>"$T/client.log" 2>&1 ;;
		disable) tscf-client stop >>"$T/client.log" 2>&1 || true ;;
		esac
	END
	chmod +x "$T/host/bin/systemctl"
	# What the package brings is where the client looks for it, if it is to be installed below /usr/local.
	PACKAGED=
	[ ! -d "$T/host/local" ] || PACKAGED=1
	[ -n "$PACKAGED" ] || return 0
	install -D "$TSCF_SRC/contrib/tscf-dns" "$T/host/local/libexec/tscf/tscf-dns"
	mkdir -p "$T/host/local/bin"
	printf '#!/bin/sh\n[ "$1" = status ] || echo "$*" >>"%s"\n' "$T/resolved" >"$T/host/local/bin/resolvectl"
	chmod +x "$T/host/local/bin/resolvectl"
}
system() { "$T/host/in" tscf-client "$@"; }
invitation() { cat "$T/invitation"; }

topology
echo_server
own_systemd
(umask 077 && : >"$T/keys")
start_server --psk-file "$T/keys" --dns 192.0.2.53
server add-client alice --config "$T/server.conf" --psk-file "$T/keys" --listen $SERVER_OUTER:$PORT --state-dir "$T/state" >"$T/invitation" || fail "add-client"

# With systemd.
system join "$(invitation)" >"$T/join.out" 2>"$T/join.log" || fail "join: $(cat "$T/join.log")"
check "join waits until the tunnel is up" grep -q 'The tunnel is up, and the server is verified' "$T/join.out"
is "systemctl" "$(tr '\n' ' ' <"$T/systemctl")" = "enable --quiet tscf-client.service restart tscf-client.service "
CLIENT_CONTROL=$T/host/run/tscf/client.sock
check "the tunnel is up" plain_up
if [ -n "$PACKAGED" ]; then
	check "join names the package's script" grep -qx 'script = "/usr/local/libexec/tscf/tscf-dns"' "$T/host/etc/tscf/tscf-client.conf"
	must 10 'grep -qx "dns tscf0 192.0.2.53" "$T/resolved"' "the DNS server is used"
	pass "the DNS server is used"
fi
run encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --count 5 --until-echoed 5 >"$T/flow.out"
is "packets of an encrypted-only socket that came back" "$(last flow .echoed)" -eq 5
if system join "$(invitation)" >/dev/null 2>&1; then fail "a second join"; else pass "a second join is refused"; fi
check "and the client goes on" plain_up
: >"$T/systemctl"
system leave >"$T/leave.out" 2>&1 || fail "leave: $(cat "$T/leave.out")"
is "systemctl" "$(tr '\n' ' ' <"$T/systemctl")" = "disable --now tscf-client.service "
is "files that are left" "$(find "$T/host/etc/tscf" -type f | wc -l)" -eq 0
if client status >/dev/null 2>&1; then fail "the client runs after leave"; else pass "the client has stopped"; fi
[ -z "$PACKAGED" ] || is "the DNS server is taken back" "$(tail -n 1 "$T/resolved")" = "revert tscf0"
is "sessions" "$(server_status '.interfaces[0].encrypted.tunnels')" -eq 0

# A false pin: join says so, does not call it up, and does not wait for long.
begin=$(now)
if system join "$(invitation | sed 's/pin=...../pin=AAAAA/')" >"$T/join.out" 2>"$T/join.log"; then fail "join with a false pin"; else pass "join with a false pin fails"; fi
check "it says why" grep -q 'not up: ' "$T/join.log"
why=$(sed -n 's/.*not up: //p' "$T/join.log")
is "it says so once" "$(grep -cF "$why" "$T/join.log")" -eq 1
check "and that the client goes on" grep -q 'the client goes on trying$' "$T/join.log"
check "it does not say that the tunnel is up" sh -c "! grep -q 'is up' '$T/join.out'"
is "milliseconds" "$(elapsed "$begin")" -lt 25000
system leave >/dev/null 2>&1 || fail "leave"

# Without systemd, and when it is not to be started.
: >"$T/systemctl"
system join "$(invitation)" --no-start >"$T/join.out" || fail "join --no-start"
is "systemctl" "$(wc -l <"$T/systemctl")" -eq 0
check "the command is told" grep -qx '    tscf-client' "$T/join.out"
: >"$T/no-unit"
check "leave where systemd has no unit" system leave
is "files that are left" "$(find "$T/host/etc/tscf" -type f | wc -l)" -eq 0
rmdir "$T/host/run/systemd/system"
: >"$T/systemctl"
system join - --wait-up 20 <"$T/invitation" >"$T/join.out" 2>"$T/join.log" &
join=$!
PIDS+=("$join")
must 10 '[ -s "$T/host/etc/tscf/tscf-client.conf" ]' "join writes"
system --state-dir "$T/phone" >>"$T/client.log" 2>&1 || fail "start"
finish "$join" 25 || fail "join --wait-up"
check "join waits for a client that is started meanwhile" grep -q 'The tunnel is up' "$T/join.out"
system leave >"$T/leave.out" || fail "leave"
check "leave says that the client runs" grep -q 'tscf-client stop' "$T/leave.out"
client stop || fail "stop"
is "systemctl" "$(wc -l <"$T/systemctl")" -eq 0
