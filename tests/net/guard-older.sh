#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-older.sh - policies by user and by DSCP that are newer than the socket.  A socket that is older than the guard,
# and one that is older than the first such policy, gets its level by the owner and the DSCP that it had before, as soon
# as it gets its port.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
start_server
bin=$T/bin
mkdir "$bin"
gcc -static -o "$bin/mine" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
cp "$bin/mine" "$bin/media"
chmod 711 "$T"
chmod 755 "$bin" "$bin/mine"
AS_USER=(setpriv --reuid 65534 --regid 65534 --clear-groups)
# later NAME COMMAND...: make a socket now, and bind it when $T/go exists.
later() {
	background "$1" "$PHONE" "${@:2}"
	must 5 "[ -s '$T/$1.out' ]" "$1 has its socket"
}
later before-user "${AS_USER[@]}" "$bin/mine" $HOST M-only v w"$T/go" b5081 v s3
later before-dscp "$bin/media" $HOST M-only t46 v w"$T/go" b5083 v s3
start_guarded_client
later user "${AS_USER[@]}" "$bin/mine" $HOST M-only v w"$T/go" b5082 v s3
later dscp "$bin/media" $HOST M-only t46 v w"$T/go" b5084 v s3
later other "$bin/mine" $HOST M-other v w"$T/go" b5085 v s3
cat >"$T/client.conf" <<END
policy mine { program = $bin/mine uid = 65534 local-port = 5081-5085 level = encrypted-only }
policy media { program = $bin/media dscp = EF local-port = 5081-5085 level = encrypted-only }
END
client reload || die "no reload"
: >"$T/go"
for name in before-user before-dscp user dscp other; do must 20 "[ \"\$(wc -l <'$T/$name.out')\" -eq 1 ]" "$name ends"; done
said() { sed 's/ $//' "$T/$1.out"; }
is "of a user, older than the guard" "$(said before-user)" = "value=0 bound=0 value=10 back=3/0"
is "with a DSCP, older than the guard" "$(said before-dscp)" = "value=0 bound=0 value=18 back=3/0"
is "of a user, older than the policy" "$(said user)" = "value=0 bound=0 value=10 back=3/0"
is "with a DSCP, older than the policy" "$(said dscp)" = "value=0 bound=0 value=18 back=3/0"
is "of another user" "$(said other)" = "value=0 bound=0 value=0 back=3/0"
stop_client
stop_capture
is "in clear" "$(in_clear M-only)" -eq 0
is "in clear: of the other user" "$(in_clear M-other)" -eq 6
