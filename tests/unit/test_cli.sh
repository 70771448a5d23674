#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_cli.sh - command lines without a daemon: exit statuses, what a usage error names, that --help fits a screen, and that help and manual
# page know the options that there are.
# Environment (set by make check): TSCF_BUILD, TSCF_SRC.

set -u

: "${TSCF_BUILD:=$(pwd)}"
: "${TSCF_SRC:=$TSCF_BUILD}"
CLIENT=$TSCF_BUILD/tscf-client/tscf-client
SERVER=$TSCF_BUILD/tscf-server/tscf-server
RUN=$TSCF_BUILD/tscf-client/run/tscf-run
FAILED=0

T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# says TEXT: it is on standard error; nothing is there if the text is empty.
says() {
	if [ -z "$1" ]; then [ ! -s "$T/err" ]; else grep -qF -- "$1" "$T/err"; fi
}

# expect STATUS TEXT COMMAND...: the exit status, and what is said on standard error.
expect() {
	local status=$1 text=$2 got
	shift 2
	"$@" >"$T/out" 2>"$T/err" </dev/null
	got=$?
	if [ "$got" -eq "$status" ] && says "$text"; then
		printf 'ok - %s\n' "${*##*/}"
		return
	fi
	printf 'not ok - %s: status %s, expected %s and "%s"\n' "${*##*/}" "$got" "$status" "$text"
	sed 's/^/# /' "$T/err"
	FAILED=1
}

# usage TEXT COMMAND...: a usage error, which ends with the hint.
usage() {
	expect 2 "$@"
	if ! tail -n 1 "$T/err" | grep -q "^Try 'tscf-[a-z]* --help'.$"; then
		printf 'not ok - no hint: %s\n' "$2"
		FAILED=1
	fi
}

for program in "$CLIENT" "$SERVER"; do
	expect 0 '' "$program" --help
	# The line with the default file is as long as the prefix makes it.
	if [ "$(wc -l <"$T/out")" -gt 24 ] || grep -v '\.conf$' "$T/out" | grep -q '.\{81\}' || ! grep -q '^Usage: tscf-' "$T/out"; then
		printf 'not ok - %s --help does not fit a screen\n' "$program"
		FAILED=1
	fi
	expect 0 '' "$program" --version
	if ! grep -qE '^tscf-(client|server) [0-9]+\.[0-9]+\.[0-9]+$' "$T/out"; then
		printf 'not ok - %s --version\n' "$program"
		FAILED=1
	fi
	usage "unknown option '--no-such'" "$program" --no-such
	usage "unknown option '-x'" "$program" -x
	usage "unknown command 'frob'" "$program" frob
	usage "extra argument 'more'" "$program" status more
	usage "extra argument 'more'" "$program" -- status more
	usage "needs a value" "$program" --config
	usage "takes no value" "$program" --foreground=yes
	usage "is ambiguous" "$program" --c
	usage "'--json' does not go with the daemon" "$program" --json
	usage "'--foreground' does not go with status" "$program" status --foreground
	usage "--mtu 1501: expected" "$program" --mtu 1501
	expect 1 "$T/none.sock: No such file" "$program" status --control "$T/none.sock"
	expect 1 "$T/none.sock: No such file" "$program" --control "$T/none.sock" status --json
	expect 1 "is it running?" "$program" stop --control "$T/none.sock"
	expect 1 "$T/none.conf: No such file" "$program" --config "$T/none.conf"
done

usage "expected LEVEL" "$CLIENT" level
usage "level 'secret': expected" "$CLIENT" level secret --pid 1
usage "expected either --pid PID, or --port" "$CLIENT" level unencrypted
usage "expected either --pid PID, or --port" "$CLIENT" level unencrypted --pid 1 --port 5
usage "expected either --pid PID, or --port" "$CLIENT" level unencrypted --proto udp
usage "redundancy 'much': expected none, auto" "$CLIENT" redundancy much --pid 1
usage "datagram 'always': expected default, preferred or never" "$CLIENT" datagram always --pid 1
usage "expected either --pid PID, or --port" "$CLIENT" datagram never
usage "--proto sctp: expected udp or tcp" "$CLIENT" level unencrypted --proto sctp --port 5
usage "--port 0: expected" "$CLIENT" level unencrypted --proto udp --port 0
usage "--pid x: expected" "$CLIENT" level unencrypted --pid x
usage "--wait-up -1: expected seconds" "$CLIENT" status --wait-up -1
usage "--server [::1: expected" "$CLIENT" --server '[::1'
usage "--fwmark-mask 5: expected" "$CLIENT" --fwmark-mask 5
usage "join: expected an invitation" "$CLIENT" join
usage "'--force' does not go with status" "$CLIENT" status --force
usage "--wait-up x: expected seconds" "$CLIENT" join a --wait-up x
usage "extra argument 'alice'" "$CLIENT" leave alice
expect 1 "is it running?" "$CLIENT" status --wait-up 0 --control "$T/none.sock"
expect 1 "is it running?" "$CLIENT" sockets --control "$T/none.sock"
expect 1 "is it running?" "$CLIENT" sip --control "$T/none.sock"
expect 1 "is it running?" "$CLIENT" level unencrypted --pid 1 --control "$T/none.sock"
printf 'server = a\n\nmtu = 9\n' >"$T/bad.conf"
expect 1 "$T/bad.conf:3: mtu = \"9\": expected" "$CLIENT" --config "$T/bad.conf" --check-config
# bad LINE TEXT: with this line in its file the client says this.
bad() {
	printf 'server = a\n%b\n' "$1" >"$T/bad.conf"
	expect 1 "$T/bad.conf:$2" "$CLIENT" --config "$T/bad.conf" --check-config
}
bad 'policy { level = encrypted-only }' "2: missing title for section 'policy': expected policy TITLE { ... }"
bad 'mtu 1300' "2: missing equal sign after option 'mtu': expected mtu = VALUE"
bad 'mtu = { 1300, 1400 }' "2: unexpected token '{': expected one value, not a list"
bad 'mtu =' "3: premature end of file: expected a value"
expect 1 "no server is named: expected an invitation" "$CLIENT" --config /dev/null --check-config
PIN=sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
printf 'server = a\npin = "%s"\n' $PIN >"$T/good.conf"
expect 0 "" "$CLIENT" --config "$T/good.conf" --check-config
expect 1 "server a: $T/none.pem: No such file" "$CLIENT" --config /dev/null --server a --ca "$T/none.pem" --check-config
expect 1 "server a: $T/good.conf: holds no certificate of a CA in PEM" "$CLIENT" --config /dev/null --server a --ca "$T/good.conf" --check-config
expect 1 "$T/none.psk: No such file" "$CLIENT" --config "$T/good.conf" --psk-file "$T/none.psk" --check-config
mkfifo -m 600 "$T/fifo"
expect 1 "server a: $T: Is a directory" "$CLIENT" --config /dev/null --server a --ca "$T" --check-config
expect 1 "$T/fifo: Operation not supported" "$CLIENT" --config /dev/null --server a --ca "$T/fifo" --check-config
expect 1 "$T: Is a directory" "$CLIENT" --config "$T/good.conf" --psk-file "$T" --check-config
expect 1 "$T/fifo: Operation not supported" "$CLIENT" --config "$T/good.conf" --psk-file "$T/fifo" --check-config
expect 1 "$T/good.conf: holds no certificate in PEM" "$CLIENT" --config "$T/good.conf" --cert "$T/good.conf" --key "$T/good.conf" --check-config

usage "--pool 10.0.0.0/31: expected" "$SERVER" --pool 10.0.0.0/31
usage "--listen 192.0.2.1:65535: expected" "$SERVER" --listen 192.0.2.1:65535
usage "--services FOO: expected DTTE" "$SERVER" --services FOO
expect 1 "is it running?" "$SERVER" sessions --control "$T/none.sock"
usage "expected IDENTITY, TSID or ADDRESS" "$SERVER" disconnect
expect 1 "is it running?" "$SERVER" disconnect alice --control "$T/none.sock"
usage "deny: expected IDENTITY..." "$SERVER" deny
usage "'--json' does not go with allow" "$SERVER" allow alice --json
usage "'--limit' does not go with status" "$SERVER" status --limit 1
usage "must be a terminal" "$CLIENT" sockets --watch
usage "either --watch or --json" "$CLIENT" sockets --watch --json
usage "must be a terminal" "$SERVER" sessions --watch
usage "--sort size: expected identity" "$SERVER" sessions --sort size
usage "--limit -1: expected a number" "$SERVER" sessions --limit -1
usage "--after 17: expected what a list with the same --sort" "$SERVER" sessions --after 17
usage "--after 0:1:a: expected what a list with the same --sort" "$SERVER" sessions --after 0:1:a --sort sent
usage "--outer 10.0.0.0/33: expected" "$SERVER" sessions --outer 10.0.0.0/33
expect 1 "is it running?" "$SERVER" reload --control "$T/none.sock"
usage "extra argument 'x'" "$SERVER" init x
usage "'--apply' does not go with the daemon" "$SERVER" --apply
usage "add-client: expected NAME..., or --from FILE" "$SERVER" add-client
usage "remove-client: expected NAME..." "$SERVER" remove-client
usage "name 'a:b': expected" "$SERVER" add-client good a:b
usage "name '': expected" "$SERVER" remove-client ''
usage "extra argument 'alice'" "$SERVER" list-clients alice
usage "'--qr' does not go with list-clients" "$SERVER" list-clients --qr
usage "--public-name a:0: expected at most 4 of HOST" "$SERVER" add-client alice --public-name a:0
usage "--valid-for: expected --one-time, too" "$SERVER" add-client alice --valid-for 3
usage "--valid-for 0: expected days from 1 to 3650" "$SERVER" add-client alice --one-time --valid-for 0
expect 1 "expected tscf-address-pool { range = ... }, which tscf-server init writes" "$SERVER" --config /dev/null --check-config
expect 1 "no interface has a file of keys" "$SERVER" add-client alice --config /dev/null
expect 1 "interface default: $T: Is a directory" "$SERVER" --config /dev/null --check-config --pool 10.0.0.0/24 --client-ca "$T"
expect 1 "interface default: $T/fifo: Operation not supported" "$SERVER" --config /dev/null --check-config --pool 10.0.0.0/24 --psk-file "$T/fifo"
expect 1 "$T/good.conf: holds no certificate of a CA in PEM" "$SERVER" --config /dev/null --check-config --pool 10.0.0.0/24 --client-ca "$T/good.conf"
expect 1 "$T/fifo: Operation not supported" "$SERVER" --config /dev/null --check-config --pool 10.0.0.0/24 --cert "$T/good.conf" --key "$T/fifo"
expect 1 "no addresses for clients" "$SERVER" --config /dev/null --check-config
# What it warns of besides depends on this host.
expect 0 "" bash -c '"$@" 2>"$0" && ! grep -vE "warning: (net[.]|interface default: pool )" "$0" >&2' "$T/warnings" \
	"$SERVER" --config /dev/null --check-config --pool 10.0.0.0/24 --encrypted-pool 10.0.1.0/24 --services DTTE --state-dir "$T"
expect 1 "overlap" "$SERVER" --config /dev/null --check-config --pool 10.0.0.0/16 --encrypted-pool 10.0.1.0/24

# same_options PROGRAM SOURCE PAGE: the table in the source, --help and what the page lists have the same long options.
same_options() {
	sed -n '/option \(options\|known\)\[\] = {/,/};/s/^[[:space:]]*{"\([a-z-]*\)",.*/\1/p' "$TSCF_SRC/$2" | sort -u >"$T/options"
	"$1" --help | grep -o -- '--[a-z][a-z-]*' | sed 's/^--//' | sort -u >"$T/help"
	grep -e '^\.It Fl' -e '^\.Op Fl' "$TSCF_SRC/man/$3" | grep -o 'Fl Fl [a-z-]*' | sed 's/^Fl Fl //' | sort -u >"$T/page"
	if [ -s "$T/options" ] && diff "$T/options" "$T/help" >"$T/err" && diff "$T/options" "$T/page" >"$T/err"; then
		printf 'ok - %s: options, --help and %s agree\n' "${1##*/}" "$3"
		return
	fi
	printf 'not ok - %s: options, --help and %s do not agree\n' "${1##*/}" "$3"
	sed 's/^/# /' "$T/err"
	FAILED=1
}
same_options "$CLIENT" tscf-client/settings/options.c tscf-client.8
same_options "$SERVER" tscf-server/settings/options.c tscf-server.8
same_options "$RUN" tscf-client/run/main.c tscf-run.1

# example PROGRAM SOURCE...: the example has every setting that the tables in the sources have, and no other; with its comments taken away it is
# valid, but for files that are not there.
example() {
	local program=$1 name=${1##*/} file=$TSCF_SRC/contrib/examples/${1##*/}.conf.example
	shift
	(cd "$TSCF_SRC" && awk '/_settings\[[A-Z_]*\] = \{/ { on = !/first_interface/ } /^};/ { on = 0 } on' "$@") |
		sed -n 's/^    {"\([a-z-]*\)",.*/\1/p' | sort -u >"$T/settings"
	sed -n 's/^#[[:space:]]*\([a-z-]*\) = .*/\1/p' "$file" | sort -u >"$T/example"
	grep -vE '"/etc/|^#psk-identity' "$file" | sed -E 's/^#([^ ])/\1/' >"$T/example.conf"
	if [ -s "$T/settings" ] && diff "$T/settings" "$T/example" >"$T/err"; then
		printf 'ok - %s.conf.example has every setting\n' "$name"
	else
		printf 'not ok - %s.conf.example does not have the settings of the tables\n' "$name"
		sed 's/^/# /' "$T/err"
		FAILED=1
	fi
	expect 1 "expected" "$program" --config "$file" --check-config
	expect 0 "" bash -c '"$@" 2>"$0" || cat "$0" >&2' "$T/warnings" "$program" --config "$T/example.conf" --check-config
}
example "$CLIENT" tscf-client/settings/{config,policy}.c
example "$SERVER" tscf-server/settings/settings.c

# The control socket is not put in the place of a file.
expect 1 "cannot listen at $T/good.conf: a file that is no socket is there" "$CLIENT" --config "$T/good.conf" --foreground --control "$T/good.conf"

# Without rights.
mkdir -m 555 "$T/closed"
cp "$CLIENT" "$SERVER" "$T"
chmod 755 "$T" "$T/tscf-client" "$T/tscf-server"
UNPRIVILEGED=()
if [ "$(id -u)" -eq 0 ]; then UNPRIVILEGED=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
for start in "tscf-client --server a --pin $PIN" "tscf-server --pool 10.8.0.0/24"; do
	# shellcheck disable=SC2086 # words
	expect 1 "cannot listen at $T/closed/it.sock: permission denied: run it as root" \
		"${UNPRIVILEGED[@]}" "$T"/$start --config /dev/null --foreground --control "$T/closed/it.sock" --state-dir "$T/state"
done

exit $FAILED
