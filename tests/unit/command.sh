# shellcheck shell=bash
# command.sh - sourced by the tests of commands that need no network: a directory T of the test's own, and its checks.
# What a command prints goes to $T/out and $T/err; both are shown when a check fails.
FAILED=0

T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
# at_end: a test may define what is ended before the directory goes.
at_end() { :; }
trap 'at_end; rm -rf "$T"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check() {
	local what=$1
	shift
	if "$@"; then
		printf 'ok - %s\n' "$what"
	else
		printf 'not ok - %s\n' "$what"
		cat "$T/out" "$T/err" 2>/dev/null | sed 's/^/# /'
		# shellcheck disable=SC2034 # the test's exit status
		FAILED=1
	fi
}
