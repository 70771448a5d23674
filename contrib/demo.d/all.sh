# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# all.sh - contrib/demo --all: every combination of transport and IP versions, one line each; see combination.sh.

export TSCF_KEEP=$keep TSCF_SRC TSCF_TOOLS TSCF_BINDIR TSCF_SBINDIR

# A combination takes itself away when it is told to, and gets the time for it.  It is waited for in the background, or a signal would wait for it.
running=
interrupted() {
	trap '' INT TERM HUP
	printf '\n'
	if [ -n "$running" ]; then
		kill -TERM "$running" 2>/dev/null
		wait "$running"
	fi
	exit "$1"
}
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# combination TRANSPORT INNER OUTER: a line with its figures, and what went wrong if something did.
combination() {
	local log=$T/$1-$2-$3.log status=0 tunnels=UDP/DTLS figures
	[ "$1" = udp ] || tunnels=TCP/TLS
	printf '   %-8s  IPv%s  IPv%s ' $tunnels "$2" "$3"
	TSCF_TEST_TRANSPORT=$1 TSCF_INNER=$2 TSCF_OUTER=$3 bash "$TSCF_SRC/contrib/demo.d/combination.sh" >"$log" 2>&1 &
	running=$!
	wait "$running" || status=$?
	running=
	read -ra figures < <(sed -n 's/^# figures //p' "$log")
	# Without figures the line is as long.
	printf '%4s %4s %4s  %5s %5s %5s %5s  %5s %5s' "${figures[@]-}"
	if [ "$status" -eq 0 ]; then
		printf '  %sok%s\n' "$GREEN" "$END"
	else
		printf '  %sFAIL%s\n' "$RED" "$END"
		FAILED=$((FAILED + 1))
		grep '^not ok' "$log" | sed 's/^/      /'
	fi
	sed -n 's/^# kept/      kept/p' "$log"
	# At the end only what went wrong is worth reading.
	if [ -z "$keep" ] && [ "$status" -eq 0 ]; then rm "$log"; fi
}

title "A flow of packets becomes encrypted and comes back; then the server is killed"
cat <<-'END'

	   move     milliseconds from the command until the flow is encrypted
	   clear    packets of the flow on the link: before, while it is moved, and after
	   encr     encrypted packets while it is moved
	   refused  milliseconds from the server's death until the program sees an error
	   back     milliseconds from the server's start until 50 packets have come back

	                          packets           clear packets      server killed
	   tunnels  inner outer move sent lost before moved after  encr refused back
END
for transport in udp tcp; do
	for inner in 4 6; do
		for outer in 4 6; do
			combination $transport $inner $outer
		done
	done
done

title "Result"
if [ "$FAILED" -eq 0 ]; then
	pass "in all combinations: moved there and back, nothing lost, nothing leaked, refused while there was no tunnel"
else
	fail "$FAILED of 8 combinations are not as they should be"
fi
