#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-run.sh - tscf-run --cgroup.  Static programs, also of ordinary users, and all programs that they start have the
# level from their first socket on, even without an environment.  Policies have priority over it.  It outlives the
# client.  The cgroups are removed when no process is in them any more.  No user can ask for another one's process.
. "$(dirname "$0")/lib.sh"

# A cgroup as a login session has it; only root can make one right below the root.
make_cgroup || skip "no cgroups can be made"
top=$CGROUP

topology
start_capture
echo_server
start_server
gcc -static -o "$T/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
cp "$T/born" "$T/other"
chmod 755 "$T" "$T/born"
CLIENT_CONF=("policy other { program = $T/other level = unencrypted }")
start_guarded_client
run_there() {
	bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec ip netns exec "$@"' - "$top" "$PHONE" "${AS[@]}" "$TSCF_BINDIR/tscf-run" --cgroup \
		--control "$CLIENT_CONTROL" "$@"
}
run() { run_there "$@" | sed 's/ $//'; }
born() { run --level "$1" -- "$T/born" $HOST "${@:2}"; }

AS=()
is "a static program" "$(born encrypted-only M-only v k s5)" = "value=2 2 2 2 2 2 2 2 2 back=5/0"
AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
is "of a user" "$(born encrypted-only M-user v s3)" = "value=2 back=3/0"
AS=()
is "what it starts, without an environment" "$(run --level encrypted-only -- /usr/bin/env -i /bin/sh -c "$T/born $HOST M-child v s3")" = "value=2 back=3/0"
is "another level" "$(born unencrypted M-plain v s2)" = "value=1 back=2/0"
is "one within another" "$(run --level unencrypted -- "$TSCF_BINDIR/tscf-run" --cgroup --control "$CLIENT_CONTROL" --level encrypted-only -- "$T/born" $HOST M-inner v)" = "value=2"
is "a policy comes first" "$(run --level encrypted-only -- "$T/other" $HOST M-policy v)" = "value=9"
is "a program beside them" "$(in_phone "$T/born" $HOST M-beside v | sed 's/ $//')" = "value=0"

# --- a connection that outlives its process, whose number another user's process has then ---
is "another user's process gets no level" "$(bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$top" \
	python3 "$(dirname "$0")/guard/handed.py" "$CLIENT_CONTROL")" = "1 same"

# --- deeper than the guard looks, which is 15 levels below the root ---
within=$top
deep=$top$(printf '/d%.0s' {1..13})
mkdir -p "$deep/d"
top=$deep
is "15 levels below the root" "$(born encrypted-only M-only v)" = "value=2"
top=$deep/d
born encrypted-only M-only v 2>"$T/refused"
is "one more is refused" "$(grep -c 'cgroups are nested too deeply' "$T/refused")" -eq 1
# In a namespace of ip-netns(8) cgroup v2 is not mounted, so the client makes the cgroups.  Here tscf-run makes its own.
bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$top" \
	"$TSCF_BINDIR/tscf-run" --cgroup --control "$CLIENT_CONTROL" --level encrypted-only -- /bin/true 2>"$T/refused"
is "also one that it makes itself" "$(grep -c 'cgroups are nested too deeply' "$T/refused")" -eq 1
is "of which nothing is left" "$(find "$top" -type d -name 'tscf-run-*' | wc -l)" -eq 0
top=$within

# --- a registration that the guard does not see: that of another network namespace ---
bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$top" \
	"$TSCF_BINDIR/tscf-run" --cgroup --control "$CLIENT_CONTROL" --level encrypted-only -- /bin/echo ran >"$T/refused" 2>&1
is "one that the guard does not see is refused" "$?/$(grep -c 'does not see this cgroup' "$T/refused")" = 1/1
is "and does not run" "$(grep -cx ran "$T/refused")" -eq 0

# --- without a client ---
run_there --level encrypted-only -- "$T/born" $HOST M-stopped v w"$T/go" k s3 >"$T/stopped.out" &
stopped=$!
must 5 '[ -s "$T/stopped.out" ]'
is "cgroups in which nothing runs are gone" "$(find "$top" -type d -name 'tscf-run-*' | wc -l)" -eq 1
stop_client
: >"$T/go"
wait $stopped
is "the client has stopped" "$(sed -E 's/0\/(1|13) $/0\/no/' "$T/stopped.out")" = "value=2 2 2 2 2 2 2 2 2 back=0/no"
run_there -- /bin/true 2>"$T/refused"
is "and nobody to ask" "$?/$(grep -c 'no tunnel client' "$T/refused")" = 1/1
CLIENT_CONF=("guard = off")
in_phone "$TSCF_SBINDIR/tscf-client" flush --config /dev/null --control "$CLIENT_CONTROL"
start_client
run_there -- /bin/true 2>"$T/refused"
is "no guard" "$?/$(grep -c 'it has no guard' "$T/refused")" = 1/1
stop_client

# --- a client in a container, whose root of cgroup v2 lies 20 levels below the host's ---
nested=$within$(printf '/n%.0s' {1..19})
mkdir -p "$nested/app/below" "$nested/other$(printf '/e%.0s' {1..11})"
# In a namespace of ip-netns(8) there is no path to it.
exec {procs}>"$nested/cgroup.procs"
CLIENT_AS=(bash -c 'echo $$ >&"$0" && exec unshare --cgroup "$@"' "$procs")
CLIENT_CONF=("policy app { cgroup = /app level = encrypted-only }" "policy udp { protocol = udp level = unencrypted }")
start_client
is "in a container there is a guard" "$(client_status .guard.state)" = on
within_cgroup() {
	bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec ip netns exec "$@"' - "$@" | sed 's/ $//'
}
is "a policy by cgroup, by its name from the container's root" "$(within_cgroup "$nested/app/below" "$PHONE" "$T/born" $HOST M-app k v s3)" = \
	"10 10 10 10 10 10 10 10 value=10 back=3/0"
is "in another cgroup" "$(within_cgroup "$nested/other" "$PHONE" "$T/born" $HOST M-plain k)" = "121 121 0 0 0 0 0 0"
top=$nested/other
is "and a program of tscf-run" "$(born encrypted-only M-nested k)" = "121 121 2 2 2 2 2 2"
top=$nested/other$(printf '/e%.0s' {1..11})
born encrypted-only M-nested k >"$T/refused" 2>&1
is "where the guard sees no cgroup, a policy's mark is no sign of one" "$(grep -c 'does not see this cgroup' "$T/refused")/$(grep -c ' 2 2' "$T/refused")" = 1/0
stop_client
stop_capture
for marker in M-app M-only M-user M-child M-stopped; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done
is "in clear: of others" "$(in_clear M-plain)" -eq 4
