/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deferred_replies.h - answers that wait until the store has written the changes that they report.
 *
 * An answer that does not fit in is dropped: the client repeats its request when no answer comes.
 */
#ifndef TSCF_SERVER_DEFERRED_REPLIES_H
#define TSCF_SERVER_DEFERRED_REPLIES_H

#include "tscf-server/session/request.h"

#include "common/transport/transport.h"

/** Most answers that may wait in each worker. */
#define SERVER_DEFERRED_REPLIES_MAX 4096

struct server_deferred_reply;

struct server_deferred_replies {
	struct server_deferred_reply *first, **last;
	unsigned count;
};

/** No answer waits. */
void server_deferred_replies_init(struct server_deferred_replies *w);
void server_deferred_replies_free(struct server_deferred_replies *w);

/** Keep the answer to a message that came from @p to, until the store has written answer->after. */
void server_deferred_replies_add(struct server_deferred_replies *w, const struct server_place *to,
				 const struct server_answer *answer);

/**
 * Send the answers that wait for tickets up to @p written.  Each goes to the session that it is about if that is still
 * at the same outer address, else to that address if datagrams reach it (@p send_to).
 */
void server_deferred_replies_send(struct server_deferred_replies *w, const struct server_state *state, uint64_t written,
				  void (*send_to)(struct tscf_transport *t, const union tscf_endpoint *to,
						  const struct tscf_addr *local, const void *data, uint32_t length));

#endif
