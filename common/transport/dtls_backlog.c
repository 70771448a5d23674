/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams of handshakes wait here until the packets of established connections are done (deferred_work.h).  Clients
 * that have begun a handshake go first: their handshakes are nearly done, and a flood of hellos cannot keep them from
 * finishing.  Datagrams that do not fit are dropped, and the client sends them again.
 */
#include "common/transport/dtls_peer.h"

#include <stddef.h>
#include <stdlib.h>

/*
 * Most waiting datagrams of each kind: about a tenth of a second's work, so that no client retransmits before its turn.
 */
#define WAITING_MAX 512

struct dtls_waiting {
	struct dtls_waiting *next;
	struct tscf_packet packet;
	uint8_t data[];
};

static void append(struct dtls_backlog *backlog, struct dtls_waiting *waiting)
{
	waiting->next = NULL;
	if (!backlog->first)
		backlog->first = waiting;
	else
		backlog->last->next = waiting;
	backlog->last = waiting;
	backlog->count++;
}

static struct dtls_waiting *take(struct dtls_backlog *backlog)
{
	struct dtls_waiting *waiting = backlog->first;

	if (waiting) {
		backlog->first = waiting->next;
		backlog->count--;
	}
	return waiting;
}

void dtls_backlog_add(struct dtls *dtls, struct dtls_backlog *backlog, const struct tscf_packet *packet)
{
	struct dtls_waiting *waiting = backlog->count < WAITING_MAX ? malloc(sizeof(*waiting) + packet->length) : NULL;

	if (!waiting) {
		dtls->base.transport.counters.receive_drops++;
		return;
	}
	waiting->packet = *packet;
	waiting->packet.data = waiting->data;
	memcpy(waiting->data, packet->data, packet->length);
	append(backlog, waiting);
	tscf_deferred_work_wake(&dtls->deferred);
}

struct tscf_packet *dtls_backlog_take(struct dtls_backlog *backlog)
{
	struct dtls_waiting *waiting = take(backlog);

	return waiting ? &waiting->packet : NULL;
}

void dtls_backlog_done(struct tscf_packet *packet)
{
	free((char *)packet - offsetof(struct dtls_waiting, packet));
}

void dtls_backlog_free(struct dtls_backlog *backlog)
{
	struct dtls_waiting *waiting;

	while ((waiting = take(backlog)))
		free(waiting);
}
