#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_server_clients.sh - add-client, list-clients and remove-client without a running server: what they print and write, that they change
# nothing after an error, that several at a time lose nothing, and that 500 take seconds.
# Environment (set by make check): TSCF_BUILD.

set -u

: "${TSCF_BUILD:=$(pwd)}"
SERVER=$TSCF_BUILD/tscf-server/tscf-server
. "$(dirname "$0")/command.sh"

server() { "$SERVER" "$@" --config "$T/conf" --control "$T/none.sock" 2>"$T/err" </dev/null; }
# refused WHY COMMAND...: exit status 1, the reason is said, nothing is printed, and the file is as it was.
refused() {
	local why=$1 before after status
	shift
	before=$(sum)
	server "$@" >"$T/out"
	status=$?
	after=$(sum)
	check "refused: $*: $why" test "$status:$before" = "1:$after"
	check "says so" grep -qF -- "$why" "$T/err"
	check "prints nothing" test ! -s "$T/out"
}
# gives DESCRIPTION COMMAND...: it succeeds; what it prints is in $T/out.
gives() {
	local what=$1
	shift
	server "$@" >"$T/out"
	check "$what" test $? -eq 0
}
sum() { cat "$T/keys" 2>/dev/null | cksum; }
clients() { server list-clients | tr '\n' ' '; }

cat >"$T/conf" <<-END
	state-dir = "$T/state"
	tscf-interface access {
		psk-file = "$T/keys"
		public-name = { "vpn.example.org", "[2001:db8::1]:7000" }
		tscf-port { address = 192.0.2.1; port = 5000 }
		tscf-address-pool { range = 10.8.0.0/24; encrypted-range = 10.9.0.0/24 }
	}
END
sed -i 's/; /\n/' "$T/conf"

refused "$T/keys: No such file" list-clients
refused "$T/keys: No such file" remove-client alice
gives "the first client is added" add-client alice
check "one line is printed" test "$(wc -l <"$T/out")" -eq 1
check "it is an invitation" grep -qE '^tscf://vpn\.example\.org:5000\?pin=[A-Za-z0-9_-]{43}&id=alice&key=[A-Za-z0-9_-]{43}&transport=udp&server=%5B2001%3Adb8%3A%3A1%5D%3A7000$' "$T/out"
check "the file is nobody else's" test "$(stat -c %a "$T/keys")" = 600
check "the key of the server is there" test -s "$T/state/server.key"
sed 's/.*key=\([^&]*\).*/\1/' "$T/out" | tr -- '-_' '+/' | sed 's/$/=/' | base64 -d | od -An -tx1 | tr -d ' \n' >"$T/key"
check "the key in the file is that of the invitation" grep -qx "alice:$(cat "$T/key")" "$T/keys"
server add-client bob --public-name '198.51.100.7' --transport udp,tcp >"$T/out"
check "the option replaces the names" grep -q '^tscf://198.51.100.7:5000?pin=[^&]*&id=bob&key=[^&]*$' "$T/out"
pin=$(sed 's/.*pin=\([^&]*\).*/\1/' "$T/out")
server add-client carol --public-name 'h:7' >"$T/out"
check "the pin stays" grep -qF "pin=$pin&" "$T/out"
printf '# kept\n\ndave:000102030405060708090a0b0c0d0e0f' >>"$T/keys"
gives "a name with strange characters" add-client '50%&=a/@b'
check "is percent-encoded" grep -qF '&id=50%25%26%3Da%2F%40b&' "$T/out"
check "a last line without its end stays" grep -qx 'dave:000102030405060708090a0b0c0d0e0f' "$T/keys"
check "all are listed" test "$(clients)" = "50%&=a/@b alice bob carol dave "

refused "there is a client alice already" add-client eve alice
refused "the name eve is given twice" add-client eve eve
printf 'eve\n\n# no\nf g\n' >"$T/names"
refused "$T/names:4: expected a name" add-client --from "$T/names"
refused "$T/none: No such file" add-client --from "$T/none"
refused "there is no client eve" remove-client alice eve
refused "no name is in it" add-client --from /dev/null
chmod 644 "$T/keys"
refused "its mode must be 0600" add-client eve
chmod 600 "$T/keys"
gives "they are removed" remove-client alice dave
check "these" test "$(clients)" = "50%&=a/@b bob carol "
check "comments stay" grep -qx '# kept' "$T/keys"
mkdir "$T/real"
mv "$T/keys" "$T/real/keys"
ln -s real/keys "$T/keys"
refused "symbolic links" add-client eve
rm "$T/keys"
mv "$T/real/keys" "$T/keys"

gives "an invitation that can be used once" add-client --one-time heidi
check "says so" grep -qE '&id=heidi&key=[^&]*&use=once&transport=udp' "$T/out"
check "the record is nobody else's" test "$(stat -c %a "$T/state/enrolled-clients")" = 600
record=$(sed -nE '1s/.* ([0-9a-f]{16})$/\1/p' "$T/state/enrolled-clients")
check "the line of its key names the record" grep -qE "^heidi:[0-9a-f]{64}:until=[0-9]+,record=$record$" "$T/keys"
until=$(sed -nE 's/^heidi:.*until=([0-9]+),.*/\1/p' "$T/keys")
check "it is valid for a week" test $((until - $(date +%s))) -gt $((7 * 86400 - 60)) -a $((until - $(date +%s))) -le $((7 * 86400))
gives "the list says until when" list-clients --long
check "a name, a tab, and this" grep -qx "heidi	invited until $(date -u -d "@$until" '+%F %H:%M UTC')" "$T/out"
check "and who has a key" grep -qx 'bob	key' "$T/out"
mv "$T/state/enrolled-clients" "$T/away"
gives "a lost record is no error here" list-clients --long
check "it is said" grep -qx 'heidi	the record of used invitations is lost' "$T/out"
mv "$T/away" "$T/state/enrolled-clients"
sed -i 's/^\(heidi:.*until=\)[0-9]*/\11000/' "$T/keys"
gives "the list" list-clients --long
check "it has ended" grep -qx 'heidi	invitation is no longer valid' "$T/out"
gives "it is taken back" remove-client heidi

if [ "$(id -u)" -eq 0 ]; then
	mkdir "$T/theirs" "$T/roots"
	chown 65534:65534 "$T/theirs"
	gives "a pair is made in a directory that is not root's" add-client frank --state-dir "$T/theirs"
	check "it is that of the owner" test "$(stat -c %u "$T/theirs/server.crt" "$T/theirs/server.key" | uniq)" = 65534
	gives "so is the record" add-client judy --one-time --state-dir "$T/theirs"
	check "it is that of the owner, too" test "$(stat -c %u "$T/theirs/enrolled-clients")" = 65534
	server remove-client judy
	for name in crt key; do
		chown root "$T/theirs/server.$name"
		mv "$T/theirs/server.$name" "$T/roots/server.$name"
	done
	ln -s ../roots/server.crt "$T/theirs/server.crt"
	ln "$T/roots/server.key" "$T/theirs/server.key"
	server add-client grace --state-dir "$T/theirs" >/dev/null
	check "a file of root's to which a link leads stays root's" test "$(stat -c %u "$T/roots/"* | uniq)" = 0
	check "that is said" test "$(grep -c 'cannot give' "$T/err")" -eq 2
	server remove-client frank grace
fi

seq -f 'phone%03g' 500 >"$T/names"
begin=$EPOCHREALTIME
gives "500 at once" add-client --from "$T/names"
check "take seconds" awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 10) }'
check "500 invitations" test "$(sed 's/.*key=//' "$T/out" | sort -u | wc -l)" -eq 500
for n in $(seq 20); do
	"$SERVER" add-client "many$n" --config "$T/conf" --control "$T/none.sock" >"$T/out$n" 2>&1 &
done
wait
check "20 at a time lose nothing" test "$(server list-clients | grep -c '^many')" -eq 20
check "nothing is left beside the file" test "$(find "$T" -name 'keys*' | wc -l)" -eq 1
if command -v qrencode >/dev/null; then
	gives "a QR code" add-client qr --qr
	check "is printed" test "$(wc -l <"$T/out")" -gt 10
else
	PATH='' server add-client qr --qr >"$T/out" 2>&1
	check "no qrencode: that is said" grep -q 'qrencode is not installed' "$T/err"
	check "no qrencode: the invitation is printed" test "$(grep -c '^tscf://' "$T/out")" -eq 1
fi
exit $FAILED
