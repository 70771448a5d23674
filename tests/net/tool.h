/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tool.h - what the test programs share.  They are ordinary programs of the C library, so that they see what any
 * program sees; they end with status 1 and a line on stderr when they are used wrongly.
 */
#ifndef TSCF_TESTS_TOOL_H
#define TSCF_TESTS_TOOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/** Say why and exit with status 1. */
_Noreturn void tool_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

union tool_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** "192.0.2.1:7000", "2001:db8::1:7000" (what follows the last colon is the port), "[2001:db8::1]:7000" */
union tool_address tool_address(const char *text);
socklen_t tool_address_size(const union tool_address *a);
/** @return the port, in network order; the same place for both families. */
in_port_t *tool_address_port(union tool_address *a);
/** An address that must be IPv4. */
struct sockaddr_in tool_endpoint(const char *text);
unsigned long tool_number(const char *text, unsigned long most);

uint64_t tool_monotonic_ns(void);
/** Seconds since the epoch with microseconds, as in a capture. */
double tool_epoch(void);

/** Run before everything else, where that is allowed: what is measured is to be others, not how long this waits for a
 * processor. */
void tool_realtime(void);

/** A level change that is to happen when a count reaches `at`: "500:encrypted-only". */
struct tool_change {
	uint64_t at;
	int level;
};
#define TOOL_CHANGES 16
struct tool_change tool_change_parse(const char *text);
const char *tool_level_name(int level);
/** setsockopt(SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION).  @return 0 or errno. */
int tool_set_level(int fd, int level);

/** Counts by errno, written as a JSON object such as {"EACCES": 3}. */
#define TOOL_ERRNOS 140
struct tool_errors {
	uint64_t count[TOOL_ERRNOS];
	uint64_t total;
};
void tool_error_count(struct tool_errors *e, int error);
void tool_error_print(FILE *out, const char *name, const struct tool_errors *e);

#endif
