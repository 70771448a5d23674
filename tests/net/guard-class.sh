#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-class.sh - policies for programs that no library reaches, static ones.  A socket has its level when it is made,
# bound, connected, given a DSCP, or a port by the kernel, by the file that its program runs from, also if that path has another file by now,
# or if the program sees it elsewhere, and by its owner, port and remote.  One that is not connected has the level of a remote when it sends there.  The client
# removes a level that no policy gives any more.  Sockets that are older than the guard get their level when the guard
# begins.  Without a client, new sockets have their level as well and send nothing in clear.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
udp_echo $HOST2 7000
start_server
chmod 711 "$T"
gcc -static -o "$T/born" "$(dirname "$0")/guard/born.c" || die "a static program cannot be built"
# Not in $T itself: the client keeps its state in $T/phone.
bin=$T/bin
mkdir -p "$bin/other"
for name in phone media ports old other/phone; do cp "$T/born" "$bin/$name"; done
# A value is 8 times the number of the policy, plus the level.
CLIENT_CONF=("policy ports { program = $bin/ports local-port = 5070-5079 level = encrypted-only }"
	"policy phone { program = $bin/phone level = encrypted-only }"
	"policy media { program = $bin/media dscp = EF level = encrypted-only }"
	"policy old { program = $bin/old uid = 1-60000 level = unencrypted }"
	"policy older { program = $bin/old level = encrypted-only }"
	"policy exempt { uid = 4243 remote = $HOST2 level = unencrypted }"
	"policy peer { remote = $HOST2 remote-port = 7000 level = encrypted-only }"
	"policy user { uid = 4242-4243 level = encrypted-only }"
	"policy port { protocol = udp local-port = 5090 level = encrypted-only }")
in_phone "$bin/old" $HOST M-old b5001 l42 w"$T/go" s5 >"$T/old.out" &
old=$!
# The client starts when the socket exists: only then is the socket older than the guard.
must 5 '[ -s "$T/old.out" ]' "the old socket is bound"
start_guarded_client
born() { in_phone "${AS[@]}" "$bin/$1" $HOST "${@:2}" | sed 's/ $//'; }
as() { AS=(setpriv --reuid "$1" --clear-groups); }
AS=()

must 10 encrypted_up
: >"$T/go"
wait $old
is "of one that is older than the guard" "$(sed 's/ $//' "$T/old.out")" = "bound=0 value=42 back=5/0"
is "how many are older" "$(client_status .guard.older)" -ge 1
is "and that is said" "$(client status | grep -c '^guard: on.* sockets are older')" -eq 1
is "new sockets of all kinds" "$(born phone M-kinds k)" = "18 18 18 18 18 18 18 18"
is "the first packet and all others" "$(born phone M-phone s5 v)" = "back=5/0 value=18"
is "a program of that name elsewhere" "$(born other/phone M-elsewhere s2 v k)" = "back=2/0 value=0 0 0 0 0 0 0 0 0"
cp "$T/born" "$bin/phone.new" && mv "$bin/phone.new" "$bin/phone"
is "another file in its place" "$(born phone M-upgraded v s5)" = "value=18 back=5/0"
is "by the port that it binds" "$(born ports M-ports v b5075 v s5)" = "value=0 bound=0 value=10 back=5/0"
is "and another port" "$(born ports M-outside b5080 v s2)" = "bound=0 value=0 back=2/0"
is "by its DSCP, and no longer" "$(born media M-media v t46 v s5 t0 l0)" = "value=0 value=26 back=5/0 value=0"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="5070 5079"
is "by a port that the kernel has chosen" "$(born ports M-chosen b0 l10 s5)" = "bound=0 value=10 back=5/0"
# Nobody knows that port before the packet: this one is refused.
is "when it sends" "$(born ports M-sending s1 l10 s5)" = "back=0/1 value=10 back=5/0"
is "when it connects" "$(born ports M-connecting c s1 l10 s5)" = "connected=0 back=0/1 value=10 back=5/0"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="32768 60999"

# --- policies that the rules apply to each packet: their sockets have the highest number, 15 ---
as 4242
is "by its owner, new sockets of all kinds but raw ones" "$(born other/phone M-user v k s3)" = "value=122 122 122 122 122 -1 -1 122 122 back=3/0"
as 4243
is "while another remote may be exempt" "$(born other/phone M-connected v c v s2)" = "value=0 connected=0 value=122 back=2/0"
is "connected to that remote" "$(born other/phone M-exempt a$HOST2 v c v s2)" = "value=0 connected=0 value=121 back=2/0"
AS=()
is "by the remote that it connects to" "$(born other/phone M-peer v a$HOST2 c v s3 a$HOST c l0)" = "value=0 connected=0 value=122 back=3/0 connected=0 value=0"
is "by the remote that it sends to" "$(born other/phone M-sends s1 v a$HOST2 s1 v a$HOST s2 v)" = "back=1/0 value=0 back=1/0 value=122 back=2/0 value=122"
is "by its port, whoever owns it" "$(born other/phone M-port v b5090 v s3)" = "value=0 bound=0 value=122 back=3/0"

# --- in another mount namespace the file has another name; the client looks at all sockets when it reads its policies ---
mkdir "$T/mounted"
in_phone unshare --mount bash -c 'mount --bind "$1" "$2" && exec "$2/phone" "${@:3}"' - "$bin" "$T/mounted" \
	$HOST M-mounted v w"$T/read" s3 v s3 >"$T/mounted.out" &
mounted=$!
must 5 '[ -s "$T/mounted.out" ]'
client reload || die "no reload"
: >"$T/read"
wait $mounted
is "in another mount namespace" "$(sed 's/ $//' "$T/mounted.out")" = "value=18 back=3/0 value=18 back=3/0"

# --- other policies ---
in_phone "$bin/phone" $HOST M-reload v w"$T/reloaded" l0 >"$T/reload.out" &
reload=$!
as 4242
in_phone "${AS[@]}" "$bin/other/phone" $HOST M-reload v w"$T/reloaded" l0 >"$T/owned.out" &
owned=$!
AS=()
in_phone "$bin/other/phone" $HOST2 M-reload s1 v w"$T/reloaded" l122 s1 >"$T/sent.out" &
sent=$!
must 5 '[ -s "$T/reload.out" ] && [ -s "$T/owned.out" ] && grep -q value "$T/sent.out"'
sed -i '/^policy user /d' "$T/client.conf"
sed -i "s/^policy phone .*/policy phone { program = $(sed 's/[\/&]/\\&/g' <<<"$bin/media") level = unencrypted }/" "$T/client.conf"
client reload || die "no reload"
: >"$T/reloaded"
wait $reload $owned $sent
is "of an owner without a policy" "$(sed 's/ $//' "$T/owned.out")" = "value=122 value=0"
is "of one that has sent to a remote" "$(sed 's/ $//' "$T/sent.out")" = "back=1/0 value=122 value=122 back=1/0"
is "a socket that lives, and policies that change" "$(sed 's/ $//' "$T/reload.out")" = "value=18 value=0"
is "and new ones" "$(born media M-later v)/$(born phone M-later v)" = "value=17/value=0"

# --- and sockets that have no port yet, and get one from the kernel when they send ---
in_phone sysctl -q -w net.ipv4.ip_local_port_range="5070 5079"
in_phone "$bin/ports" $HOST M-unbound v w"$T/newer" s1 l10 s2 >"$T/unbound.out" &
unbound=$!
in_phone "$bin/other/phone" $HOST M-others v w"$T/newer" s1 w"$T/looked" v s2 >"$T/others.out" &
others=$!
must 5 '[ -s "$T/unbound.out" ] && [ -s "$T/others.out" ]'
sed -i '/^policy port /d; /^policy peer /d' "$T/client.conf"
client reload || die "no reload"
: >"$T/newer"
wait $unbound
is "a port that the kernel chooses, and policies that are newer" "$(sed 's/ $//' "$T/unbound.out")" = "value=0 back=0/1 value=10 back=2/0"
must 5 'grep -q "no policy gives the socket another level" "$T/client.log"' "the client looks at that of another program"
: >"$T/looked"
wait $others
is "which may send then" "$(sed 's/ $//' "$T/others.out")" = "value=0 back=0/1 value=0 back=2/0"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="32768 60999"

# --- without a client, which nobody takes for a reason to remove the guard, not even who does not see the name of the namespace ---
kill_client
unshare --mount --net sh -c 'umount -l /run/netns && exec "$0" flush --config /dev/null --control "$1"' "$TSCF_SBINDIR/tscf-client" "$T/flush.sock" ||
	die "another client cannot flush"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="5070 5079"
is "no client: a TCP connection is refused at once" "$(born ports M-refused x)/$(born old M-refused x)" = "tcp=13/tcp=13"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="32768 60999"
in_phone ip rule flush
in_phone ip rule add priority 32766 lookup main
is "the level of a new socket, and what it sends" "$(born old M-killed v s3)" = "value=42 back=0/1"
in_phone sysctl -q -w net.ipv4.ip_local_port_range="5070 5079"
is "and of one whose port the kernel has chosen" "$(born ports M-unheard b0 v s3)" = "bound=0 value=0 back=0/1"
stop_capture
for marker in M-old M-phone M-mounted M-upgraded M-ports M-media M-chosen M-sending M-connecting M-unbound M-killed M-unheard M-user M-connected M-peer M-port; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done
is "in clear: of others" "$(in_clear M-elsewhere)" -eq 4
