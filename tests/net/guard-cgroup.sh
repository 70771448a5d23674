#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-cgroup.sh - policies that name cgroups by a pattern.  They apply to everything in a matching cgroup and below
# it, static programs included, from the first socket on.  They apply in cgroups that are made while the client runs.
# Sockets in a cgroup that the client has not seen yet are encrypted-only until it has.  A reload changes the patterns.
. "$(dirname "$0")/lib.sh"

make_cgroup && mkdir -p "$CGROUP/app-1.scope/child" "$CGROUP/app-2" || skip "no cgroups can be made"

topology
start_capture
echo_server
start_server
gcc -static -o "$T/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
CLIENT_CONF=("policy apps { cgroup = \"/tscf-test-*/app-*.scope\" level = encrypted-only }")
start_guarded_client
# Run in a cgroup, which is made if it does not exist.
run_within() {
	bash -c 'mkdir -p "$1" && echo $$ >"$1/cgroup.procs" && shift && exec ip netns exec "$@"' - "$CGROUP/$1" "$PHONE" "$T/born" $HOST "${@:2}"
}
within() { run_within "$@" | sed 's/ $//'; }

is "in one that matches" "$(within app-1.scope M-in v s5)" = "value=10 back=5/0"
is "below it" "$(within app-1.scope/child M-child v k)" = "value=10 10 10 10 10 10 10 10 10"
is "in one that does not match" "$(within app-2 M-out v s2)" = "value=0 back=2/0"
is "above" "$(within . M-above v)" = "value=0"
for i in 1 2 3 4 5; do
	is "new, and it matches" "$(within app-new$i.scope M-new v s1)" = "value=10 back=1/0"
done
is "new, and it does not" "$(within other/app-3.scope M-other b0 l0 s2)" = "bound=0 value=0 back=2/0"

# --- a cgroup that the client has not seen ---
kill -STOP "$CLIENT_PID"
run_within unseen M-unseen v w"$T/go" b0 l0 s2 >"$T/unseen.out" &
unseen=$!
must 5 '[ -s "$T/unseen.out" ]'
is "of one that it has not seen" "$(<"$T/unseen.out")" = "value=10 "
kill -CONT "$CLIENT_PID"
: >"$T/go"
wait $unseen
is "and when it has" "$(sed 's/ $//' "$T/unseen.out")" = "value=10 bound=0 value=0 back=2/0"

# --- a socket that sends and is never bound ---
kill -STOP "$CLIENT_PID"
rm "$T/go"
run_within unseen2 M-unseen v w"$T/go" s1 l0 s2 >"$T/unseen.out" &
unseen=$!
must 5 '[ -s "$T/unseen.out" ]'
kill -CONT "$CLIENT_PID"
: >"$T/go"
wait $unseen
is "the same by what it sends" "$(sed 's/.*value=0/value=0/; s/ $//' "$T/unseen.out")" = "value=0 back=2/0"

# --- a cgroup with a long name, which the client judges ---
long=$(printf 'x%.0s' {1..240})
mkdir "$CGROUP/app-$long" "$CGROUP/app-$long.scope"
rm "$T/go"
run_within "app-$long.scope" M-long v w"$T/go" v s3 >"$T/long.out" &
unseen=$!
must 5 '[ -s "$T/long.out" ]'
client reload || die "no reload"
: >"$T/go"
wait $unseen
is "of a long name" "$(sed 's/ $//' "$T/long.out")" = "value=10 value=10 back=3/0"
is "of a long name, and it does not match" "$(within "app-$long" M-other v s1)" = "value=0 back=1/0"

# --- other patterns ---
sed -i 's/app-\*.scope/app-2/' "$T/client.conf"
client reload || die "no reload"
is "another pattern" "$(within app-1.scope M-later v)/$(within app-2 M-later v)" = "value=0/value=10"

# --- without a client ---
kill_client
is "no client, a cgroup that is known" "$(within app-1.scope M-known v)/$(within app-2 M-killed v s2)" = "value=0/value=10 back=0/13"
is "and one that is not" "$(within app-later M-killed v s2)" = "value=10 back=0/13"
stop_capture
for marker in M-in M-child M-new M-long M-killed; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done
is "in clear: of others" "$(in_clear M-out)" -eq 4
