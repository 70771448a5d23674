#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_client_join.sh - join and leave without a daemon: the files that they write and remove, and that they write nothing after an error.
# Environment (set by make check): TSCF_BUILD.

set -u

: "${TSCF_BUILD:=$(pwd)}"
CLIENT=$TSCF_BUILD/tscf-client/tscf-client
. "$(dirname "$0")/command.sh"
JOIN=
at_end() { [ -z "$JOIN" ] || kill "$JOIN" 2>/dev/null; }

PIN=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
KEY=AAECAwQFBgcICQoLDA0ODw
ONE="tscf://vpn.example.org?pin=$PIN&id=alice&key=$KEY"

client() { "$CLIENT" "$@" --config "$DIR/phone.conf" --control "$T/none.sock" >"$T/out" 2>"$T/err"; }
state() { find "$DIR" -type f -exec cksum {} + 2>/dev/null | sort; }
# refused WHY COMMAND...: exit status 1, the reason is said, and the files are as they were.
refused() {
	local why=$1 before status
	shift
	before=$(state)
	client "$@" </dev/null
	status=$?
	check "refused: $1: $why" test "$status" = 1 -a "$before" = "$(state)"
	check "says so" grep -qF -- "$why" "$T/err"
	check "does not show the key" sh -c "! grep -qF $KEY '$T/out' '$T/err'"
}

DIR="$T/it's \\ here/etc"
refused "has no id or no key" join "tscf://a?pin=$PIN"
refused "begins with tscf://" join "http://a"
refused "no invitation on standard input" join -
refused "No such file" leave
client join "$ONE"
check "joined" test $? -eq 0
check "the next command is told" grep -qF "tscf-client --config $DIR/phone.conf" "$T/out"
check "modes" test "$(stat -c %a "$DIR/phone.conf" "$DIR/phone.psk" | sort -u)" = 600
check "the directory is for all" test "$(stat -c %a "$DIR")" = 755
check "the key" test "$(cat "$DIR/phone.psk")" = alice:000102030405060708090a0b0c0d0e0f
check "the server" grep -qx 'server = "vpn.example.org:2004"' "$DIR/phone.conf"
check "the pin" grep -qx 'pin = "sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="' "$DIR/phone.conf"
check "it is a configuration" "$CLIENT" --check-config --config "$DIR/phone.conf"
check "two files" test "$(find "$T/it's \\ here" -type f | wc -l)" -eq 2

refused "phone.conf exists already: --force replaces it" join "$ONE"
mv "$DIR/phone.conf" "$T/away"
refused "phone.psk exists already: --force replaces it" join "$ONE"
mv "$T/away" "$DIR/phone.conf"
printf '%s&transport=tcp&server=b&server=%%5B2001:db8::1%%5D:7\n' "$ONE" >"$T/invitation"
client join - --force <"$T/invitation"
check "replaced, from standard input" test $? -eq 0
check "the transport" grep -qx 'transport = tcp' "$DIR/phone.conf"
check "the second server" grep -qF 'fallback-server "b:2004"' "$DIR/phone.conf"
check "the third server" grep -qF 'fallback-server "[2001:db8::1]:7"' "$DIR/phone.conf"
check "it is a configuration" "$CLIENT" --check-config --config "$DIR/phone.conf"
echo 'default-level = encrypted-preferred' >>"$DIR/phone.conf"
refused "was changed after join had written it" leave
client leave --force
check "left by force" test $? -eq 0
check "nothing is left" test -z "$(state)"
client join "$ONE"
client leave
check "left" test $? -eq 0
check "nothing is left" test -z "$(state)"
echo 'server = a' >"$DIR/phone.conf"
refused "was not written by join" leave
refused "was not written by join" leave --force
rm "$DIR/phone.conf"
: >"$T/file"
DIR=$T/file/etc
refused "Not a directory" join "$ONE"
DIR=$T/half
mkdir -p "$DIR/phone.conf"
refused "Is a directory" join "$ONE" --force
echo bob:00 >"$DIR/phone.psk"
refused "Is a directory" join "$ONE" --force
DIR=$T/waits
"$CLIENT" join "$ONE" --wait-up 60 --config "$DIR/phone.conf" --control "$T/none.sock" >"$T/out" 2>"$T/err" &
JOIN=$!
end=$((SECONDS + 30))
while [ ! -e "$DIR/phone.conf" ] && [ $SECONDS -lt $end ]; do sleep 0.05; done
check "it waits for the tunnel" test "$(tr '\0' ' ' <"/proc/$JOIN/cmdline" | grep -c -- --wait-up)" = 1
check "the key is not among its arguments" sh -c "! grep -qaF $KEY /proc/$JOIN/cmdline"
kill $JOIN
wait $JOIN 2>/dev/null
JOIN=
exit $FAILED
