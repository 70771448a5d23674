#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-asks.sh - programs that no library reaches, a static one and one in Go, ask for redundancy and datagrams by the socket options, with
# the errors of tsc(3), and read what has come of it.  It holds from the moment at which the socket is bound, in another tunnel, too.  A
# user's limit holds.  What others ask for the socket is read as well, and what sockets ask for ends with the client.
. "$(dirname "$0")/lib.sh"

CC=${CC:-cc}
TRANSPORT=tcp SERVICES=DTTE,redundancy,DDT
compile_go() {
	export GOCACHE=$TSCF_BUILD/tests/net/guard/go-cache GO111MODULE=off GOPROXY=off CGO_ENABLED=0
	command -v go >/dev/null && go build -o "$T/asks-go" "$TSCF_SRC/tests/net/guard/asks.go"
}
# of PORT FIELD: of the socket with that local port.
of() { client sockets --json | jq -r --arg port ":$1" "[.[] | select(.local | endswith(\$port))][0].$2"; }
has() { [ "$(of "$1" redundancy_in_force) $(of "$1" datagram_in_force)" = "$2" ]; }
# reads NAME: what the program has read last.
reads() { tail -n 1 "$T/$1.out"; }

topology
chmod 711 "$T"
$CC -static -o "$T/asks" "$TSCF_SRC/tests/net/guard/asks.c" || die "a static program cannot be built"
start_server
start_guarded_client

background static "$PHONE" "$T/asks" "$PHONE_INNER" 5000 1
static=$LAST_PID
must 5 'has 5000 "auto preferred"' "a static program has both"
is "errors" "$(head -n 1 "$T/static.out")" = "factor=EINVAL method=EOPNOTSUPP length=EINVAL preference=EINVAL tcp=EOPNOTSUPP local=ENOPROTOOPT room=EINVAL"
must 5 '[ "$(reads static)" = "redundancy=255 datagram=1 have=1" ]' "and reads so"
if compile_go; then
	background go "$PHONE" "$T/asks-go" "$HOST:7000"
	must 5 '[ "$(client_status .redundancy.granted)" -eq 2 ]' "a program in Go has it, on a port that connect(2) has chosen"
	must 5 '[ "$(reads go)" = "redundancy=255 datagram=1" ]' "and reads so"
else
	note "no Go here"
fi

# --- what others ask for it; another tunnel ---
check "the command" client redundancy 2 --proto udp --port 5000
must 5 '[ "$(reads static)" = "redundancy=2 datagram=1 have=1" ]' "the program reads what a user asks for its socket"
check "the command, to balance" client redundancy balance --proto udp --port 5000
must 5 '[ "$(reads static)" = "redundancy=254 datagram=1 have=1" ]' "and balance"
check "the command again" client redundancy 2 --proto udp --port 5000
check "to encrypted-only" level encrypted-only --proto udp --port 5000
must 10 '[ "$(of 5000 tunnel)" = encrypted ] && has 5000 "2 preferred"' "it has both in the other tunnel"
kill "$static"
finish "$static"
must 5 '[ "$(client_status .redundancy.sockets)" -le 1 ]' "it ends with the socket"

# asks_by NAME PORT METHOD HAS READS WHAT: a static program asks by that method; its socket has this, and it reads that.
asks_by() {
	background "$1" "$PHONE" "$T/asks" "$PHONE_INNER" "$2" 1 "$3"
	local pid=$LAST_PID
	must 5 "has $2 '$4 preferred'" "a static program asks $6"
	must 5 "[ \"\$(reads $1)\" = 'redundancy=$5 datagram=1 have=1' ]" "and reads so"
	kill "$pid"
	finish "$pid"
	must 5 '[ "$(client_status .redundancy.sockets)" -le 1 ]'
}
asks_by balance 5008 1 balance 254 "to balance"
asks_by fanout 5016 2 auto 255 "for copies by its name over streams"

# --- a user other than root has a limit ---
before=$(client_status .redundancy.sockets)
background crowd "$PHONE" setpriv --reuid 4242 --clear-groups "$T/asks" "$PHONE_INNER" 20000 140
crowd=$LAST_PID
must 10 '[ "$(client_status .redundancy.sockets)" -eq $((before + 128)) ]' "128 sockets of a user have it"
must 5 '[ "$(reads crowd)" = "redundancy=255 datagram=1 have=128" ]' "the others read that they have nothing"
check "the log says so" grep -q "too many sockets ask for redundancy" "$T/client.log"
kill "$crowd"
finish "$crowd"
must 10 '[ "$(client_status .redundancy.sockets)" -eq "$before" ]' "they end"

# --- the client ends ---
background last "$PHONE" "$T/asks" "$PHONE_INNER" 5004 1
must 5 '[ "$(reads last)" = "redundancy=255 datagram=1 have=1" ]'
kill_client
start_guarded_client
must 5 '[ "$(reads last)" = "redundancy=0 datagram=0 have=0" ]' "the next client knows of nothing"
is "and has none of it" "$(client_status .redundancy.sockets)" -eq 0
