/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * named.h - takes copies of the sockets that a request names, out of their processes: all of a process, or all with a
 * protocol and local port.
 *
 * Sockets come, go and change hands meanwhile.  So the search goes on until it finds nothing new, and what is there and
 * cannot be had is noted.
 */
#ifndef TSCF_CLIENT_NAMED_H
#define TSCF_CLIENT_NAMED_H

#include "common/linux/sockdiag.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uthash.h>

struct named_socket {
	struct tscf_socket socket; /**< of a process's socket: only the inode */
	pid_t pid;                 /**< a process that has it; 0: none is known */
	int error;                 /**< why it cannot be had: -EPERM its process does not give it, -ESRCH no process is
				      known to have it, -EAGAIN it is too new, or another -errno; 0 if it was taken, or is gone */
	bool taken;
	unsigned first, last; /**< listings that it was in; 0: none */
	UT_hash_handle hh;
};

/** The caller sets the first group; the rest is zero at first. */
struct named {
	pid_t pid; /**< 0: by protocol and port */
	uint8_t protocol;
	uint16_t port;
	uid_t uid; /**< who asks: only root may have sockets of others */
	/** A socket of process @p pid; the descriptor is the callee's. */
	void (*take)(void *context, pid_t pid, int fd);
	void *context;

	struct named_socket *sockets; /**< a hash, by inode */
	unsigned listings, taken;     /**< taken: in the last look through the processes */
	bool no_memory;
};

/** @return 0; or -errno: the sockets cannot be listed, or -ESRCH, -EPERM of a process; some may have been taken even
 * then. */
int named_find(struct named *n);
/** Free the hash. */
void named_free(struct named *n);

#endif
