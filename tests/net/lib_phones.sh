# SPDX-License-Identifier: GPL-3.0-or-later
# lib_phones.sh - phones that are run by their recipes in tscf-guide(7).  It comes after lib.sh.

# recipe NAME: the lines of a recipe in the guide.
recipe() {
	local lines
	lines=$(awk -v name="$1" '/^\.\\" RECIPE/ { on = $0 == ".\\\" RECIPE " name } /^\.Ed/ { on = 0 } on && !/^\./' "$TSCF_SRC/man/tscf-guide.7")
	[ -n "$lines" ] || fail "there is no recipe $1"
	sed 's/\\e/\\/g' <<<"$lines"
}

# The commands of a recipe find the programs, and the client's control socket, without options.
mkdir -p "$T/bin"
printf '#!/bin/sh\nexec "%s" --control "%s" "$@"\n' "$TSCF_BINDIR/tscf-run" "$CLIENT_CONTROL" >"$T/bin/tscf-run"
printf '#!/bin/sh\nexec "%s" "$@" --control "%s"\n' "$TSCF_SBINDIR/tscf-client" "$CLIENT_CONTROL" >"$T/bin/tscf-client"
chmod +x "$T/bin/tscf-run" "$T/bin/tscf-client"
# follow NAME RECIPE: run the commands of a recipe in the phone.
follow() { background "$1" "$PHONE" env "HOME=$T" "PATH=$T/bin:$PATH" sh -c "$(recipe "$2")"; }

needs() { command -v "$1" >/dev/null || skip "needs $1"; }
# sockets_of PROGRAM: its sockets with a level, as "PROTOCOL PORT LEVEL TUNNEL POLICY" lines.
sockets_of() {
	client sockets --json | jq -r --arg name "$1" \
		'.[] | select(.program == $name) | "\(.protocol) \(.local | split(":") | last) \(.level) \(.tunnel) \(.policy)"'
}
# has PROGRAM WORDS: it has such a socket.
has() { sockets_of "$1" | grep -qE "^$2\$"; }

# talks SINCE: media go both ways by now, in the encrypted tunnel.
talks() {
	must 20 "[ \$(records up data $1) -gt 60 ] && [ \$(records down data $1) -gt 60 ]" "sound both ways"
}

# other_phone: one in the service network that takes calls, and sends sound back.
other_phone() {
	background uas "$SERVICE" sipp -sn uas -i $HOST -p 5060 -mi $HOST -mp 6000 -rtp_echo -nostdin
	must 10 '[ -n "$(ip netns exec $SERVICE ss -Hlnu "src $HOST:5060")" ]' "the other phone listens"
}

nothing_in_clear() {
	is "no SIP in clear" "$(wire sip | wc -l)" -eq 0
	is "nothing at all in clear, raw sockets included" "$(wire flows | wc -l)" -eq 0
	is "nor outside the tunnels, to the service network" "$(wire outside | grep -c 192.0.2.)" -eq 0
}
