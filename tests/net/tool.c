/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/net/tool.h"
#include "tscf-client/libtsc/tsc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static const char *const level_names[] = {
    [tsc_so_tunnel_transport_default] = "default",
    [tsc_so_tunnel_transport_unencrypted] = "unencrypted",
    [tsc_so_tunnel_transport_encrypted_only] = "encrypted-only",
    [tsc_so_tunnel_transport_encrypted_preferred] = "encrypted-preferred",
};

void tool_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

union tool_address tool_address(const char *text)
{
	union tool_address a = {.sa.sa_family = AF_UNSPEC};
	const char *colon = strrchr(text, ':');
	char copy[INET6_ADDRSTRLEN + 2] = "", *host = copy;
	size_t length;

	if (!colon || (size_t)(colon - text) >= sizeof(copy))
		tool_die("%s: not ADDRESS:PORT", text);
	memcpy(copy, text, (size_t)(colon - text));
	length = strlen(copy);
	if (copy[0] == '[' && copy[length - 1] == ']') {
		copy[length - 1] = '\0';
		host++;
	}
	if (inet_pton(AF_INET, host, &a.in.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &a.in6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		tool_die("%s: not ADDRESS:PORT", text);
	*tool_address_port(&a) = htons((uint16_t)tool_number(colon + 1, 65535));
	return a;
}

socklen_t tool_address_size(const union tool_address *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

in_port_t *tool_address_port(union tool_address *a)
{
	return a->sa.sa_family == AF_INET6 ? &a->in6.sin6_port : &a->in.sin_port;
}

struct sockaddr_in tool_endpoint(const char *text)
{
	union tool_address a = tool_address(text);

	if (a.sa.sa_family != AF_INET)
		tool_die("%s: not an IPv4 address", text);
	return a.in;
}

unsigned long tool_number(const char *text, unsigned long most)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (errno || end == text || *end || n > most)
		tool_die("%s: not a number up to %lu", text, most);
	return n;
}

uint64_t tool_monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

double tool_epoch(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void tool_realtime(void)
{
	const struct sched_param parameter = {.sched_priority = 10};

	prctl(PR_SET_TIMERSLACK, 1);
	if (sched_setscheduler(0, SCHED_FIFO, &parameter) < 0)
		setpriority(PRIO_PROCESS, 0, -15);
}

struct tool_change tool_change_parse(const char *text)
{
	struct tool_change change;
	char *end;

	change.at = strtoull(text, &end, 10);
	if (end == text || *end != ':')
		tool_die("%s: not COUNT:LEVEL", text);
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(level_names[i], end + 1) == 0) {
			change.level = (int)i;
			return change;
		}
	}
	tool_die("%s: no such level", end + 1);
}

const char *tool_level_name(int level)
{
	return level_names[level];
}

int tool_set_level(int fd, int level)
{
	return setsockopt(fd, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, &level, sizeof(level)) ? errno : 0;
}

void tool_error_count(struct tool_errors *e, int error)
{
	e->total++;
	if (error > 0 && error < TOOL_ERRNOS)
		e->count[error]++;
}

void tool_error_print(FILE *out, const char *name, const struct tool_errors *e)
{
	const char *separator = "";

	fprintf(out, ", \"%s\": {", name);
	for (int i = 0; i < TOOL_ERRNOS; i++) {
		if (e->count[i]) {
			fprintf(out, "%s\"%s\": %llu", separator, strerrorname_np(i), (unsigned long long)e->count[i]);
			separator = ", ";
		}
	}
	fputc('}', out);
}
