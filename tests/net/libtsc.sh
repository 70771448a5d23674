#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# libtsc.sh - a program that knows about its tunnels.  The example of contrib is compiled against the installed library
# and runs without privileges.  "Enabled" means that from then on none of its packets is in clear, in either direction;
# "disabled" means that this has ended.  It is told about tunnels, about a restart of the client, and about a server
# that offers no encryption.
. "$(dirname "$0")/lib.sh"

LIBDIR=${TSCF_PRELOAD%/*/*}

compile() {
	local flags
	command -v "${CC:-cc}" >/dev/null && command -v pkg-config >/dev/null || skip "needs a C compiler and pkg-config"
	flags=$(PKG_CONFIG_PATH=$LIBDIR/pkgconfig PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
		pkg-config --define-variable=prefix="${LIBDIR%/lib*}" --cflags --libs tsc) || die "no tsc.pc"
	# shellcheck disable=SC2086 # words
	"${CC:-cc}" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror "$TSCF_SRC/contrib/examples/tsc-call.c" -o "$T/tsc-call" $flags ||
		die "the example does not compile"
}

# say WORDS: a line for the program.
say() { printf '%s\n' "$*" >&9; }
# count_of TEXT: how often the program has said something.
count_of() { grep -cF -- "$1" "$T/call.out"; }
# hears TEXT TIMES: the program has printed it that many times by now; SAID is when it last did.
hears() {
	wait_until 10 "[ \$(count_of '$1') -ge $2 ]" || die "not heard: $1 ($2)"
	SAID=$(grep -F -- "$1" "$T/call.out" | tail -n 1 | cut -d' ' -f1)
	pass "heard: $1"
}
# goes_on: for half a second packets go to the far end and back, or are refused.
goes_on() { command sleep 0.5; }

compile
topology
start_capture
echo_server
CLIENT_CONF=("persistence = 0")
SERVICES="DTTE, SIP" start_server --dns 192.0.2.53 --sip-server $HOST
start_client
chmod 755 "$T"

# --- without privileges ---
mkfifo "$T/commands"
exec 9<>"$T/commands"
ip netns exec "$PHONE" setpriv --reuid 65534 --regid 65534 --clear-groups \
	env "LD_LIBRARY_PATH=$LIBDIR" "TSCF_CONTROL=$CLIENT_CONTROL" "$T/tsc-call" $HOST 7000 5004 \
	<"$T/commands" >"$T/call.out" 2>"$T/call.log" &
CALL=$!
PIDS+=("$CALL")
hears "plain tunnel: up" 1
hears "encrypted tunnel: down" 1
hears "outer socket: transport 1 from $PHONE_OUTER:" 1
check "where it leads, and how the server sees it" grep -qE "from ($PHONE_OUTER:[0-9]+) to $SERVER_OUTER:$PORT, seen as \1$" "$T/call.out"
hears "config: up=1 encrypted_up=0 mtu=1340 internal=$PHONE_INNER encrypted=none nat=$PHONE_OUTER," 1
check "the servers are in it" grep -q "server=$SERVER_OUTER,$PORT dns=192.0.2.53 sip=$HOST device=tscf0 transport=udp" "$T/call.out"
goes_on

# --- enabled, disabled ---
say encrypted-only
hears "encryption is enabled" 1
enabled=$SAID
hears "encrypted tunnel: up" 1
is "before it was enabled it was in clear" "$(socket_in_clear udp 5004 0 "$enabled")" -ge 20
goes_on
asked=$(now)
say unencrypted
hears "encryption is disabled" 1
disabled=$SAID
goes_on
is "not one packet in clear while enabled" "$(socket_in_clear udp 5004 "$enabled" "$asked")" -eq 0
is "in clear again after it was disabled" "$(socket_in_clear udp 5004 "$disabled")" -ge 20

# --- not before the server has acknowledged it; it cannot do that while no encrypted packet reaches it ---
program other encrypted-only "$TSCF_TOOLS/flow" --bind 0.0.0.0:5006 --to $HOST:7000 --rate 50 --report 50
other=$LAST_PID
must 5 '[ "$(last other ".echoed // 0")" -gt 5 ]'
in_phone nft -f - <<-END
	table ip loss {
		chain out { type filter hook output priority 0; udp dport $((PORT + 1)) drop; }
	}
END
say encrypted-preferred
must 5 '[ "$(tunnel_of udp 5004)" = encrypted ]' "the socket is led to the encrypted tunnel"
goes_on
is "not enabled before it is acknowledged" "$(count_of "encryption is enabled")" -eq 1
in_phone nft delete table ip loss
hears "encryption is enabled" 2
kill "$other"

# --- a trusted network ---
printf '%s\n' "${CLIENT_CONF[@]}" "trusted-interface = access" >"$T/client.conf"
check "a network that is trusted" client reload
hears "encryption is disabled (the network is trusted)" 1
printf '%s\n' "${CLIENT_CONF[@]}" >"$T/client.conf"
check "and is not any more" client reload
hears "encryption is enabled" 3

# --- TCP: connected before and after it got its level, and from a program in another language ---
cat >"$T/tcp.py" <<'END'
import ctypes, socket, sys, threading
lib = ctypes.CDLL("libtsc.so.0")
class Dtte(ctypes.Structure):
    _fields_ = [("available", ctypes.c_int), ("enabled", ctypes.c_int), ("socket", ctypes.c_int), ("reason", ctypes.c_char_p)]
class Data(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("handle", ctypes.c_void_p), ("data", ctypes.POINTER(Dtte)), ("opaque", ctypes.c_void_p)]
callback_type = ctypes.CFUNCTYPE(None, ctypes.POINTER(Data))
enabled, changed = set(), threading.Condition()
@callback_type
def on_dtte(notification):
    d = notification.contents.data.contents
    with changed:
        enabled.add(d.socket) if d.enabled else enabled.discard(d.socket)
        changed.notify_all()
lib.tsc_ctrl_new_tunnel.restype = lib.tsc_notification_enable.restype = ctypes.c_void_p
handle = ctypes.c_void_p(lib.tsc_ctrl_new_tunnel(None))
lib.tsc_notification_enable(handle, 1, on_dtte, None)
def tcp():
    return socket.socket(fileno=lib.tsc_socket(handle, socket.AF_INET, socket.SOCK_STREAM, 0))
def encrypt(s):
    return lib.tsc_setsockopt(s.fileno(), socket.SOL_SOCKET, 0x7453, ctypes.byref(ctypes.c_int(2)), 4)
to = (sys.argv[1], 7000)
early, late = tcp(), tcp()
late.connect(to)
assert encrypt(early) == 0 and encrypt(late) == 0
early.connect(to)
with changed:
    ok = changed.wait_for(lambda: {early.fileno(), late.fileno()} <= enabled, 10)
print("both" if ok else enabled)
END
tcp=$(in_phone env "LD_LIBRARY_PATH=$LIBDIR" "TSCF_CONTROL=$CLIENT_CONTROL" python3 "$T/tcp.py" $HOST)
is "TCP sockets are enabled" "$tcp" = both

# --- the client is killed, and another one is started ---
goes_on
kill_client
hears "plain tunnel: down (tscf-client does not answer)" 1
hears "the tunnel has ended (tscf-client does not answer)" 1
hears "encryption is disabled" 3
start_client
hears "plain tunnel: up" 2
hears "outer socket: transport 1 from" 2
hears "encryption is enabled" 4
enabled=$SAID
goes_on
settled=$(now)
is "nothing in clear after a new client" "$(socket_in_clear udp 5004 "$enabled" "$settled")" -eq 0

# --- a server without encryption ---
stop_server
# Another session, since a session that comes back keeps its services.
rm -f "$T"/state/server.db*
hears "encryption is disabled" 4
SERVICES=SIP start_server
hears "encryption is not to be had (service unavailable" 1
say unencrypted
say encrypted-only
hears "encryption is not to be had (service unavailable" 2

say quit
finish "$CALL" 10
is "exit status" $? -eq 0
hears "refused" 1
is "nothing on standard error" "$(wc -c <"$T/call.log")" -eq 0
stop_capture

# --- the library exports what its map lists, and nothing else ---
is "symbols" "$(nm -D --defined-only "$LIBDIR/libtsc.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort | tr -d '\n\t ;')" = \
	"$(sed -n '/global:/,/local:/p' "$TSCF_SRC/tscf-client/libtsc/libtsc.map" | grep ';' | sort | tr -d '\n\t ;')"
