/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sizes - packets of every size, there and back.
 *
 *     sizes --echo ADDR:PORT
 *     sizes --to ADDR:PORT [--every N] [--dense BYTES] [--seconds S]
 *
 * The first sends back what it gets.  The second sends IP packets of all sizes up to --dense (1500) and of every
 * --every-th (97) size from there to 65535, the largest, each with a content of its own, and compares what comes back
 * byte by byte.  UDP, and for sizes that are too small for a UDP header an IP protocol without one (253, RFC 3692).
 * A packet that is lost is sent again, up to ten times: this is not about loss.
 *
 * Output: a line of JSON at the end, status 0 if every size came back as it was sent.
 */
#include "tests/net/tool.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE_MAX_IP 65535U
#define PROTOCOL    253
/** Bytes under way: a queue that is longer than this is taken for bulk and shortened. */
#define WINDOW     (32 * 1024)
#define PATIENCE   300000000ULL /* nanoseconds until a packet counts as lost */
#define ATTEMPTS   10
#define BUFFER     (4 << 20)
#define SOCKET_UDP 0
#define SOCKET_RAW 1

struct trial {
	uint32_t size; /* of the IP packet */
	unsigned attempts;
	uint64_t sent;    /* nanoseconds */
	bool done, ended; /* came back; or was given up */
};

struct sizes {
	union tool_address peer;
	int fd[2];
	uint32_t header; /* of IP */
	struct trial *trials;
	unsigned count, begun, oldest; /* all before oldest have ended */
	unsigned done, ended;
	uint32_t under_way; /* bytes */
	unsigned resent, wrong;
	uint8_t data[SIZE_MAX_IP];
};

static uint8_t byte_at(uint32_t size, uint32_t i)
{
	return (uint8_t)(i * 7 + i / 256 + size * 13 + size / 256);
}

static int open_socket(const union tool_address *a, int which)
{
	bool raw = which == SOCKET_RAW;
	int fd = socket(a->sa.sa_family, raw ? SOCK_RAW : SOCK_DGRAM, raw ? PROTOCOL : 0);
	int room = BUFFER;

	if (fd < 0)
		tool_die("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

/** @return bytes of what comes next, with the place of its payload in *payload, or -1. */
static ssize_t receive(struct sizes *s, int which, union tool_address *from, const uint8_t **payload)
{
	socklen_t size = sizeof(*from);
	ssize_t n = recvfrom(s->fd[which], s->data, sizeof(s->data), MSG_DONTWAIT, &from->sa, &size);
	unsigned skip = 0;

	/* Only raw sockets of IPv4 show the header. */
	if (n > 0 && which == SOCKET_RAW && from->sa.sa_family == AF_INET)
		skip = (s->data[0] & 15U) * 4;
	*payload = s->data + skip;
	return n < 0 ? -1 : n - (ssize_t)skip;
}

/* --- sending back --- */

_Noreturn static void echo(struct sizes *s)
{
	struct pollfd pfd[2] = {{.events = POLLIN}, {.events = POLLIN}};

	for (int i = 0; i < 2; i++) {
		pfd[i].fd = s->fd[i] = open_socket(&s->peer, i);
		if (bind(s->fd[i], &s->peer.sa, tool_address_size(&s->peer)) < 0)
			tool_die("bind: %s", strerror(errno));
	}
	puts("{\"ready\": true}");
	fflush(stdout);
	for (;;) {
		poll(pfd, 2, -1);
		for (int i = 0; i < 2; i++) {
			union tool_address from;
			const uint8_t *payload;
			ssize_t n;

			while ((n = receive(s, i, &from, &payload)) >= 0)
				sendto(s->fd[i], payload, (size_t)n, 0, &from.sa, tool_address_size(&from));
		}
	}
}

/* --- trying all --- */

static int socket_for(const struct sizes *s, uint32_t size)
{
	return size < s->header + sizeof(struct udphdr) ? SOCKET_RAW : SOCKET_UDP;
}

static uint32_t payload_of(const struct sizes *s, uint32_t size)
{
	return size - s->header - (socket_for(s, size) == SOCKET_UDP ? (uint32_t)sizeof(struct udphdr) : 0);
}

static void send_trial(struct sizes *s, struct trial *t, uint64_t now)
{
	uint32_t length = payload_of(s, t->size);

	for (uint32_t i = 0; i < length; i++)
		s->data[i] = byte_at(t->size, i);
	/* What the path's MTU was learnt from is tried again like what was lost. */
	if (send(s->fd[socket_for(s, t->size)], s->data, length, 0) < 0 && errno != EMSGSIZE && errno != ENOBUFS &&
	    errno != EAGAIN)
		tool_die("sending %u bytes: %s", t->size, strerror(errno));
	t->sent = now;
	t->attempts++;
	s->resent += t->attempts > 1;
}

static void end_trial(struct sizes *s, struct trial *t)
{
	t->ended = true;
	s->ended++;
	s->under_way -= t->size;
	while (s->oldest < s->begun && s->trials[s->oldest].ended)
		s->oldest++;
}

static void send_due(struct sizes *s, uint64_t now)
{
	for (unsigned i = s->oldest; i < s->begun; i++) {
		struct trial *t = &s->trials[i];

		if (t->ended || now - t->sent < PATIENCE)
			continue;
		if (t->attempts < ATTEMPTS)
			send_trial(s, t, now);
		else
			end_trial(s, t);
	}
	while (s->begun < s->count && (s->under_way == 0 || s->under_way + s->trials[s->begun].size <= WINDOW)) {
		s->under_way += s->trials[s->begun].size;
		send_trial(s, &s->trials[s->begun++], now);
	}
}

/** @return the trial of that size if it is under way, or NULL. */
static struct trial *find(struct sizes *s, uint32_t size)
{
	for (unsigned i = s->oldest; i < s->begun; i++)
		if (s->trials[i].size == size)
			return s->trials[i].ended ? NULL : &s->trials[i];
	return NULL;
}

static void take(struct sizes *s, int which, const uint8_t *payload, uint32_t length)
{
	uint32_t size = s->header + length + (which == SOCKET_UDP ? (uint32_t)sizeof(struct udphdr) : 0), wrong = 0;
	struct trial *t = find(s, size);

	for (uint32_t i = 0; i < length; i++)
		wrong += payload[i] != byte_at(size, i);
	s->wrong += wrong > 0;
	if (wrong > 0 || !t)
		return;
	t->done = true;
	s->done++;
	end_trial(s, t);
}

static void try_all(struct sizes *s, double seconds)
{
	uint64_t end = tool_monotonic_ns() + (uint64_t)(seconds * 1e9), now;
	struct pollfd pfd[2] = {{.events = POLLIN}, {.events = POLLIN}};

	for (int i = 0; i < 2; i++) {
		pfd[i].fd = s->fd[i] = open_socket(&s->peer, i);
		if (connect(s->fd[i], &s->peer.sa, tool_address_size(&s->peer)) < 0)
			tool_die("connect: %s", strerror(errno));
	}
	while (s->ended < s->count && (now = tool_monotonic_ns()) < end) {
		send_due(s, now);
		poll(pfd, 2, 50);
		for (int i = 0; i < 2; i++) {
			union tool_address from;
			const uint8_t *payload;
			ssize_t n;

			while ((n = receive(s, i, &from, &payload)) >= 0)
				take(s, i, payload, (uint32_t)n);
		}
	}
}

static void choose_sizes(struct sizes *s, uint32_t dense, uint32_t every)
{
	s->trials = calloc(SIZE_MAX_IP + 1, sizeof(*s->trials));
	if (!s->trials)
		tool_die("out of memory");
	for (uint32_t size = s->header; size < SIZE_MAX_IP; size += size < dense ? 1 : every)
		s->trials[s->count++].size = size;
	s->trials[s->count++].size = SIZE_MAX_IP;
}

static int report(const struct sizes *s)
{
	const char *comma = "";

	printf("{\"sizes\": %u, \"exact\": %u, \"wrong\": %u, \"resent\": %u, \"missing\": [", s->count, s->done,
	       s->wrong, s->resent);
	for (unsigned i = 0; i < s->count; i++)
		if (!s->trials[i].done) {
			printf("%s%u", comma, s->trials[i].size);
			comma = ", ";
		}
	puts("]}");
	return s->done == s->count && s->wrong == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
	    {"echo", 1, NULL, 'e'},  {"to", 1, NULL, 't'},      {"every", 1, NULL, 'v'},
	    {"dense", 1, NULL, 'd'}, {"seconds", 1, NULL, 's'}, {NULL, 0, NULL, 0},
	};
	static struct sizes s;
	unsigned long every = 97, dense = 1500, seconds = 60;
	bool echoes = false, have = false;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'e':
		case 't':
			echoes = c == 'e';
			s.peer = tool_address(optarg);
			have = true;
			break;
		case 'v':
			every = tool_number(optarg, SIZE_MAX_IP);
			break;
		case 'd':
			dense = tool_number(optarg, SIZE_MAX_IP);
			break;
		case 's':
			seconds = tool_number(optarg, 3600);
			break;
		default:
			return 1;
		}
	}
	if (!have || every == 0)
		tool_die("usage: sizes --echo ADDR:PORT | --to ADDR:PORT [--every N] [--dense BYTES] [--seconds S]");
	if (echoes)
		echo(&s);
	s.header = s.peer.sa.sa_family == AF_INET6 ? 40 : sizeof(struct iphdr);
	choose_sizes(&s, (uint32_t)dense, (uint32_t)every);
	try_all(&s, (double)seconds);
	return report(&s);
}
