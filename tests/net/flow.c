/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow - an endpoint of datagrams that counts.
 *
 *     flow [--bind ADDR:PORT] [--to ADDR:PORT [--connect]] [--kind udp|udp6|rtp|raw] [--sockets N]
 *          [--rate PER_SECOND] [--size BYTES] [--count N | --seconds S] [--marker TEXT] [--tos N] [--ttl N]
 *          [--level-at COUNT:LEVEL]... [--echo] [--linger MS] [--until-echoed N] [--report MS]
 *
 * With --to it sends at the given pace (over all sockets in turn); every packet bears the run's number, the socket's, a
 * sequence number and the marker, over and over up to the size.  With --echo it sends back what it gets.  It always
 * counts what it gets: own packets that came back (echoed) and those of others (foreign), by sequence number, so that
 * loss, duplicates and changes of order show.
 *
 * --level-at sets the level of every socket, as a program would, when that many packets were tried.  --bind with
 * several sockets counts the port up.  Without --count and --seconds it sends until SIGTERM or SIGINT.  After the last
 * packet it stays for --linger (1000 ms) or until all came back; a second signal ends it at once.  --until-echoed ends
 * it when N packets have come back, with status 0, or with status 2 if they have not.  Output: a line of JSON at the
 * end, and before that every --report milliseconds.  A failed system call at the start is {"failed": "bind", "error":
 * "EADDRINUSE"} and status 3.
 */
#include "tests/net/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC      0x5453464cU                  /* "TSFL" */
#define RTP(n)     (0x80000000U | ((n)&0xffff)) /* instead: the shape of RTP */
#define PACKET_MAX 65535
#define TRACKS     8192 /* power of two */

struct header {
	uint32_t magic, origin, socket, sequence;
};

/* What has come of one flow. */
struct track {
	uint32_t origin, socket;
	bool used;
	uint8_t *seen; /* a bit for each sequence number */
	uint32_t room; /* bits */
	uint32_t next; /* highest sequence number so far + 1 */
	uint64_t distinct, duplicates, reordered;
};

struct options {
	union tool_address bind, to;
	bool have_bind, have_to, connect, echo;
	enum { KIND_UDP, KIND_UDP6, KIND_RTP, KIND_RAW } kind;
	unsigned sockets, rate, size, linger_ms, report_ms;
	uint64_t count, until_echoed;
	double seconds;
	const char *marker;
	int tos, ttl;
	struct tool_change changes[TOOL_CHANGES];
	unsigned change_count;
};

struct flow {
	struct options o;
	uint32_t origin;
	int *fds;
	uint32_t *sequences;
	int epoll;
	uint8_t packet[PACKET_MAX];
	struct track *tracks;
	uint64_t attempts, sent, echoed, strange;
	uint64_t first_sent_ns, last_received_ns, gap_ns;
	double first_error, last_error, first_sent, last_sent;
	struct tool_errors send_errors, receive_errors, level_errors;
	uint64_t levels_set;
	double level_times[TOOL_CHANGES]; /* when all sockets had the level */
	unsigned levels_done;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped++;
}

_Noreturn static void failed(const char *call)
{
	printf("{\"failed\": \"%s\", \"error\": \"%s\"}\n", call, strerrorname_np(errno));
	exit(3);
}

/* The family of the sockets. */
static sa_family_t family_of(const struct options *o)
{
	if (o->kind == KIND_UDP6)
		return AF_INET6;
	return o->have_to ? o->to.sa.sa_family : o->bind.sa.sa_family;
}

/* --- received packets --- */

static struct track *track_of(struct flow *f, uint32_t origin, uint32_t socket)
{
	uint32_t slot = (origin * 2654435761U ^ socket * 40503U) & (TRACKS - 1);

	for (unsigned i = 0; i < TRACKS; i++, slot = (slot + 1) & (TRACKS - 1)) {
		struct track *t = &f->tracks[slot];

		if (!t->used) {
			*t = (struct track){.origin = origin, .socket = socket, .used = true};
			return t;
		}
		if (t->origin == origin && t->socket == socket)
			return t;
	}
	tool_die("more flows than this program can hold");
}

/* Returns whether the number is new. */
static bool track(struct track *t, uint32_t sequence)
{
	if (sequence >= 1U << 24)
		return false;
	if (sequence >= t->room) {
		uint32_t room = (sequence / 4096 + 1) * 4096;

		t->seen = realloc(t->seen, room / 8);
		if (!t->seen)
			tool_die("out of memory");
		memset(t->seen + t->room / 8, 0, (room - t->room) / 8);
		t->room = room;
	}
	if (t->seen[sequence / 8] & 1U << sequence % 8) {
		t->duplicates++;
		return false;
	}
	t->seen[sequence / 8] |= (uint8_t)(1U << sequence % 8);
	t->distinct++;
	if (sequence < t->next)
		t->reordered++;
	else
		t->next = sequence + 1;
	return true;
}

/* A raw socket gets the packets of everybody, in IPv4 with the IP header. */
static ssize_t strip_raw(struct flow *f, const uint8_t *data, ssize_t length, const uint8_t **payload)
{
	bool v4 = family_of(&f->o) == AF_INET;
	ssize_t skip;

	*payload = data;
	if (f->o.kind != KIND_RAW)
		return length;
	if (length < (v4 ? 28 : 8))
		return -1;
	skip = (v4 ? (data[0] & 0x0f) * 4 : 0) + 8;
	if (skip > length || !f->o.have_bind || memcmp(data + skip - 6, tool_address_port(&f->o.bind), 2) != 0)
		return -1;
	*payload = data + skip;
	return length - skip;
}

static void received(struct flow *f, const uint8_t *data, ssize_t length)
{
	uint64_t now = tool_monotonic_ns();
	struct header h;

	if (length >= (ssize_t)sizeof(h))
		memcpy(&h, data, sizeof(h));
	if (length < (ssize_t)sizeof(h) || (ntohl(h.magic) != MAGIC && ntohl(h.magic) >> 16 != RTP(0) >> 16)) {
		f->strange++;
		return;
	}
	if (f->last_received_ns && now - f->last_received_ns > f->gap_ns)
		f->gap_ns = now - f->last_received_ns;
	f->last_received_ns = now;
	if (track(track_of(f, ntohl(h.origin), ntohl(h.socket)), ntohl(h.sequence)) && ntohl(h.origin) == f->origin)
		f->echoed++;
}

static void read_all(struct flow *f, int fd)
{
	static uint8_t buffer[PACKET_MAX];

	for (unsigned i = 0; i < 64; i++) {
		struct sockaddr_storage from;
		socklen_t from_length = sizeof(from);
		const uint8_t *payload;
		ssize_t n = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &from_length);

		if (n < 0) {
			if (errno != EAGAIN)
				tool_error_count(&f->receive_errors, errno);
			return;
		}
		n = strip_raw(f, buffer, n, &payload);
		if (n < 0)
			continue;
		received(f, payload, n);
		if (f->o.echo &&
		    sendto(fd, payload, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&from, from_length) < 0)
			tool_error_count(&f->send_errors, errno);
	}
}

/* --- sending --- */

/* An IPv6 socket reaches an IPv4 address by the mapped one; a raw one of IPv6 wants no port. */
static union tool_address destination(const struct options *o)
{
	union tool_address to = o->to;
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = o->to.in.sin_port};

	if (o->kind == KIND_RAW && to.sa.sa_family == AF_INET6)
		to.in6.sin6_port = 0;
	if (o->kind != KIND_UDP6 || to.sa.sa_family == AF_INET6)
		return to;
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	memcpy(mapped.sin6_addr.s6_addr + 12, &o->to.in.sin_addr, 4);
	to.in6 = mapped;
	return to;
}

static void send_error(struct flow *f, int error)
{
	f->last_error = tool_epoch();
	if (f->first_error <= 0)
		f->first_error = f->last_error;
	tool_error_count(&f->send_errors, error);
}

static void send_one(struct flow *f)
{
	unsigned i = (unsigned)(f->attempts % f->o.sockets);
	struct header h = {htonl(f->o.kind == KIND_RTP ? RTP(f->sequences[i]) : MAGIC), htonl(f->origin), htonl(i),
			   htonl(f->sequences[i])};
	unsigned skip = f->o.kind == KIND_RAW ? sizeof(struct udphdr) : 0;
	union tool_address to = destination(&f->o);
	struct udphdr udp = {.source = *tool_address_port(&f->o.bind),
			     .dest = *tool_address_port(&f->o.to),
			     .len = htons((uint16_t)(f->o.size + skip))};
	ssize_t n;

	f->attempts++;
	if (skip)
		memcpy(f->packet, &udp, sizeof(udp));
	memcpy(f->packet + skip, &h, sizeof(h));
	if (f->o.connect)
		n = send(f->fds[i], f->packet, f->o.size + skip, MSG_DONTWAIT);
	else
		n = sendto(f->fds[i], f->packet, f->o.size + skip, MSG_DONTWAIT, &to.sa, tool_address_size(&to));
	if (n < 0) {
		send_error(f, errno);
		return;
	}
	f->last_sent = tool_epoch();
	if (f->sent == 0)
		f->first_sent = f->last_sent;
	f->sequences[i]++;
	f->sent++;
}

static void change_levels(struct flow *f, int level)
{
	for (unsigned i = 0; i < f->o.sockets; i++) {
		int error = tool_set_level(f->fds[i], level);

		if (error)
			tool_error_count(&f->level_errors, error);
		else
			f->levels_set++;
	}
	f->level_times[f->levels_done++] = tool_epoch();
}

/* --- result --- */

/* Which own packets have not come back, the first of them: tells when they were lost. */
static void print_missing(const struct flow *f)
{
	unsigned printed = 0;

	printf(", \"missing\": [");
	for (unsigned i = 0; i < TRACKS; i++) {
		const struct track *t = &f->tracks[i];

		for (uint32_t n = 0; t->used && t->origin == f->origin && n < f->sequences[t->socket] && printed < 16;
		     n++) {
			if (n >= t->room || !(t->seen[n / 8] & 1U << n % 8))
				printf("%s\"%u:%u\"", printed++ ? ", " : "", t->socket, n);
		}
	}
	printf("]");
}

static void report(const struct flow *f, bool done)
{
	uint64_t foreign = 0, foreign_lost = 0, duplicates = 0, reordered = 0;

	for (unsigned i = 0; i < TRACKS; i++) {
		const struct track *t = &f->tracks[i];

		if (!t->used)
			continue;
		duplicates += t->duplicates;
		reordered += t->reordered;
		if (t->origin != f->origin) {
			foreign += t->distinct;
			foreign_lost += t->next - t->distinct;
		}
	}
	printf(
	    "{\"time\": %.6f, \"done\": %s, \"attempts\": %llu, \"sent\": %llu, \"echoed\": %llu, \"lost\": %llu, "
	    "\"foreign\": %llu, "
	    "\"foreign_lost\": %llu, \"duplicates\": %llu, \"reordered\": %llu, \"strange\": %llu, \"levels_set\": "
	    "%llu, \"max_gap_ms\": %.1f, "
	    "\"first_sent\": %.6f, \"last_sent\": %.6f, \"first_error\": %.6f, \"last_error\": %.6f, \"errors\": %llu",
	    tool_epoch(), done ? "true" : "false", (unsigned long long)f->attempts, (unsigned long long)f->sent,
	    (unsigned long long)f->echoed, (unsigned long long)(f->sent - f->echoed), (unsigned long long)foreign,
	    (unsigned long long)foreign_lost, (unsigned long long)duplicates, (unsigned long long)reordered,
	    (unsigned long long)f->strange, (unsigned long long)f->levels_set, (double)f->gap_ns / 1e6, f->first_sent,
	    f->last_sent, f->first_error, f->last_error, (unsigned long long)f->send_errors.total);
	tool_error_print(stdout, "send_errors", &f->send_errors);
	tool_error_print(stdout, "receive_errors", &f->receive_errors);
	tool_error_print(stdout, "level_errors", &f->level_errors);
	if (done)
		print_missing(f);
	printf(", \"level_times\": [");
	for (unsigned i = 0; i < f->levels_done; i++)
		printf("%s%.6f", i ? ", " : "", f->level_times[i]);
	printf("]}\n");
	fflush(stdout);
}

/* --- set-up --- */

static int open_socket(const struct options *o, unsigned number)
{
	bool raw = o->kind == KIND_RAW, v6 = family_of(o) == AF_INET6;
	int fd = socket(family_of(o), raw ? SOCK_RAW : SOCK_DGRAM, raw ? IPPROTO_UDP : 0);
	union tool_address local = o->bind, to = destination(o);
	in_port_t port = htons((uint16_t)(ntohs(*tool_address_port(&local)) + number));
	int room = 4 << 20, checksum = 6;

	if (fd < 0)
		failed("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (o->tos && v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &o->tos, sizeof(o->tos));
	else if (o->tos)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &o->tos, sizeof(o->tos));
	if (o->ttl && v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &o->ttl, sizeof(o->ttl));
	else if (o->ttl)
		setsockopt(fd, IPPROTO_IP, IP_TTL, &o->ttl, sizeof(o->ttl));
	/* IPv6 has no UDP without checksum. */
	if (raw && v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum, sizeof(checksum));
	/* A dual-stack socket is bound to the any-address. */
	if (o->kind == KIND_UDP6)
		local.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	*tool_address_port(&local) = raw ? 0 : port;
	if (o->have_bind && bind(fd, &local.sa, tool_address_size(&local)))
		failed("bind");
	if (o->connect && connect(fd, &to.sa, tool_address_size(&to)))
		failed("connect");
	return fd;
}

static void fill_packet(struct flow *f)
{
	unsigned skip = f->o.kind == KIND_RAW ? sizeof(struct udphdr) : 0;
	size_t marker = strlen(f->o.marker);

	for (unsigned i = sizeof(struct header); i < f->o.size; i++)
		f->packet[skip + i] = (uint8_t)f->o.marker[(i - sizeof(struct header)) % marker];
}

static void set_up(struct flow *f)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (getrandom(&f->origin, sizeof(f->origin), 0) != sizeof(f->origin))
		failed("getrandom");
	f->fds = calloc(f->o.sockets, sizeof(*f->fds));
	f->sequences = calloc(f->o.sockets, sizeof(*f->sequences));
	f->tracks = calloc(TRACKS, sizeof(*f->tracks));
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!f->fds || !f->sequences || !f->tracks || f->epoll < 0)
		failed("epoll_create1");
	for (unsigned i = 0; i < f->o.sockets; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		event.data.fd = f->fds[i] = open_socket(&f->o, i);
		if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->fds[i], &event))
			failed("epoll_ctl");
	}
	fill_packet(f);
}

/* --- loop --- */

static bool all_sent(const struct flow *f, uint64_t now, uint64_t start)
{
	if (!f->o.have_to)
		return f->o.seconds > 0 && now - start >= (uint64_t)(f->o.seconds * 1e9);
	return (f->o.count && f->attempts >= f->o.count) ||
	       (f->o.seconds > 0 && now - start >= (uint64_t)(f->o.seconds * 1e9));
}

static void wait_for_packets(struct flow *f, uint64_t until)
{
	struct epoll_event events[64];
	uint64_t now = tool_monotonic_ns();
	uint64_t ns = until > now ? until - now : 0;
	struct timespec timeout = {(time_t)(ns / 1000000000U), (long)(ns % 1000000000U)};
	int n = epoll_pwait2(f->epoll, events, 64, &timeout, NULL);

	for (int i = 0; i < n; i++)
		read_all(f, events[i].data.fd);
}

static void send_due(struct flow *f, uint64_t now, uint64_t interval, uint64_t *next)
{
	for (unsigned burst = 0; now >= *next && burst < 64; burst++, *next += interval) {
		if (f->o.count && f->attempts >= f->o.count)
			return;
		for (unsigned i = 0; i < f->o.change_count; i++) {
			if (f->o.changes[i].at == f->attempts)
				change_levels(f, f->o.changes[i].level);
		}
		send_one(f);
	}
}

static void loop(struct flow *f)
{
	uint64_t interval = 1000000000U / f->o.rate, start = tool_monotonic_ns(), next = start, next_report = start,
		 end = 0;

	while (stopped < 2) {
		uint64_t now = tool_monotonic_ns(), until = now + 100000000U;

		if (stopped && !f->o.have_to)
			return;
		if (!end && (stopped || all_sent(f, now, start)))
			end = now + f->o.linger_ms * 1000000ULL;
		if (end && (now >= end || (f->o.have_to && f->sent && f->echoed == f->sent)))
			return;
		if (f->o.until_echoed && f->echoed >= f->o.until_echoed)
			return;
		if (f->o.report_ms && now >= next_report) {
			report(f, false);
			next_report = now + f->o.report_ms * 1000000ULL;
		}
		if (!end && f->o.have_to) {
			send_due(f, now, interval, &next);
			until = next;
		}
		if (f->o.report_ms && next_report < until)
			until = next_report;
		wait_for_packets(f, until);
	}
}

static const struct option long_options[] = {
    {"bind", required_argument, NULL, 'b'},
    {"to", required_argument, NULL, 't'},
    {"connect", no_argument, NULL, 'c'},
    {"kind", required_argument, NULL, 'k'},
    {"sockets", required_argument, NULL, 'n'},
    {"rate", required_argument, NULL, 'r'},
    {"size", required_argument, NULL, 's'},
    {"count", required_argument, NULL, 'C'},
    {"seconds", required_argument, NULL, 'S'},
    {"marker", required_argument, NULL, 'm'},
    {"tos", required_argument, NULL, 'o'},
    {"ttl", required_argument, NULL, 'T'},
    {"level-at", required_argument, NULL, 'l'},
    {"echo", no_argument, NULL, 'e'},
    {"linger", required_argument, NULL, 'L'},
    {"report", required_argument, NULL, 'R'},
    {"until-echoed", required_argument, NULL, 'u'},
    {NULL, 0, NULL, 0},
};

static void parse_kind(struct options *o, const char *text)
{
	if (strcmp(text, "udp6") == 0)
		o->kind = KIND_UDP6;
	else if (strcmp(text, "rtp") == 0)
		o->kind = KIND_RTP;
	else if (strcmp(text, "raw") == 0)
		o->kind = KIND_RAW;
	else if (strcmp(text, "udp") != 0)
		tool_die("%s: not udp, udp6, rtp or raw", text);
}

static void add_change(struct options *o, const char *text)
{
	if (o->change_count == TOOL_CHANGES)
		tool_die("too many level changes");
	o->changes[o->change_count++] = tool_change_parse(text);
}

static void parse_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'b':
		o->bind = tool_address(value);
		o->have_bind = true;
		break;
	case 't':
		o->to = tool_address(value);
		o->have_to = true;
		break;
	case 'c':
		o->connect = true;
		break;
	case 'k':
		parse_kind(o, value);
		break;
	case 'n':
		o->sockets = (unsigned)tool_number(value, 10000);
		break;
	case 'r':
		o->rate = (unsigned)tool_number(value, 1000000);
		break;
	case 's':
		o->size = (unsigned)tool_number(value, PACKET_MAX - 100);
		break;
	case 'C':
		o->count = tool_number(value, 1U << 30);
		break;
	case 'S':
		o->seconds = strtod(value, NULL);
		break;
	case 'm':
		o->marker = value;
		break;
	case 'o':
		o->tos = (int)tool_number(value, 255);
		break;
	case 'T':
		o->ttl = (int)tool_number(value, 255);
		break;
	case 'e':
		o->echo = true;
		break;
	case 'L':
		o->linger_ms = (unsigned)tool_number(value, 1000000);
		break;
	case 'R':
		o->report_ms = (unsigned)tool_number(value, 1000000);
		break;
	case 'u':
		o->until_echoed = tool_number(value, 1U << 30);
		break;
	case 'l':
		add_change(o, value);
		break;
	default:
		tool_die("usage: see the head of flow.c");
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct flow *f = calloc(1, sizeof(*f));
	int option;

	if (!f)
		tool_die("out of memory");
	f->o = (struct options){.sockets = 1, .rate = 50, .size = 172, .linger_ms = 1000, .marker = "unmarked "};
	f->o.bind.sa.sa_family = AF_INET;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(&f->o, option, optarg);
	if (!f->o.sockets || !f->o.rate || f->o.size < sizeof(struct header) || !*f->o.marker)
		tool_die("sockets, rate, size and marker must not be nothing");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	set_up(f);
	loop(f);
	report(f, true);
	return f->o.until_echoed && f->echoed < f->o.until_echoed ? 2 : 0;
}
