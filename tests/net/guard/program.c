/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program - one socket that sends packets and hears whether they come back, for tests of programs that no library
 * reaches.
 *
 *     program udp|tcp|mptcp ADDR PORT MARKER COUNT [--level N] [--wait FIFO]
 *
 * --level asks for that level by the socket option, by the system call itself.  --wait reads a line before anything is
 * asked or sent, with the socket already there.  Output: the level that the option tells, packets that came back, and
 * the first error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPTION 0x7453 /* SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const char *failed = "none";

static void note(const char *call)
{
	static char text[200];

	if (strcmp(failed, "none") != 0)
		return;
	snprintf(text, sizeof(text), "%s:%s", call, strerrorname_np(errno));
	failed = text;
}

static int level_of(int fd)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return syscall(SYS_getsockopt, fd, SOL_SOCKET, OPTION, &value, &length) == 0 ? value : -errno;
}

static int packets(int fd, const char *marker, int count)
{
	char text[200], buffer[2000];
	int back = 0;

	for (int i = 0; i < count; i++) {
		int length = snprintf(text, sizeof(text), "%s %d ", marker, i);

		if (syscall(SYS_sendto, fd, text, length, 0, NULL, 0) != length)
			note("send");
		else if (syscall(SYS_recvfrom, fd, buffer, sizeof(buffer), 0, NULL, NULL) > 0)
			back++;
		else
			note("receive");
	}
	return back;
}

static socklen_t address(const char *text, const char *port, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)atoi(port));
	return sizeof(*six);
}

int main(int argc, char **argv)
{
	struct timeval patience = {3, 0};
	struct sockaddr_storage to;
	const char *wait = NULL;
	int level = -1, fd, back = 0;
	socklen_t length = argc < 6 ? 0 : address(argv[2], argv[3], &to);

	for (int i = 6; i < argc; i++) {
		if (strcmp(argv[i], "--level") == 0 && i + 1 < argc)
			level = atoi(argv[++i]);
		else if (strcmp(argv[i], "--wait") == 0 && i + 1 < argc)
			wait = argv[++i];
	}
	if (length == 0)
		return 2;
	fd = (int)syscall(SYS_socket, to.ss_family, strcmp(argv[1], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM,
			  strcmp(argv[1], "mptcp") == 0 ? IPPROTO_MPTCP : 0);
	if (fd < 0)
		note("socket");
	if (wait && close(open(wait, O_RDONLY)) < 0)
		note("wait");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (level >= 0 && syscall(SYS_setsockopt, fd, SOL_SOCKET, OPTION, &level, sizeof(level)) < 0)
		note("setsockopt");
	else if (syscall(SYS_connect, fd, &to, length) < 0)
		note("connect");
	else
		back = packets(fd, argv[4], atoi(argv[5]));
	printf("level=%d back=%d error=%s\n", level_of(fd), back, failed);
	fflush(stdout); /* at exit the first world's C library flushes its own alone */
	return 0;
}
