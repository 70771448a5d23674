#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_plot.sh - contrib/plot draws the recorded call of plot.pcapng (a SIP call that moved to the encrypted tunnel after 2.3 s, packets cut
# behind the header of RTP; 10 of its 244 packets to the client were lost), and the levels that a log says its socket had; and refuses what is
# no capture.
# Environment (set by make check): TSCF_SRC.

: "${TSCF_SRC:=$(cd "$(dirname "$0")/../.." && pwd)}"
plot=$TSCF_SRC/contrib/plot
call=$TSCF_SRC/tests/unit/plot.pcapng
failed=0
T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT

# check DESCRIPTION COMMAND...
check() {
	local what=$1
	shift
	if "$@" >"$T/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what: $(head -n 3 "$T/out")"
		failed=1
	fi
}
fails() { ! "$@"; }
# has TEXT: in the picture.
has() { grep -qF -- "$1" "$T/call.svg"; }

check "a picture" sh -c '"$1" --title "a <call> & more" "$2" >"$3"' - "$plot" "$call" "$T/call.svg"
check "it is XML" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$T/call.svg"
check "its title" has '<title>a &lt;call&gt; &amp; more</title>'
check "packets, loss and delay" has 'up: 246 packets;  down: 234 packets, 4.10 % lost, delay 1.6 ms (median)'
check "the plain tunnel" has 'fill="#e69f00"'
check "the encrypted tunnel" has 'fill="#009e73"'
check "the flow is named" sh -c '"$1" "$2" | grep -qF "10.8.0.2 port 22000 - 192.0.2.10 port 6000"' - "$plot" "$call"
check "another flow" sh -c '"$1" --port 5080 "$2" | grep -qF "10.8.0.2 port 5080"' - "$plot" "$call"
check "with a log" sh -c '"$1" --log "$2" "$3" >"$4"' - "$plot" "$TSCF_SRC/tests/unit/plot-log.txt" "$call" "$T/call.svg"
check "it is XML" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$T/call.svg"
check "the level that the socket had before the call" has '>unencrypted; by policy media</text>'
check "its change, in time" has '<rect x="312.77" y="78.00" width="542.79" height="20.00" fill="#66c5ab"><title>encrypted-only; by tscf-client level</title>'
check "what is too narrow for words" has '<title>encrypted-preferred; by itself</title>'
check "no levels of other sockets, and none after the call" [ "$(grep -c 'height="20.00" fill="#[0-9a-f]*"><title>' "$T/call.svg")" -eq 3 ]
check "a log without the socket is no error" sh -c '"$1" --log /dev/null "$2" 2>"$3"' - "$plot" "$call" "$T/err"
check "but it is said" grep -q 'no change of the level of udp port 22000' "$T/err"
head -c 20000 "$call" >"$T/cut.pcapng"
check "a file that is cut short" "$plot" "$T/cut.pcapng"
check "no such flow" fails "$plot" --port 1 "$call"
check "no capture" fails "$plot" "$TSCF_SRC/README"
exit "$failed"
