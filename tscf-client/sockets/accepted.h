/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accepted.h - connections of accept_queue.h get their mark once a program has accepted them.
 *
 * The kernel does not report an accept(2).  So the client polls the kernel's sockets of the port while there are such
 * connections: first a few milliseconds after the listening socket was marked, then at growing intervals, since a
 * program may never accept them.
 */
#ifndef TSCF_CLIENT_ACCEPTED_H
#define TSCF_CLIENT_ACCEPTED_H

#include "tscf-client/sockets/moves.h"
#include "tscf-client/sockets/searches.h"

/** The owner sets what it uses. */
struct accepted {
	struct accept_queue *queue;
	struct moves *moves;
	struct searches *const *searches; /**< is there before the first connection */
	struct tscf_timer timer;
	bool taking; /**< connections that were accepted are being searched for */
};

/** Begin to poll whenever there are such connections. */
void accepted_init(struct accepted *a);

#endif
