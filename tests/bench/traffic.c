/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traffic - RTP-sized packets: an echo server, and a sender that measures what comes back.
 *
 *     traffic echo ADDR:PORT [--tos N]
 *          Send every datagram back where it came from, marked as told.  Prints "ready".
 *     traffic send ADDR:PORT [--bind ADDR] [--rate PER_SECOND] [--seconds S] [--flows N] [--tos N]
 *          To an echo server and back, over N sockets in turn.  A packet that takes more than 50 ms counts as late.
 *     traffic first ADDR:PORT [--seconds S] [--tos N]
 *          Try every 2 ms until something comes back; the time of that moment, seconds since the epoch.
 *
 * Payloads have 172 bytes: a head of RTP, and 20 ms of G.711.  Both programs ask for real-time priority and use few
 * system calls, so that what is measured is the tunnel.  The output is a line of JSON.
 */
#include "tests/bench/histogram.h"

#include "tests/net/tool.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD   172
#define BATCH     256
#define FLOWS_MAX 64
#define BUFFER    (4 * 1024 * 1024)
#define LATE_NS   50000000U
/* The sender wakes up this often, and sends what is due. */
#define TICK_NS 500000U
/* Who is this far behind does not catch up: it would be a burst that nobody asked for. */
#define BEHIND_NS 5000000U
#define DRAIN_NS  500000000U

struct payload {
	uint8_t rtp[12];
	uint32_t sequence;
	uint64_t sent;
	uint8_t rest[PAYLOAD - 24];
} __attribute__((packed));

struct sender {
	struct sockaddr_in to, from;
	double rate, seconds;
	unsigned flows;
	int tos;
	int fd[FLOWS_MAX];
	uint64_t sent, skipped;
	uint64_t back, late;
	struct histogram round_trip;
	atomic_bool stop;
};

static void sleep_until(uint64_t at)
{
	struct timespec t = {.tv_sec = (time_t)(at / 1000000000U), .tv_nsec = (long)(at % 1000000000U)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int open_socket(const struct sockaddr_in *local)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	if (fd < 0)
		tool_die("socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)local, sizeof(*local)) < 0)
		tool_die("bind: %s", strerror(errno));
	return fd;
}

/* --- echo --- */

static void set_tos(int fd, int tos)
{
	if (setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0)
		tool_die("tos: %s", strerror(errno));
}

static _Noreturn void echo(const struct sockaddr_in *at, int tos)
{
	static uint8_t data[BATCH][2048];
	static struct sockaddr_in from[BATCH];
	static struct mmsghdr message[BATCH];
	static struct iovec iov[BATCH];
	int fd = open_socket(at);

	set_tos(fd, tos);
	puts("ready");
	tool_realtime();
	for (;;) {
		int count, done;

		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){.iov_base = data[i], .iov_len = sizeof(data[i])};
			message[i].msg_hdr = (struct msghdr){
			    .msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = &iov[i], .msg_iovlen = 1};
		}
		count = recvmmsg(fd, message, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < count; i++)
			iov[i].iov_len = message[i].msg_len;
		for (int i = 0; i<count; i += done> 0 ? done : 1)
			done = sendmmsg(fd, message + i, (unsigned)(count - i), MSG_DONTWAIT);
	}
}

/* --- send --- */

static void open_flows(struct sender *s)
{
	for (unsigned i = 0; i < s->flows; i++) {
		s->fd[i] = open_socket(&s->from);
		set_tos(s->fd[i], s->tos);
		if (connect(s->fd[i], (const struct sockaddr *)&s->to, sizeof(s->to)) < 0)
			tool_die("connect: %s", strerror(errno));
	}
}

static void take(struct sender *s, int fd)
{
	static struct payload payload[BATCH];
	static struct mmsghdr message[BATCH];
	static struct iovec iov[BATCH];
	uint64_t now;
	int count;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = &payload[i], .iov_len = sizeof(payload[i])};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	count = recvmmsg(fd, message, BATCH, MSG_DONTWAIT, NULL);
	now = tool_monotonic_ns();
	for (int i = 0; i < count; i++) {
		uint64_t took = now - payload[i].sent;

		if (message[i].msg_len != PAYLOAD)
			continue;
		s->back++;
		if (took > LATE_NS)
			s->late++;
		histogram_add(&s->round_trip, took);
	}
}

static void *receive(void *argument)
{
	struct sender *s = argument;
	struct pollfd wait[FLOWS_MAX];

	for (unsigned i = 0; i < s->flows; i++)
		wait[i] = (struct pollfd){.fd = s->fd[i], .events = POLLIN};
	tool_realtime();
	while (!atomic_load(&s->stop)) {
		if (poll(wait, s->flows, 20) <= 0)
			continue;
		for (unsigned i = 0; i < s->flows; i++)
			if (wait[i].revents != 0)
				take(s, s->fd[i]);
	}
	return NULL;
}

/* Send @p count packets on the flow whose turn it is. */
static void send_some(struct sender *s, unsigned flow, unsigned count)
{
	struct payload payload = {.rtp = {0x80}, .sequence = (uint32_t)s->sent, .sent = tool_monotonic_ns()};
	struct iovec iov = {.iov_base = &payload, .iov_len = sizeof(payload)};
	struct mmsghdr message[BATCH];
	int done;

	for (unsigned i = 0; i < count; i++)
		message[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	/* What is refused here is lost, as on the way. */
	for (unsigned i = 0; i<count; i += done> 0 ? (unsigned)done : 1)
		done = sendmmsg(s->fd[flow], message + i, count - i, MSG_DONTWAIT);
	s->sent += count;
}

static void send_all(struct sender *s)
{
	uint64_t start = tool_monotonic_ns(), now = start, end = start + (uint64_t)(s->seconds * 1e9);
	uint64_t behind = (uint64_t)(s->rate * BEHIND_NS / 1e9) + 1;
	unsigned flow = 0;

	while (now < end) {
		uint64_t due = (uint64_t)((double)(now - start) / 1e9 * s->rate) + 1;

		due = due > s->sent + s->skipped ? due - s->sent - s->skipped : 0;
		if (due > behind) {
			s->skipped += due - behind;
			due = behind;
		}
		for (; due > 0; flow = (flow + 1) % s->flows) {
			unsigned share = (unsigned)(due / s->flows) + 1;
			unsigned count = share < BATCH ? share : BATCH;

			send_some(s, flow, count < due ? count : (unsigned)due);
			due -= count < due ? count : due;
		}
		sleep_until(now + TICK_NS);
		now = tool_monotonic_ns();
	}
}

static void send_and_report(struct sender *s)
{
	pthread_t receiver;
	uint64_t begun, took, end;

	open_flows(s);
	if (pthread_create(&receiver, NULL, receive, s) != 0)
		tool_die("no thread");
	tool_realtime();
	begun = tool_monotonic_ns();
	send_all(s);
	took = tool_monotonic_ns() - begun;
	end = begun + took + DRAIN_NS;
	sleep_until(end);
	atomic_store(&s->stop, true);
	pthread_join(receiver, NULL);
	printf(
	    "{\"sent\": %llu, \"back\": %llu, \"late\": %llu, \"skipped\": %llu, \"seconds\": %.3f, \"p50_ms\": %.3f, "
	    "\"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f}\n",
	    (unsigned long long)s->sent, (unsigned long long)s->back, (unsigned long long)s->late,
	    (unsigned long long)s->skipped, (double)took / 1e9, histogram_ms(&s->round_trip, 0.5),
	    histogram_ms(&s->round_trip, 0.99), histogram_ms(&s->round_trip, 0.999), histogram_ms(&s->round_trip, 1));
}

/* --- first --- */

static int first(struct sender *s)
{
	struct payload payload = {.rtp = {0x80}};
	uint64_t end = tool_monotonic_ns() + (uint64_t)(s->seconds * 1e9);
	int fd = open_socket(&s->from);
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	set_tos(fd, s->tos);
	tool_realtime();
	while (tool_monotonic_ns() < end) {
		sendto(fd, &payload, sizeof(payload), MSG_DONTWAIT, (const struct sockaddr *)&s->to, sizeof(s->to));
		if (poll(&wait, 1, 2) > 0 && recv(fd, &payload, sizeof(payload), MSG_DONTWAIT) > 0) {
			printf("%.6f\n", tool_epoch());
			return 0;
		}
	}
	return 1;
}

static void parse(int argc, char **argv, struct sender *s)
{
	static const struct option options[] = {
	    {"bind", required_argument, NULL, 'b'},    {"rate", required_argument, NULL, 'r'},
	    {"seconds", required_argument, NULL, 's'}, {"flows", required_argument, NULL, 'f'},
	    {"tos", required_argument, NULL, 't'},     {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			s->from = tool_endpoint(optarg);
			break;
		case 'r':
			s->rate = (double)tool_number(optarg, 5000000);
			break;
		case 's':
			s->seconds = strtod(optarg, NULL);
			break;
		case 'f':
			s->flows = (unsigned)tool_number(optarg, FLOWS_MAX);
			break;
		case 't':
			s->tos = (int)tool_number(optarg, 255);
			break;
		default:
			exit(1);
		}
	}
	if (s->flows < 1 || s->rate < 1 || !(s->seconds > 0 && s->seconds < 3600))
		tool_die("expected --flows and --rate of at least 1, --seconds of more than 0");
}

int main(int argc, char **argv)
{
	static struct sender s = {.from.sin_family = AF_INET, .rate = 1000, .seconds = 1, .flows = 16};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		tool_die("traffic echo|send|first ADDR:PORT ...");
	s.to = tool_endpoint(argv[2]);
	parse(argc - 2, argv + 2, &s);
	if (strcmp(argv[1], "echo") == 0)
		echo(&s.to, s.tos);
	if (strcmp(argv[1], "first") == 0)
		return first(&s);
	if (strcmp(argv[1], "send") != 0)
		tool_die("%s: expected echo, send or first", argv[1]);
	send_and_report(&s);
	return 0;
}
