#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_server_denied.sh - deny and allow without a running server: what they write, that other lines stay, that they change nothing after an
# error, and that several at a time lose nothing.
# Environment (set by make check): TSCF_BUILD.

set -u

: "${TSCF_BUILD:=$(pwd)}"
SERVER=$TSCF_BUILD/tscf-server/tscf-server
. "$(dirname "$0")/command.sh"

server() { "$SERVER" "$@" --config "$T/conf" --control "$T/none.sock" 2>"$T/err" </dev/null; }
# has FILE LINE...: these are its lines.
has() {
	local file=$1
	shift
	printf '%s\n' "$@" | cmp -s - "$file"
}
# refused WHY COMMAND...: exit status 1, the reason is said, and the files are as they were.
refused() {
	local why=$1 before status
	shift
	before=$(cat "$T/one" "$T/two" 2>/dev/null | cksum)
	server "$@"
	status=$?
	check "refused: $*: $why" test "$status:$before" = "1:$(cat "$T/one" "$T/two" 2>/dev/null | cksum)"
	check "says so" grep -qF -- "$why" "$T/err"
}

printf 'tscf-interface a {\n}\n' >"$T/conf"
refused "no interface has a file of denied clients" deny alice
cat >"$T/conf" <<-END
	tscf-interface a {
		psk-file = "$T/keys"
		denied-clients = "$T/one"
	}
	tscf-interface b {
		psk-file = "$T/keys"
		denied-clients = "$T/two"
	}
	tscf-interface c {
		psk-file = "$T/keys"
		denied-clients = "$T/one"
	}
	tscf-interface d {
		psk-file = "$T/keys"
		denied-clients = "$T/off"
		state = disabled
	}
END
refused "$T/one: No such file" allow alice
check "a name is denied" server deny alice
check "no server runs: that is said" grep -qF "no server answers at $T/none.sock" "$T/err"
check "it is in the file" has "$T/one" alice
check "and in the other one" has "$T/two" alice
check "not in that of a disabled interface" test ! -e "$T/off"
printf '# who left\r\nbob\r\n\n#carol\npsk dave' >"$T/one"
chmod 640 "$T/one"
check "two at a time, one of which is there" server deny bob 'eve of the house' sha256:abc
check "other lines stay" has "$T/one" $'# who left\r' $'bob\r' '' '#carol' 'psk dave' 'eve of the house' sha256:abc
check "the mode stays" test "$(stat -c %a "$T/one")" = 640
refused "carol is not denied" allow bob carol
refused "'#carol': expected" deny '#carol'
refused "'': expected" deny ''
refused "'eve ': expected" deny 'eve '
check "they are allowed again" server allow bob 'psk dave' sha256:abc
check "these lines are gone" has "$T/one" $'# who left\r' '' '#carol' 'eve of the house'
printf 'frank \t\n  # gone \n' >>"$T/one"
check "a name with blanks after it is there" server deny frank
check "it is not written again" test "$(grep -c frank "$T/one")" = 1
check "and is removed" server allow frank
check "a comment after blanks stays" has "$T/one" $'# who left\r' '' '#carol' 'eve of the house' '  # gone '
sed -i '/gone/d' "$T/one"
check "in the other file, too" has "$T/two" alice 'eve of the house'
refused "bob is not denied" allow bob
for n in $(seq 20); do
	"$SERVER" deny "many$n" --config "$T/conf" --control "$T/none.sock" >"$T/out$n" 2>&1 &
done
wait
check "20 at a time lose nothing" test "$(grep -c '^many' "$T/one") $(grep -c '^many' "$T/two")" = "20 20"
check "nothing is left beside the files" test "$(find "$T" -name 'one*' -o -name 'two*' | wc -l)" -eq 2
chmod 644 "$T/one"
exec 9<"$T/one"
flock 9
timeout 15 "$SERVER" deny grace --config "$T/conf" --control "$T/none.sock" >"$T/err" 2>&1
check "who can only read a file does not hold it up" test $? = 0
exec 9>"$T/one.lock"
flock 9
SECONDS=0
refused "another program has been changing it" deny heidi
check "it has waited" test "$SECONDS" -ge 15
exec 9>&-
check "after a crash, the lock is left: the next one takes it" server deny heidi
check "and removes it" test ! -e "$T/one.lock"
mkdir "$T/real"
mv "$T/one" "$T/real/one"
ln -s real/one "$T/one"
refused "symbolic links" deny mallory
exit $FAILED
