/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asks - sockets that ask for redundancy and datagrams by the system call itself, for tests of programs that no library
 * reaches.
 *
 *     asks ADDR PORT COUNT [METHOD]
 *
 * Makes COUNT UDP sockets, each of which asks for both before it is bound to ADDR, the first at PORT and each other at
 * the port after that.  METHOD is that of redundancy: 0, or 1, balance, which is shown as 254.  Output: the errors of
 * what cannot be asked for, and then, whenever that changes, what the first socket asks for and how many have
 * redundancy.  Runs until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REDUNDANCY 0x7456 /* SO_TSC_REDUNDANCY */
#define TRANSPORT  0x7457 /* SO_TSC_TUNNEL_TRANSPORT */
#define MAX        200

struct redundancy {
	int factor, method;
};

static int set(int fd, int option, const void *value, size_t length)
{
	return syscall(SYS_setsockopt, fd, SOL_SOCKET, option, value, length) == 0 ? 0 : errno;
}

static int get(int fd, int option, void *value, socklen_t length)
{
	return syscall(SYS_getsockopt, fd, SOL_SOCKET, option, value, &length) == 0 ? 0 : errno;
}

static int set_redundancy(int fd, int factor, int method)
{
	struct redundancy wanted = {factor, method};

	return set(fd, REDUNDANCY, &wanted, sizeof(wanted));
}

static int redundancy_of(int fd)
{
	struct redundancy has = {-1, -1};
	int error = get(fd, REDUNDANCY, &has, sizeof(has));

	if (error != 0)
		return -error;
	if (has.method == 1)
		return has.factor == 255 ? 254 : -1;
	return has.method == 0 ? has.factor : -1;
}

static int datagram_of(int fd)
{
	int has = -1, error = get(fd, TRANSPORT, &has, sizeof(has));

	return error != 0 ? -error : has;
}

static void show_errors(int fd)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_DGRAM, 0), value = 3, one = 1;
	struct redundancy has;

	printf("factor=%s method=%s length=%s preference=%s tcp=%s local=%s room=%s\n",
	       strerrorname_np(set_redundancy(fd, 5, 0)), strerrorname_np(set_redundancy(fd, 1, 3)),
	       strerrorname_np(set(fd, REDUNDANCY, &value, sizeof(value))),
	       strerrorname_np(set(fd, TRANSPORT, &value, sizeof(value))),
	       strerrorname_np(set(tcp, TRANSPORT, &one, sizeof(one))), strerrorname_np(set_redundancy(local, 1, 0)),
	       strerrorname_np(get(fd, REDUNDANCY, &has, 4)));
	close(tcp);
	close(local);
}

static int ask(const char *address, unsigned short port, int method)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), preferred = 1, error;

	inet_pton(AF_INET, address, &at.sin_addr);
	error = set_redundancy(fd, 255, method);
	if (error == 0)
		error = set(fd, TRANSPORT, &preferred, sizeof(preferred));
	if (error != 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		fprintf(stderr, "port %u: %s\n", port, strerror(error ? error : errno));
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int fds[MAX], count = argc > 3 ? atoi(argv[3]) : 0, before = -1, first = -1, prefers = -1;
	int method = argc > 4 ? atoi(argv[4]) : 0;

	if (count < 1 || count > MAX)
		return 2;
	setlinebuf(stdout);
	for (int i = 0; i < count; i++)
		fds[i] = ask(argv[1], (unsigned short)(atoi(argv[2]) + i), method);
	show_errors(fds[0]);
	for (;; usleep(10000)) {
		int redundancy = redundancy_of(fds[0]), datagram = datagram_of(fds[0]), have = 0;

		for (int i = 0; i < count; i++)
			have += redundancy_of(fds[i]) > 0;
		if (have == before && redundancy == first && datagram == prefers)
			continue;
		before = have, first = redundancy, prefers = datagram;
		printf("redundancy=%d datagram=%d have=%d\n", redundancy, datagram, have);
	}
}
