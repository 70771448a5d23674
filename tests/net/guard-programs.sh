#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-programs.sh - programs that no library reaches: static ones, programs in Go, set-user-ID ones, programs in a
# chroot where AF_UNIX is refused, with sockets that io_uring makes, in a namespace of the dynamic linker, without an
# environment, and one whose socket is older than the client.  Each is made encrypted-only by the socket option, and by
# policies for its user, its file and its cgroup.  It gets through, and nothing of it is in clear.
. "$(dirname "$0")/lib.sh"

CC=${CC:-cc}
COUNT=5
# The user of the policy, another user, and the user that starts set-user-ID programs.
COVERED=4242 OTHER=4343 STRANGER=4444
SOURCE=$TSCF_SRC/tests/net/guard
skipped=

compile() { $CC -o "$T/$1" "$SOURCE/$2.c" "${@:3}" || die "$1 cannot be built"; }
# The build cache of the Go program is kept in the build folder.
compile_go() {
	export GOCACHE=$TSCF_BUILD/tests/net/guard/go-cache GO111MODULE=off GOPROXY=off CGO_ENABLED=0
	command -v go >/dev/null && go build -o "$T/go" "$SOURCE/program.go"
}

WAYS="option user program"
if make_cgroup; then WAYS+=" cgroup"; else skipped+=" cgroup"; fi

topology
chmod 711 "$T"
compile static program -static
compile dynamic program
compile confine confine -static
compile uring uring -static
compile world.so program -shared -fPIC -Dmain=program
cat >"$T/world.c" <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *world = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
	int (*program)(int, char **) = world ? (int (*)(int, char **))dlsym(world, "program") : NULL;
	return program ? program(argc - 1, argv + 1) : (fputs(dlerror(), stderr), 1);
}
EOF
$CC -o "$T/world" "$T/world.c" -ldl || die "world cannot be built"
compile_go || skipped+=" go"
install -o $COVERED -m 4755 "$T/dynamic" "$T/set-user-id"
mkdir "$T/root" "$T/named"
cp "$T/static" "$T/root/static"
cp "$T/static" "$T/root/named"
NAMED=(root/named)
for program in static dynamic uring world go; do
	[ -x "$T/$program" ] && cp "$T/$program" "$T/named" && NAMED+=("named/$program")
done
install -o $OTHER -m 4755 "$T/dynamic" "$T/named/set-id"
install -o $OTHER -m 4755 "$T/dynamic" "$T/set-other-id"
NAMED+=("named/set-id")

start_capture
echo_server
start_server
# --- a program that is older than the client ---
mkfifo -m 644 "$T/go-on"
background old-option "$PHONE" "$T/static" udp $HOST 7000 covered-old-option $COUNT --level 2 --wait "$T/go-on"
old=("$LAST_PID")
background old-user "$PHONE" "$T/confine" --user $COVERED "$T/static" udp $HOST 7000 covered-old-user $COUNT --wait "$T/go-on"
old+=("$LAST_PID")
background old-program "$PHONE" "$T/confine" --user $OTHER "$T/named/static" udp $HOST 7000 covered-old-program $COUNT --wait "$T/go-on"
old+=("$LAST_PID")
for pid in "${old[@]}"; do must 5 "ls -l /proc/$pid/fd | grep -q socket:"; done
CLIENT_CONF=("policy covered { uid = $COVERED level = encrypted-only }")
for program in "${NAMED[@]}"; do CLIENT_CONF+=("policy ${program//\//-} { program = $T/$program level = encrypted-only }"); done
CLIENT_CONF+=("policy cgroup { cgroup = \"/${CGROUP##*/}\" level = encrypted-only }")
start_guarded_client
exec {go_on}>"$T/go-on"
for pid in "${old[@]}"; do finish "$pid" 20; done

# --- the others ---
NAMES=(old-option old-user old-program)
# one NAME COMMAND...: its output is in NAME.out.
one() {
	local name=$1
	shift
	NAMES+=("$name")
	(
		[ $way != cgroup ] || echo "$BASHPID" >"$CGROUP/cgroup.procs"
		in_phone "$@"
	) >"$T/$name.out" 2>"$T/$name.log"
	[ $? -ne 77 ] || skipped+=" $name"
}
for way in $WAYS; do
	dir=$T who=$OTHER set_id=$T/set-other-id rooted=/static level=() go_level=
	case $way in
	option) level=(--level 2) go_level=2 ;;
	user) who=$COVERED set_id=$T/set-user-id ;;
	program) dir=$T/named set_id=$T/named/set-id rooted=/named ;;
	esac
	as=(setpriv --reuid "$who")
	for transport in udp tcp; do
		one static-$transport-$way "${as[@]}" "$dir/static" $transport $HOST 7000 covered-static-$transport-$way $COUNT "${level[@]}"
		[ -x "$T/go" ] || continue
		for by in net raw; do
			one go-$by-$transport-$way "${as[@]}" "$dir/go" $by $transport $HOST 7000 covered-go-$by-$transport-$way $COUNT $go_level
		done
	done
	one set-user-id-$way setpriv --reuid $STRANGER env LD_PRELOAD="$TSCF_PRELOAD" TSCF_CONTROL="$CLIENT_CONTROL" \
		"$set_id" udp $HOST 7000 covered-set-user-id-$way $COUNT "${level[@]}"
	one chroot-$way "$T/confine" --chroot "$T/root" --refuse unix --user $who $rooted udp $HOST 7000 covered-chroot-$way $COUNT "${level[@]}"
	one world-$way "${as[@]}" "$dir/world" "$T/world.so" udp $HOST 7000 covered-world-$way $COUNT "${level[@]}"
	one no-environment-$way "$T/confine" --user $who "$dir/dynamic" udp $HOST 7000 covered-no-environment-$way $COUNT "${level[@]}"
	[ "$TSCF_INNER" = 6 ] || one uring-$way "${as[@]}" "$dir/uring" udp $HOST 7000 covered-uring-$way $COUNT "${level[@]}"
done
in_phone setpriv --reuid $OTHER "$T/static" udp $HOST 7000 nobody-control $COUNT >"$T/control.out"
stop_client
stop_capture

for name in "${NAMES[@]}"; do
	case " $skipped " in *" $name "*) continue ;; esac
	is "$name" "$(cat "$T/$name.out")" = "level=2 back=$COUNT error=none"
done
is "in clear: packets of all of these" "$(in_clear covered-)" -eq 0
[ "$FAILED" -eq 0 ] || for name in "${NAMES[@]}"; do note "in clear of $name: $(in_clear "covered-$name ")"; done
is "and of one that nobody has covered" "$(in_clear nobody-control)" -ge $COUNT
[ -z "$skipped" ] || note "not possible here:$skipped"
