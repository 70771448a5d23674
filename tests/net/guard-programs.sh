#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-programs.sh - programs that no library reaches: static ones, in Go, set-user-ID, in a chroot where AF_UNIX is refused, with sockets that
# io_uring makes, in a namespace of the dynamic linker, without an environment, and one whose socket is older than the client.  Each is made
# encrypted-only by the socket option and by a policy: it gets through, and nothing of it is in clear.
. "$(dirname "$0")/lib.sh"

CC=${CC:-cc}
COUNT=5
# Who the policy speaks of, somebody else, and who starts set-user-ID programs.
COVERED=4242 OTHER=4343 STRANGER=4444
SOURCE=$TSCF_SRC/tests/net/guard
skipped=

compile() { $CC -o "$T/$1" "$SOURCE/$2.c" "${@:3}" || die "$1 cannot be built"; }
# The Go program is kept in the build folder, with what it is made of.
compile_go() {
	export GOCACHE=$TSCF_BUILD/tests/net/guard/go-cache GO111MODULE=off GOPROXY=off CGO_ENABLED=0
	command -v go >/dev/null && go build -o "$T/go" "$SOURCE/program.go"
}

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
install -o $OTHER -m 4755 "$T/dynamic" "$T/set-other-id"
mkdir "$T/root"
cp "$T/static" "$T/root/static"

start_capture
echo_server
start_server
# --- one that is older than the client ---
mkfifo -m 644 "$T/go-on"
background old-option "$PHONE" "$T/static" udp $HOST 7000 M-old-option $COUNT --level 2 --wait "$T/go-on"
old=("$LAST_PID")
background old-policy "$PHONE" "$T/confine" --user $COVERED "$T/static" udp $HOST 7000 M-old-policy $COUNT --wait "$T/go-on"
old+=("$LAST_PID")
for pid in "${old[@]}"; do must 5 "ls -l /proc/$pid/fd | grep -q socket:"; done
CLIENT_CONF=("policy covered { uid = $COVERED level = encrypted-only }")
start_client
[ "$(client_status .guard.state)" = on ] || skip "no guard here: $(client_status .guard.reason)"
exec {go_on}>"$T/go-on"
for pid in "${old[@]}"; do finish "$pid" 20; done

# --- the others ---
MARKERS=(M-old-option M-old-policy)
# one NAME COMMAND...: its output; what stands for the arguments is put there.
one() {
	local name=$1
	shift
	MARKERS+=("M-$name")
	in_phone "$@" >"$T/$name.out" 2>"$T/$name.log"
	[ $? -ne 77 ] || skipped+=" $name"
}
for way in option policy; do
	case $way in
	option) who=$OTHER set_id=set-other-id level=(--level 2) go_level=2 ;;
	policy) who=$COVERED set_id=set-user-id level=() go_level= ;;
	esac
	as=(setpriv --reuid "$who")
	for transport in udp tcp; do
		one static-$transport-$way "${as[@]}" "$T/static" $transport $HOST 7000 M-static-$transport-$way $COUNT "${level[@]}"
		[ -x "$T/go" ] || continue
		for by in net raw; do
			one go-$by-$transport-$way "${as[@]}" "$T/go" $by $transport $HOST 7000 M-go-$by-$transport-$way $COUNT $go_level
		done
	done
	one set-user-id-$way setpriv --reuid $STRANGER env LD_PRELOAD="$TSCF_PRELOAD" TSCF_CONTROL="$CLIENT_CONTROL" \
		"$T/$set_id" udp $HOST 7000 M-set-user-id-$way $COUNT "${level[@]}"
	one chroot-$way "$T/confine" --chroot "$T/root" --refuse unix --user $who /static udp $HOST 7000 M-chroot-$way $COUNT "${level[@]}"
	one world-$way "${as[@]}" "$T/world" "$T/world.so" udp $HOST 7000 M-world-$way $COUNT "${level[@]}"
	one no-environment-$way "$T/confine" --user $who "$T/dynamic" udp $HOST 7000 M-no-environment-$way $COUNT "${level[@]}"
	[ "$TSCF_INNER" = 6 ] || one uring-$way "${as[@]}" "$T/uring" udp $HOST 7000 M-uring-$way $COUNT "${level[@]}"
done
one control setpriv --reuid $OTHER "$T/static" udp $HOST 7000 M-control $COUNT
stop_client
stop_capture

for marker in "${MARKERS[@]}"; do
	name=${marker#M-}
	case " $skipped " in *" $name "*) continue ;; esac
	out=$(cat "$T/$name.out")
	case $name in
	control) is "without either it is in clear: packets" "$(in_clear "M-control ")" -ge $COUNT ;;
	*-option) check "$name: encrypted ($out)" [ "$out/$(in_clear "$marker ")" = "level=2 back=$COUNT error=none/0" ] ;;
	*) check "$name: encrypted ($out)" [ "${out#level=* }/$(in_clear "$marker ")" = "back=$COUNT error=none/0" ] ;;
	esac
done
[ -z "$skipped" ] || note "not possible here:$skipped"
