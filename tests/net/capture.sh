#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# capture.sh - `tscf-client capture` and `tscf-server capture` write what is in the tunnels: every packet of a socket that moves, once,
# with its tunnel and direction; what is held and dropped, and why.  For root only.  Nothing is overwritten.  A reader that does not read
# holds no packet up, and what it misses is counted.  A capture ends with its command, and with the daemon.
. "$(dirname "$0")/lib.sh"

command -v tshark >/dev/null || skip "needs tshark"

# capture NAME WORD...: begin a capture of the client into $T/NAME.pcapng; server_capture is the same for the server.  Returns when its file
# is there; CAPTURE_PID is its process.
capture_of() {
	local name=$1 ns=$2 program=$3 control=$4
	shift 4
	background "$name" "$ns" "$TSCF_SBINDIR/$program" capture "$T/$name.pcapng" --control "$control" "$@"
	CAPTURE_PID=$LAST_PID
	must 5 "[ -s $T/$name.pcapng ]" "the capture has begun"
}
capture() { capture_of "$1" "$PHONE" tscf-client "$CLIENT_CONTROL" "${@:2}"; }
server_capture() { capture_of "$1" "$SERVER" tscf-server "$SERVER_CONTROL" "${@:2}"; }
# end_capture NAME PID: as Ctrl-C does, when the rings are empty.
end_capture() {
	sleep 0.1
	kill -INT "$2"
	finish "$2" 10
	is "$1: exit status" $? -eq 0
	sed 's/^/# /' "$T/$1.log"
}
# packets NAME FILTER: how many match a filter of Wireshark.
packets() { tshark -n -r "$T/$1.pcapng" -Y "$2" 2>/dev/null | wc -l; }
# lost NAME: packets that are not in the file, by its statistics.
lost() {
	python3 - "$T/$1.pcapng" <<-'END'
		import struct, sys
		data, at, lost = open(sys.argv[1], "rb").read(), 0, 0
		while at < len(data):
		    kind, length = struct.unpack_from("=II", data, at)
		    option = at + 20
		    while kind == 5 and option < at + length - 4:
		        code, size = struct.unpack_from("=HH", data, option)
		        lost += struct.unpack_from("=Q", data, option + 4)[0] if code == 5 else 0
		        option += 4 + (size + 3) // 4 * 4
		    at += length
		print(lost)
	END
}
OUT='frame.packet_flags_direction == 2' IN='frame.packet_flags_direction == 1'
on() { printf 'frame.interface_name == "%s"' "$1"; }

topology
echo_server
start_server
start_client

# --- every packet of a moving socket, once ---
capture in-client --port 5004
client_pid=$CAPTURE_PID
check "the file is for its owner only" [ "$(stat -c %a "$T/in-client.pcapng")" = 600 ]
server_capture in-server --client "$PHONE_INNER"
server_pid=$CAPTURE_PID
client capture "$T/second.pcapng" 2>"$T/second.err"
is "only one capture at a time" "$?" -eq 1
check "that is said" grep -q 'tscf-client refused: .*busy' "$T/second.err"
program moving library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --level-at 50:encrypted-only --count 300
moving=$LAST_PID
in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5006" --to $HOST:7000 --rate 50 --count 20 >/dev/null
finish "$moving" 20
end_capture in-client "$client_pid"
end_capture in-server "$server_pid"
is "all were echoed" "$(last moving .echoed)" -eq 300
is "each packet goes out once" "$(packets in-client "$OUT && ($(on plain) || $(on encrypted))")" -eq 300
is "each comes back once" "$(packets in-client "$IN && ($(on plain) || $(on encrypted))")" -eq 300
is "plain at first" "$(packets in-client "$OUT && $(on plain)")" -ge 50
is "encrypted then" "$(packets in-client "$OUT && $(on encrypted)")" -ge 200
is "what was held was sent then" "$(packets in-client "$(on held)")" -eq "$(packets in-client 'frame.comment == "was held"')"
is "another port is not there" "$(packets in-client 'udp.port == 5006')" -eq 0
is "nothing is missing" "$(lost in-client)" -eq 0
is "the server has the same packets" "$(packets in-server "udp.port == 5004 && $IN")" -eq 300
is "encrypted as at the client" "$(packets in-server "$IN && $(on encrypted)")" -eq "$(packets in-client "$OUT && $(on encrypted)")"
is "and all ports of the client" "$(packets in-server "udp.port == 5006 && $IN && $(on plain)")" -eq 20

# --- one flow, by its five parts ---
udp_echo $HOST2 7000
udp_echo $HOST 7002
five=(--proto udp --port 5016 --remote "$HOST:7000")
server_capture five-server --client "$PHONE_INNER" "${five[@]}"
server_pid=$CAPTURE_PID
capture five-client "${five[@]}"
client_pid=$CAPTURE_PID
for flow in 5016,$HOST:7000 5016,$HOST2:7000 5016,$HOST:7002 5018,$HOST:7000; do
	in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:${flow%%,*}" --to "${flow#*,}" --rate 100 --count 20 >/dev/null
done
end_capture five-client "$client_pid"
end_capture five-server "$server_pid"
for name in five-client five-server; do
	is "$name: the packets of the flow, both ways" "$(packets $name "udp.port == 5016 && udp.port == 7000 && ip.addr == $HOST")" -eq 40
	is "$name: no others" "$(packets $name udp)" -eq 40
done
capture subnet --remote "$HOST2/31"
in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5016" --to $HOST:7000 --rate 100 --count 5 >/dev/null
in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5016" --to $HOST2:7000 --rate 100 --count 5 >/dev/null
end_capture subnet "$CAPTURE_PID"
is "a prefix of remote addresses" "$(packets subnet udp)" -eq 10
capture port --remote :7002
for port in 7000 7002; do in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5016" --to $HOST:$port --rate 100 --count 5 >/dev/null; done
end_capture port "$CAPTURE_PID"
is "a remote port" "$(packets port udp)" -eq 10

server_capture stranger --client 10.99.99.99 --count 1
stranger=$CAPTURE_PID

# --- what is dropped, and why ---
in_phone ip address add 203.0.113.9/32 dev lo
capture dropped
in_phone "$TSCF_TOOLS/flow" --bind 203.0.113.9:5008 --to $HOST:7000 --rate 50 --count 5 --linger 100 >/dev/null
end_capture dropped "$CAPTURE_PID"
is "wrong sources are shown, with the reason" \
	"$(packets dropped "$(on dropped) && ip.src == 203.0.113.9 && frame.comment contains \"wrong source address\"")" -eq 5

# --- the file ---
client capture "$T/dropped.pcapng" --count 1 2>"$T/err"
is "an existing file is not overwritten" "$?" -eq 1
check "that is said" grep -q "exists" "$T/err"
program background stranger "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5010" --to $HOST:7000 --rate 100
background=$LAST_PID
check "with --force it is" client capture "$T/dropped.pcapng" --force --count 10
is "and has as many packets as asked for" "$(packets dropped ip)" -eq 10
ln -s "$T/server.log" "$T/link.pcapng"
client capture "$T/link.pcapng" --force --count 1 2>/dev/null
is "what a link names is not overwritten" "$?" -eq 1
is "standard output" "$(client capture - --count 10 2>/dev/null | tshark -n -r - 2>/dev/null | wc -l)" -eq 10
is "a time" "$(client capture - --seconds 1 2>/dev/null | tshark -n -r - 2>/dev/null | awk 'END { print (NR > 150 && NR < 260) }')" -eq 1
in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5012" --to $HOST:7000 --rate 100 --count 100 >/dev/null &
is "a process" "$(client capture - --pid "$background" --count 50 2>/dev/null | tshark -n -r - -Y 'udp.port != 5010' 2>/dev/null | wc -l)" -eq 0
client capture - --pid 999999999 >/dev/null 2>"$T/err"
is "no such process" "$?" -eq 1
client capture - --port 70000 >/dev/null 2>&1
is "a wrong port is a usage error" "$?" -eq 2
for remote in somewhere 192.0.2.1:0x :0 192.0.2.1/33; do
	client capture - --remote $remote >/dev/null 2>&1
	is "a wrong remote is, too: $remote" "$?" -eq 2
done
cp "$TSCF_SBINDIR/tscf-client" "$T/tscf-client" && chmod 755 "$T" "$T/tscf-client"
in_phone setpriv --reuid 65534 --clear-groups "$T/tscf-client" capture - --control "$CLIENT_CONTROL" 2>"$T/err" | wc -c >"$T/bytes"
is "others than root get nothing" "$(cat "$T/bytes")" -eq 0
check "and are told" grep -q 'refused: you may not do that' "$T/err"

# --- a command that is killed, or does not read ---
capture killed
kill -KILL "$CAPTURE_PID"
check "the next capture begins when one was killed" wait_until 2 'client capture - --count 1 >/dev/null 2>&1'
capture stuck
kill -STOP "$CAPTURE_PID"
in_phone "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5014" --to $HOST:7000 --rate 5000 --size 1000 --count 15000 >"$T/fast.out"
is "a command that does not read holds no packet up" "$(jq .echoed "$T/fast.out")" -eq 15000
kill -CONT "$CAPTURE_PID"
end_capture stuck "$CAPTURE_PID"
is "what is missing is counted" "$(lost stuck)" -gt 1000
is "to the packet" "$(($(lost stuck) + $(packets stuck 'udp.port == 5014')))" -ge 30000

# --- a daemon that ends ---
kill "$background"
is "a capture of another client got nothing" "$(packets stranger ip)" -eq 0
end_capture stranger "$stranger"
capture ended
ended=$CAPTURE_PID
server_capture ended-server
stop_client
finish "$ended" 5
is "the command ends with the client" $? -eq 1
check "and says so" grep -q 'has ended the capture' "$T/ended.log"
stop_server
finish "$CAPTURE_PID" 5
is "the command ends with the server" $? -eq 1
check "and says so" grep -q 'has ended the capture' "$T/ended-server.log"
check "the file is whole" tshark -n -r "$T/ended.pcapng"
