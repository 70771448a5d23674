#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-option.sh - programs that no library reaches, static ones.  The guard handles the socket option for them, for a
# new socket and in the middle of a flow, up and down, with the errors of tsc(3).  A mark that a program sets does not
# remove the level.  A port that a policy names is known to the server when it is bound.
. "$(dirname "$0")/lib.sh"

topology
watch_stalls
start_capture
echo_server
start_server
CLIENT_CONF=("policy voice { protocol = udp local-port = 5070 level = encrypted-only }")
start_guarded_client

cat >"$T/option.c" <<'END'
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#define OPTION 0x7453
static int level(int fd)
{
	int value = -1;
	socklen_t length = sizeof value;
	return getsockopt(fd, SOL_SOCKET, OPTION, &value, &length) == 0 ? value : -errno;
}
static int give(int fd, int value, socklen_t length) { return setsockopt(fd, SOL_SOCKET, OPTION, &value, length) == 0 ? 0 : errno; }
/* Commands: a number sets that level; sN sends N packets with the text; r tells how many came back; mN sets mark N; l waits until level N. */
int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)}, from = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[3]))};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), local = socket(AF_UNIX, SOCK_DGRAM, 0), mark;
	struct timeval wait = {2, 0};
	char buffer[2000];
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) return 1;
	for (int i = 4; i < argc; i++) {
		int n = atoi(argv[i] + 1), back = 0;
		switch (argv[i][0]) {
		case 's':
			for (int k = 0; k < n; k++) {
				if (sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr *)&to, sizeof to) < 0) printf("send: %s ", strerror(errno));
				back += recv(fd, buffer, sizeof buffer, 0) > 0;
			}
			printf("back=%d ", back);
			break;
		case 'm':
			mark = n;
			setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
			break;
		case 'l':
			for (int k = 0; k < 500 && level(fd) != n; k++) usleep(10000);
			printf("level=%d ", level(fd));
			break;
		case 'e':
			printf("errors=%d,%d,%d ", give(fd, 4, 4), give(fd, 2, 2), give(local, 2, 4));
			break;
		default: printf("set=%d ", give(fd, atoi(argv[i]), 4));
		}
	}
	puts("");
	return 0;
}
END
gcc -static -o "$T/option" "$T/option.c" || die "a static program cannot be built"
option() { in_phone "$T/option" $HOST "$@" | sed 's/ $//'; }

is "a new socket" "$(option "M-new" 5001 2 s5 l2)" = "set=0 back=5 level=2"
is "in the middle of a flow" "$(option "M-flow" 5002 s3 2 s5 l2)" = "back=3 set=0 back=5 level=2"
is "in clear of that: the first packets alone" "$(in_clear M-flow)" -eq 6
is "up and down again" "$(option "M-down" 5003 2 s3 1 l1 s3)" = "set=0 back=3 set=0 level=1 back=3"
is "in clear of that: the last packets alone" "$(in_clear M-down)" -eq 6
is "errors" "$(option "M-error" 5004 e)" = "errors=22,22,92"
is "a mark of its own" "$(option "M-mark" 5005 2 m1 s3 m0 s3 l2)" = "set=0 back=3 back=3 level=2"
is "other options are the kernel's, long ones too" "$(in_phone python3 -c '
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x1234)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, b"\1" + bytes(5000))
print(hex(s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)), s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))')" = "0x1234 1"

# --- a program that waits on a port that a policy names ---
background caller "$SERVICE" "$TSCF_TOOLS/flow" --bind "$HOST:7200" --to "$PHONE_INNER:5070" --rate 100 --marker "M-call " --report 50
grows caller .sent 20
program listener stranger "$TSCF_TOOLS/flow" --bind $ANY:5070 --report 20
bound=$(now)
must 10 '[ "$(last listener ".foreign // 0")" -gt 20 ]' "it hears encrypted what is sent to it"
stop_client
stop_capture
for marker in M-new M-mark; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done
last_clear=$(elapsed "$bound" "$(wire last udp 5070)")
is "the last clear packet for it, milliseconds after it was bound" "$last_clear" -lt $((400 + $(stood_still "$bound")))
