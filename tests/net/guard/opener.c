/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * opener - opens sockets one after the other, sends with each, and closes it, until SIGTERM.
 *
 *     opener ADDR PORT SYN_PORT MARKER
 *
 * In turn a datagram to ADDR:PORT, to be sent back, and the begin of a TCP connection to ADDR:SYN_PORT.  IPv4.  Output:
 * lines of JSON: how many sockets there were, of those without the mark of encrypted-only right after socket(), refused
 * datagrams, and what came back.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEVEL(mark) ((mark) >> 24 & 3U)
#define ONLY        2U
#define REPORT      50 /* sockets */
#define PAUSE_US    5000

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	unsigned long sockets = 0, unmarked = 0, refused = 0, back = 0;

	if (argc < 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	signal(SIGTERM, on_signal);
	for (; !stopped; sockets++) {
		int stream = sockets & 1, fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
		unsigned mark = 0;
		socklen_t length = sizeof(mark);
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		if (fd < 0)
			return perror("socket"), 1;
		unmarked += getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &length) < 0 || LEVEL(mark) != ONLY;
		to.sin_port = htons((unsigned short)atoi(argv[stream ? 3 : 2]));
		if (stream)
			connect(fd, (struct sockaddr *)&to, sizeof(to));
		else if (sendto(fd, argv[4], strlen(argv[4]), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			refused++;
		else if (poll(&wait, 1, 20) > 0)
			back++;
		close(fd);
		if (sockets % REPORT == 0) {
			printf("{\"sockets\": %lu, \"unmarked\": %lu, \"refused\": %lu, \"back\": %lu}\n", sockets,
			       unmarked, refused, back);
			fflush(stdout);
		}
		usleep(PAUSE_US);
	}
	printf("{\"sockets\": %lu, \"unmarked\": %lu, \"refused\": %lu, \"back\": %lu}\n", sockets, unmarked, refused,
	       back);
	return 0;
}
