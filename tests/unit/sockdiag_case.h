/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockdiag_case.h - a register of sockets in a network namespace of its own, made again for each test; what it has
 * said; and marked sockets for it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_SOCKDIAG_CASE_H
#define TSCF_TESTS_SOCKDIAG_CASE_H

#include "common/base/level.h"
#include "common/linux/sockdiag.h"

#define MASK  TSCF_MARK_MASK_DEFAULT
#define OTHER 0x00000055U /* bits of somebody else's */
#define MANY  5000
#define ROOM  (2 * MANY)

/** What the handler has received. */
extern struct sockdiag_seen {
	struct tscf_socket found[ROOM];
	size_t count;
	int done, error, cancelled;
	unsigned destroyed, lost;
	uint64_t awaited; /**< cookie */
	bool gone;        /**< the awaited socket has been closed */
} seen;
/** Writes into seen, which is its context. */
extern const struct tscf_sockdiag_handler handler;

extern struct ev_loop *loop;
extern struct tscf_sockdiag *diag;

/** A checked fixture: the namespace, the loop, and a register of the mask MASK. */
void setup(void);
void teardown(void);

/** Fill seen.found with a whole dump. */
void dump(void);
/** @return the socket of the last dump, or NULL; owned by seen. */
const struct tscf_socket *find(uint64_t cookie);

uint64_t cookie_of(int fd);
void set_mark(int fd, uint32_t mark);
/** @return a new socket with a mark of @p level beside the bits OTHER; the caller closes it. */
int marked_socket(int family, int type, int protocol, enum tscf_level level);
union tscf_endpoint endpoint(const char *text);
void bind_to(int fd, const char *text);

#endif
