/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp - a TCP connection whose content is checked to the byte, both ways.
 *
 *     tcp --serve ADDR:PORT
 *          Echo server, any number of connections.  Prints "ready" when it listens.
 *     tcp --listen ADDR:PORT [--level LEVEL]
 *          The same for one connection: a program in the phone that is called from outside.
 *     tcp --to ADDR:PORT [--bind ADDR:PORT] [--bytes N | --seconds S] [--rate BYTES_PER_SECOND] [--marker TEXT]
 *          [--level LEVEL] [--level-at BYTES:LEVEL]... [--patience MS] [--report MS]
 *          Sends lines "MARKER COUNTER", which are a function of their place in the stream, and compares what
 *          comes back with the same function.  It ends when all has come back, or when for --patience (5000 ms)
 *          nothing has.
 *
 * Output as that of flow: lines of JSON.
 */
#include "tests/net/tool.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 64 /* bytes of a line of the stream */

struct options {
	union tool_address address, bind;
	enum { MODE_NONE, MODE_SERVE, MODE_CONNECT, MODE_LISTEN } mode;
	uint64_t bytes, rate;
	double seconds;
	unsigned patience_ms, report_ms;
	const char *marker;
	int level; /* -1: leave it */
	struct tool_change changes[TOOL_CHANGES];
	unsigned change_count;
};

struct stream {
	struct options o;
	int fd;
	uint64_t sent, received, mismatch; /* mismatch: offset of the first wrong byte + 1 */
	uint64_t start_ns, last_ns, gap_ns;
	unsigned changed;
	struct tool_errors errors, level_errors;
	bool closed;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

_Noreturn static void failed(const char *call)
{
	printf("{\"failed\": \"%s\", \"error\": \"%s\"}\n", call, strerrorname_np(errno));
	exit(3);
}

/* Fill @p out with the stream's bytes from @p offset on. */
static void content(const char *marker, uint64_t offset, char *out, size_t length)
{
	char line[LINE + 1];
	size_t done = 0;

	while (done < length) {
		uint64_t at = offset + done;
		size_t skip = at % LINE, n = LINE - skip < length - done ? LINE - skip : length - done;

		snprintf(line, sizeof(line), "%-42.42s %020llu\n", marker, (unsigned long long)(at / LINE));
		memcpy(out + done, line + skip, n);
		done += n;
	}
}

static int listen_at(const struct options *o)
{
	int fd = socket(o->address.sa.sa_family, SOCK_STREAM, 0), on = 1;
	int error;

	if (fd < 0)
		failed("socket");
	if (o->level >= 0 && (error = tool_set_level(fd, o->level))) {
		errno = error;
		failed("setsockopt");
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &o->address.sa, tool_address_size(&o->address)) || listen(fd, 128))
		failed("bind");
	printf("ready\n");
	fflush(stdout);
	return fd;
}

static void *echo(void *argument)
{
	int fd = (int)(intptr_t)argument;
	char buffer[65536];
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t sent = send(fd, buffer + done, (size_t)(n - done), MSG_NOSIGNAL);

			if (sent < 0)
				goto out;
			done += sent;
		}
	}
out:
	close(fd);
	return NULL;
}

static int serve(const struct options *o)
{
	int listener = listen_at(o);

	while (!stopped) {
		pthread_t thread;
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		if (o->mode == MODE_LISTEN) {
			echo((void *)(intptr_t)fd);
			break;
		}
		if (pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
	return 0;
}

static void open_connection(struct stream *s)
{
	int error;

	s->fd = socket(s->o.address.sa.sa_family, SOCK_STREAM, 0);
	if (s->fd < 0)
		failed("socket");
	if (s->o.level >= 0 && (error = tool_set_level(s->fd, s->o.level))) {
		errno = error;
		failed("setsockopt");
	}
	if (s->o.bind.sa.sa_family && bind(s->fd, &s->o.bind.sa, tool_address_size(&s->o.bind)))
		failed("bind");
	if (connect(s->fd, &s->o.address.sa, tool_address_size(&s->o.address)))
		failed("connect");
}

/* Bytes that may have been sent by @p now at the wanted rate. */
static uint64_t allowed(const struct stream *s, uint64_t now)
{
	uint64_t most = s->o.bytes ? s->o.bytes : UINT64_MAX;
	uint64_t paced = (uint64_t)((double)(now - s->start_ns) / 1e9 * (double)s->o.rate);

	if (s->o.seconds > 0 && now - s->start_ns > (uint64_t)(s->o.seconds * 1e9))
		return s->sent;
	if (!s->o.rate)
		return most;
	return paced < most ? paced : most;
}

static bool all_sent(const struct stream *s, uint64_t now)
{
	return (s->o.bytes && s->sent >= s->o.bytes) ||
	       (s->o.seconds > 0 && now - s->start_ns > (uint64_t)(s->o.seconds * 1e9));
}

static void change_level(struct stream *s)
{
	while (s->changed < s->o.change_count && s->sent >= s->o.changes[s->changed].at) {
		int error = tool_set_level(s->fd, s->o.changes[s->changed++].level);

		if (error)
			tool_error_count(&s->level_errors, error);
	}
}

static void send_some(struct stream *s, uint64_t most)
{
	char buffer[16384];
	size_t want = most - s->sent < sizeof(buffer) ? (size_t)(most - s->sent) : sizeof(buffer);
	ssize_t n;

	content(s->o.marker, s->sent, buffer, want);
	n = send(s->fd, buffer, want, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		s->sent += (uint64_t)n;
	else if (errno != EAGAIN)
		tool_error_count(&s->errors, errno);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT))
		s->closed = true;
}

static void receive_some(struct stream *s)
{
	char got[65536], want[65536];
	uint64_t now = tool_monotonic_ns();
	ssize_t n = recv(s->fd, got, sizeof(got), MSG_DONTWAIT);

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			tool_error_count(&s->errors, errno);
		s->closed = true;
		return;
	}
	content(s->o.marker, s->received, want, (size_t)n);
	for (ssize_t i = 0; i < n && !s->mismatch; i++) {
		if (got[i] != want[i])
			s->mismatch = s->received + (uint64_t)i + 1;
	}
	s->received += (uint64_t)n;
	if (now - s->last_ns > s->gap_ns)
		s->gap_ns = now - s->last_ns;
	s->last_ns = now;
}

static void report(const struct stream *s, bool done)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	printf("{\"time\": %.6f, \"done\": %s, \"sent\": %llu, \"received\": %llu, \"exact\": %s, \"closed\": %s, "
	       "\"retransmits\": %u, "
	       "\"max_gap_ms\": %.1f",
	       tool_epoch(), done ? "true" : "false", (unsigned long long)s->sent, (unsigned long long)s->received,
	       s->mismatch ? "false" : "true", s->closed ? "true" : "false", info.tcpi_total_retrans,
	       (double)s->gap_ns / 1e6);
	tool_error_print(stdout, "errors", &s->errors);
	tool_error_print(stdout, "level_errors", &s->level_errors);
	printf("}\n");
	fflush(stdout);
}

static bool finished(const struct stream *s, uint64_t now)
{
	if (s->closed || stopped)
		return true;
	if (all_sent(s, now) && s->received >= s->sent)
		return true;
	return s->sent > s->received && now - s->last_ns > s->o.patience_ms * 1000000ULL;
}

static void transfer(struct stream *s)
{
	uint64_t next_report = 0;

	s->start_ns = s->last_ns = tool_monotonic_ns();
	for (;;) {
		uint64_t now = tool_monotonic_ns(), most = allowed(s, now);
		struct pollfd p = {.fd = s->fd, .events = POLLIN};

		if (finished(s, now))
			return;
		if (s->sent == s->received)
			s->last_ns = now;
		if (s->o.report_ms && now >= next_report) {
			report(s, false);
			next_report = now + s->o.report_ms * 1000000ULL;
		}
		change_level(s);
		/* In pieces of 5 ms, as a codec would. */
		if (most > s->sent && (most - s->sent >= s->o.rate / 200 || most == s->o.bytes))
			p.events |= POLLOUT;
		poll(&p, 1, 5);
		if (p.revents & (POLLIN | POLLERR | POLLHUP))
			receive_some(s);
		if (p.revents & POLLOUT)
			send_some(s, most);
	}
}

static const struct option long_options[] = {
    {"serve", required_argument, NULL, 'S'},
    {"to", required_argument, NULL, 't'},
    {"listen", required_argument, NULL, 'L'},
    {"bind", required_argument, NULL, 'b'},
    {"bytes", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, 's'},
    {"rate", required_argument, NULL, 'r'},
    {"marker", required_argument, NULL, 'm'},
    {"level", required_argument, NULL, 'l'},
    {"level-at", required_argument, NULL, 'a'},
    {"report", required_argument, NULL, 'R'},
    {"patience", required_argument, NULL, 'p'},
    {NULL, 0, NULL, 0},
};

static void parse_level(struct options *o, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "0:%s", name);
	o->level = tool_change_parse(text).level;
}

static void parse_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'S':
	case 'L':
	case 't':
		o->mode = option == 'S' ? MODE_SERVE : option == 'L' ? MODE_LISTEN : MODE_CONNECT;
		o->address = tool_address(value);
		break;
	case 'b':
		o->bind = tool_address(value);
		break;
	case 'n':
		o->bytes = tool_number(value, 1UL << 40);
		break;
	case 's':
		o->seconds = strtod(value, NULL);
		break;
	case 'r':
		o->rate = tool_number(value, 1UL << 40);
		break;
	case 'm':
		o->marker = value;
		break;
	case 'l':
		parse_level(o, value);
		break;
	case 'a':
		if (o->change_count == TOOL_CHANGES)
			tool_die("too many level changes");
		o->changes[o->change_count++] = tool_change_parse(value);
		break;
	case 'R':
		o->report_ms = (unsigned)tool_number(value, 1000000);
		break;
	case 'p':
		o->patience_ms = (unsigned)tool_number(value, 1000000);
		break;
	default:
		tool_die("usage: see the head of tcp.c");
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct stream s = {.o = {.marker = "unmarked", .patience_ms = 5000, .level = -1}};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(&s.o, option, optarg);
	if (s.o.mode == MODE_NONE)
		tool_die("usage: see the head of tcp.c");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (s.o.mode != MODE_CONNECT)
		return serve(&s.o);
	open_connection(&s);
	transfer(&s);
	report(&s, true);
	return s.mismatch || s.received < s.sent;
}
