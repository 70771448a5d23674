/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * known.h - the sockets that matter to the registry, as far as the guard's events and the last listing say.
 *
 * Without a guard the table is empty: then each listing shows everything anew.  The guard's events make entries as
 * sockets get their ports, destroy events of the kernel remove them, and a listing is compared with them.
 */
#ifndef TSCF_CLIENT_KNOWN_H
#define TSCF_CLIENT_KNOWN_H

#include "common/base/level.h"
#include "common/linux/sockdiag.h"

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

struct known_socket {
	uint64_t cookie;
	struct tscf_socket socket;
	enum tscf_level level; /**< as registry_level */
	uint32_t generation;   /**< of the running or last listing, when it was last told of or listed */
	bool unexpected;       /**< listed, but no event has told of it */
	bool absent;           /**< it was missing in a listing, and no destroy event has come yet */
	bool closing;          /**< a TCP connection that is in TIME_WAIT, whose end has no event */
	UT_hash_handle hh;
};

/** Zero-initialised. */
struct known {
	struct known_socket *by_cookie;
	unsigned counts[4]; /**< by level */
	unsigned silent;    /**< sockets whose end has no event */
};

/** Forget all. */
void known_free(struct known *k);
/** @return the socket with that cookie, or NULL. */
struct known_socket *known_get(const struct known *k, uint64_t cookie);
/** Add the socket, or note what it is like now.  @return NULL when out of memory: it is not known. */
struct known_socket *known_put(struct known *k, const struct tscf_socket *s, enum tscf_level level);
/** It was missing in a listing: it counts no more. */
void known_miss(struct known *k, struct known_socket *one);
/** Remove @p one, which is freed. */
void known_forget(struct known *k, struct known_socket *one);

/** @return whether the kernel does not report the end of such a socket, or its binding. */
bool known_is_silent(const struct tscf_socket *s);

#endif
