/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socket-cost.c - what sockets and packets cost a program.
 *
 *   socket-cost sockets COUNT              socket(), bind(), close() of UDP sockets
 *   socket-cost packets ADDR:PORT COUNT    datagrams of 172 bytes to an echo server and back, 32 of them under way
 *
 * Prints {"count": N, "lost": N, "cpu_ns": N, "wall_ns": N}: the two times are for each.
 */
#include "tests/net/tool.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PACKET      172
#define UNDER_WAY   32
#define PATIENCE_MS 100

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void make_sockets(unsigned long count)
{
	struct sockaddr_in any = {.sin_family = AF_INET};

	for (unsigned long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
			tool_die("no socket: %m");
		close(fd);
	}
}

/* Take what has come back; wait for it while as many as may be are under way. */
static unsigned long take(int fd, unsigned long under_way, unsigned long *lost)
{
	char buffer[PACKET];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (under_way > 0) {
		if (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0) {
			under_way--;
		} else if (under_way < UNDER_WAY) {
			break;
		} else if (poll(&p, 1, PATIENCE_MS) == 0) {
			*lost += under_way;
			under_way = 0;
		}
	}
	return under_way;
}

static unsigned long send_packets(const char *to, unsigned long count)
{
	static const char packet[PACKET];
	union tool_address far = tool_address(to);
	unsigned long under_way = 0, lost = 0;
	int fd = socket(far.sa.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, &far.sa, tool_address_size(&far)) < 0)
		tool_die("no socket: %m");
	for (unsigned long i = 0; i < count; i++) {
		if (send(fd, packet, sizeof(packet), 0) < 0)
			tool_die("cannot send: %m");
		under_way = take(fd, under_way + 1, &lost);
	}
	close(fd);
	return lost;
}

int main(int argc, char **argv)
{
	bool packets = argc == 4 && strcmp(argv[1], "packets") == 0;

	if (!packets && (argc != 3 || strcmp(argv[1], "sockets") != 0))
		tool_die("usage: socket-cost sockets COUNT | packets ADDR:PORT COUNT");
	unsigned long count = tool_number(argv[argc - 1], 100000000), lost = 0;
	uint64_t cpu = cpu_ns(), wall = tool_monotonic_ns();

	if (count == 0)
		tool_die("COUNT must be at least 1");
	if (packets)
		lost = send_packets(argv[2], count);
	else
		make_sockets(count);
	cpu = cpu_ns() - cpu;
	wall = tool_monotonic_ns() - wall;
	printf("{\"count\": %lu, \"lost\": %lu, \"cpu_ns\": %.1f, \"wall_ns\": %.1f}\n", count, lost,
	       (double)cpu / (double)count, (double)wall / (double)count);
	return 0;
}
