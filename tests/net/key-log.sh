#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# key-log.sh - with --key-log, a capture of the access link and the file of keys show Wireshark, by contrib/wireshark/tscf.lua, what is
# in the encrypted tunnel, messages and packets, over DTLS with connection ids and over TLS; log and status warn; a file that others may
# read, or that is none, is refused.  Without the file nothing shows.
. "$(dirname "$0")/lib.sh"

command -v tshark >/dev/null || skip "needs tshark"

# count FILTER [OPTION...]: how many packets of the capture match a filter of Wireshark; they are in $T/shown.
count() {
	local filter=$1
	shift
	tshark -n -X "lua_script:$TSCF_SRC/contrib/wireshark/tscf.lua" -o "tscftun.port:$PORT" "$@" -r "$PCAP" -Y "$filter" >"$T/shown" 2>>"$T/tshark.log"
	wc -l <"$T/shown"
}
refused() { ! in_phone timeout 5 "$TSCF_SBINDIR/tscf-client" --foreground --server $SERVER_OUTER:$PORT --pin "$PIN" --control "$T/other.sock" \
	--plain-dev other0 --encrypted-dev other1 --key-log "$1" 2>"$T/err"; }

topology
start_capture
echo_server
start_server --key-log "$T/server.keys"
start_client --key-log "$T/keys"
check "the client warns in its log" grep -q 'warning: key log: .*can read and forge' "$T/client.log"
check "and in its status" bash -c "grep -q '^WARNING: the keys .* $T/keys' <<<'$(client status)'"
check "and the server" bash -c "grep -q '^WARNING: the keys .* $T/server.keys' <<<'$(server status)'"
check "the file is for its owner only" [ "$(stat -c %a "$T/keys")" = 600 ]
program moving library "$TSCF_TOOLS/flow" --bind "$PHONE_INNER:5004" --to $HOST:7000 --rate 100 --level-at 50:encrypted-only --count 200
finish "$LAST_PID" 20
by=$(encrypted_by)
stop_client
stop_server
stop_capture
check "the same keys at both ends" cmp <(sort "$T/keys") <(sort "$T/server.keys")
is "only the owner can read them still" "$(stat -c %a "$T/keys")" -eq 600

KEYS=(-o "tls.keylog_file:$T/keys")
inside="$by && udp.port == 5004 && udp.port == 7000"
clear=$(count "udp.port == 5004 && !$by")
is "messages inside $by" "$(count "$by && tscftun.type" "${KEYS[@]}")" -ge 4
# TLS has several packets in a record.  Wireshark 4.0 decrypts nothing more of an end that repeats its last handshake messages.
wanted=150
[ "$by" = tls ] || [ "$(count 'dtls.record.content_type == 20')" -gt 2 ] || wanted=$((400 - clear))
is "packets inside $by" "$(count "$inside" "${KEYS[@]}")" -ge "$wanted"
is "those of the client, too" "$(count "$inside && udp.srcport == 5004" "${KEYS[@]}")" -gt 75
is "nothing without keys" "$(count "$inside")" -eq 0

chmod 644 "$T/keys"
check "a file that others may read is refused" refused "$T/keys"
check "that is said" grep -q 'key log .*expected an ordinary file of this user, with mode 0600' "$T/err"
ln -s "$T/server.keys" "$T/link"
check "a link is refused" refused "$T/link"
mkfifo -m 600 "$T/pipe"
check "a pipe is refused" refused "$T/pipe"
