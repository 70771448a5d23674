#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# voice.sh - the measurement of voice, in short: calls on a path without loss, and on one that loses 10 %, in both tunnels.  Redundancy costs
# nothing on the first and gives nearly all back on the second, so that it can be heard; the table and the plot are there.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "needs root"
OUT=$T/out
"$TSCF_SRC/tests/bench/voice" --out "$OUT" --seconds 3 --settle 1 --calls 2 --losses "0 10" >"$T/voice.log" 2>&1
status=$?
[ $status -ne 77 ] || skip "$(sed -n 's/.*SKIP //p' "$T/voice.log")"
is "the measurement ends well" $status -eq 0
sed 's/^/# /' "$OUT/voice.txt"

# of LOSS REDUNDANCY EXPRESSION: over both tunnels and both directions of the calls.
of() { jq -s --argjson l "$1" --arg r "$2" "[.[] | select(.loss_percent == \$l and .redundancy == \$r)] | $3" "$OUT/voice.json"; }
is "lines of figures" "$(wc -l <"$OUT/voice.json")" -eq 8
is "packets of each" "$(of 10 auto '[.[] | .up.packets, .down.packets] | min')" -eq 300
is "nothing is lost on a clean path, so nothing is repaired" "$(of 0 auto '[.[] | .up.path_lost_percent, .down.path_lost_percent, .up.repaired, .down.repaired] | add')" -eq 0
# Messages of the tunnel are a few percent of so short a call; repair packets would double it.
is "and nothing added: bytes on the wire, percent of the stream's" "$(of 0 auto 'map(.bandwidth) | max * 100 | floor')" -le 110
is "the path loses, percent" "$(of 10 none '[.[] | .up.lost_percent, .down.lost_percent] | add / length | floor')" -ge 5
is "lost in spite of redundancy, tenths of a percent" "$(of 10 auto '[.[] | .up.lost_percent, .down.lost_percent] | add / length * 10 | floor')" -le 10
is "repaired packets" "$(of 10 auto '[.[] | .up.repaired, .down.repaired] | add')" -gt 60
is "MOS without, hundredths" "$(of 10 none '[.[] | .up.mos, .down.mos] | add / length * 100 | floor')" -lt 400
is "MOS with" "$(of 10 auto '[.[] | .up.mos, .down.mos] | add / length * 100 | floor')" -gt 425
check "the table has what is aimed at" grep -qE '^10 +encrypted +auto .* 0\.1: (not )?met$' "$OUT/voice.txt"
check "the plot is XML" python3 -c 'import sys, xml.dom.minidom as m; assert m.parse(sys.argv[1]).documentElement.tagName == "svg"' "$OUT/voice.svg"
