/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * move-flow - how long a socket takes to change tunnels, and what is lost meanwhile.
 *
 *     move-flow ADDR:PORT [--rate PER_SECOND] [--moves N] [--interval MS] [--devices PLAIN,ENCRYPTED]
 *               [--encrypted]
 *
 * Sends to an echo server at that pace, and sets its socket's level to encrypted-only and back, N times, as a program
 * does that runs with the library.  With --devices it watches these two (packet sockets, so it needs privileges) and
 * reports the time from just before the call that sets the level to the first packet on the other device: "up" as it
 * leaves, "down" as it comes.  Without, nothing is watched, and higher rates are possible.  With --encrypted the socket
 * is so from the beginning on.
 *
 * Output is a line of JSON; times are milliseconds.
 */
#include "tests/bench/histogram.h"

#include "tests/net/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD  172
#define BATCH    64
#define BUFFER   (8 * 1024 * 1024)
#define TICK_NS  200000U
#define DRAIN_NS 1000000000U

enum { UNENCRYPTED = 1, ENCRYPTED_ONLY = 2 };
enum { PLAIN, ENCRYPTED, DEVICES };
enum { UP, DOWN, DIRECTIONS };

struct move {
	struct sockaddr_in to;
	double rate;
	unsigned moves, interval_ms;
	bool encrypted;
	char device[DEVICES][IF_NAMESIZE];
	int fd;
	uint16_t port;
	atomic_bool stop;
	uint64_t sent, back;
	struct histogram call;
	/* The next move, for the watchers: when it was asked for, and whether the first packet has been seen. */
	atomic_ullong asked[DEVICES];
	atomic_bool seen[DEVICES][DIRECTIONS];
	struct histogram took[DEVICES][DIRECTIONS];
};

struct watcher {
	struct move *move;
	int device;
	pthread_t thread;
};

static uint64_t wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t at)
{
	struct timespec t = {.tv_sec = (time_t)(at / 1000000000U), .tv_nsec = (long)(at % 1000000000U)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* --- traffic --- */

static void open_socket(struct move *m)
{
	struct sockaddr_in local;
	socklen_t length = sizeof(local);
	int size = BUFFER;

	m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (m->fd < 0 || connect(m->fd, (const struct sockaddr *)&m->to, sizeof(m->to)) < 0 ||
	    getsockname(m->fd, (struct sockaddr *)&local, &length) < 0)
		tool_die("socket: %s", strerror(errno));
	if (setsockopt(m->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	m->port = ntohs(local.sin_port);
}

static void *send_all(void *argument)
{
	struct move *m = argument;
	uint8_t payload[PAYLOAD] = {0x80};
	struct iovec iov = {.iov_base = payload, .iov_len = sizeof(payload)};
	struct mmsghdr message[BATCH];
	uint64_t start = tool_monotonic_ns(), now = start, due;
	int done;

	for (unsigned i = 0; i < BATCH; i++)
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	while (!atomic_load(&m->stop)) {
		due = (uint64_t)((double)(now - start) / 1e9 * m->rate) + 1 - m->sent;
		for (; due > 0; due -= (unsigned)done) {
			done = sendmmsg(m->fd, message, due < BATCH ? (unsigned)due : BATCH, 0);
			/* A refusal is a loss: that packet does not come again. */
			done = done > 0 ? done : 1;
			m->sent += (unsigned)done;
		}
		sleep_until(now + TICK_NS);
		now = tool_monotonic_ns();
	}
	return NULL;
}

static void *receive_all(void *argument)
{
	static uint8_t data[BATCH][PAYLOAD];
	static struct iovec iov[BATCH];
	static struct mmsghdr message[BATCH];
	struct move *m = argument;
	struct pollfd wait = {.fd = m->fd, .events = POLLIN};
	uint64_t quiet = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = data[i], .iov_len = PAYLOAD};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	while (!atomic_load(&m->stop) || tool_monotonic_ns() - quiet < DRAIN_NS) {
		int count;

		if (!atomic_load(&m->stop))
			quiet = tool_monotonic_ns();
		if (poll(&wait, 1, 50) <= 0)
			continue;
		count = recvmmsg(m->fd, message, BATCH, MSG_DONTWAIT, NULL);
		m->back += count > 0 ? (unsigned)count : 0;
	}
	return NULL;
}

/* --- the devices --- */

static int open_watch(const char *device)
{
	struct sockaddr_ll at = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)), on = 1, size = BUFFER;

	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		tool_die("%s: %s", device, strerror(errno));
	return fd;
}

/* Is it a packet of our socket?  There are no IP options here. */
static bool is_ours(const struct move *m, const uint8_t *data, ssize_t length, int direction)
{
	struct udphdr udp;

	if (length < 28 || data[0] != 0x45 || data[9] != IPPROTO_UDP)
		return false;
	memcpy(&udp, data + 20, sizeof(udp));
	return ntohs(direction == UP ? udp.source : udp.dest) == m->port;
}

static uint64_t stamp_of(struct msghdr *header)
{
	struct timespec t = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof(t));
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void note(struct move *m, int device, int direction, uint64_t at)
{
	uint64_t asked = atomic_load(&m->asked[device]);

	if (asked == 0 || at < asked || atomic_exchange(&m->seen[device][direction], true))
		return;
	histogram_add(&m->took[device][direction], at - asked);
}

static void *watch(void *argument)
{
	struct watcher *w = argument;
	struct move *m = w->move;
	struct pollfd wait = {.fd = open_watch(m->device[w->device]), .events = POLLIN};

	while (!atomic_load(&m->stop)) {
		_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
		struct sockaddr_ll from;
		uint8_t data[64];
		struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
		struct msghdr header = {.msg_name = &from,
					.msg_namelen = sizeof(from),
					.msg_iov = &iov,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control)};
		ssize_t length;
		int direction;

		if (poll(&wait, 1, 50) <= 0)
			continue;
		length = recvmsg(wait.fd, &header, MSG_DONTWAIT);
		direction = from.sll_pkttype == PACKET_OUTGOING ? UP : DOWN;
		if (length > 0 && is_ours(m, data, length, direction))
			note(m, w->device, direction, stamp_of(&header));
	}
	close(wait.fd);
	return NULL;
}

/* --- moves --- */

static void move_to(struct move *m, int device)
{
	uint64_t begun;
	int err;

	for (int d = 0; d < DIRECTIONS; d++)
		atomic_store(&m->seen[device][d], false);
	atomic_store(&m->asked[1 - device], 0);
	atomic_store(&m->asked[device], wall_clock());
	begun = tool_monotonic_ns();
	err = tool_set_level(m->fd, device == ENCRYPTED ? ENCRYPTED_ONLY : UNENCRYPTED);
	if (err != 0)
		tool_die("setting the level: %s", strerror(err));
	histogram_add(&m->call, tool_monotonic_ns() - begun);
}

static void rest(const struct move *m)
{
	sleep_until(tool_monotonic_ns() + (uint64_t)m->interval_ms * 1000000U);
}

static void run(struct move *m)
{
	struct watcher watcher[DEVICES];
	pthread_t sender, receiver;

	open_socket(m);
	if (m->encrypted)
		move_to(m, ENCRYPTED);
	for (int d = 0; m->device[PLAIN][0] != '\0' && d < DEVICES; d++) {
		watcher[d] = (struct watcher){.move = m, .device = d};
		pthread_create(&watcher[d].thread, NULL, watch, &watcher[d]);
	}
	pthread_create(&receiver, NULL, receive_all, m);
	pthread_create(&sender, NULL, send_all, m);
	rest(m);
	for (unsigned i = 0; i < m->moves; i++) {
		move_to(m, ENCRYPTED);
		rest(m);
		move_to(m, PLAIN);
		rest(m);
	}
	atomic_store(&m->stop, true);
	pthread_join(sender, NULL);
	pthread_join(receiver, NULL);
	for (int d = 0; m->device[PLAIN][0] != '\0' && d < DEVICES; d++)
		pthread_join(watcher[d].thread, NULL);
}

static void print_times(const char *name, const struct histogram *h)
{
	printf(", \"%s\": {\"count\": %llu, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name,
	       (unsigned long long)h->count, histogram_ms(h, 0.5), histogram_ms(h, 0.99), histogram_ms(h, 1));
}

static void report(const struct move *m)
{
	printf("{\"moves\": %u, \"sent\": %llu, \"back\": %llu, \"lost\": %lld", m->moves, (unsigned long long)m->sent,
	       (unsigned long long)m->back, (long long)(m->sent - m->back));
	print_times("call", &m->call);
	print_times("up", &m->took[ENCRYPTED][UP]);
	print_times("down", &m->took[ENCRYPTED][DOWN]);
	print_times("up_back", &m->took[PLAIN][UP]);
	print_times("down_back", &m->took[PLAIN][DOWN]);
	puts("}");
}

static void parse_devices(struct move *m, char *text)
{
	char *comma = strchr(text, ',');

	if (!comma)
		tool_die("--devices %s: expected two names", text);
	*comma = '\0';
	snprintf(m->device[PLAIN], IF_NAMESIZE, "%s", text);
	snprintf(m->device[ENCRYPTED], IF_NAMESIZE, "%s", comma + 1);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"rate", required_argument, NULL, 'r'},     {"moves", required_argument, NULL, 'm'},
	    {"interval", required_argument, NULL, 'i'}, {"devices", required_argument, NULL, 'd'},
	    {"encrypted", no_argument, NULL, 'e'},      {NULL, 0, NULL, 0},
	};
	static struct move m = {.rate = 5000, .moves = 100, .interval_ms = 20};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			m.rate = (double)tool_number(optarg, 1000000);
		else if (option == 'm')
			m.moves = (unsigned)tool_number(optarg, 100000);
		else if (option == 'i')
			m.interval_ms = (unsigned)tool_number(optarg, 60000);
		else if (option == 'd')
			parse_devices(&m, optarg);
		else if (option == 'e')
			m.encrypted = true;
		else
			exit(1);
	}
	if (optind + 1 != argc)
		tool_die("move-flow ADDR:PORT ...; see the head of its source");
	tool_realtime();
	m.to = tool_endpoint(argv[optind]);
	run(&m);
	report(&m);
	return 0;
}
