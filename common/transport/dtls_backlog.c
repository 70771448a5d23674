/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Datagrams of handshakes wait here until the packets of those who are up are done (deferred_work.h).  Whoever has
 * begun goes first: his handshake is nearly paid for, and a flood of hellos cannot keep him from finishing.  What does
 * not fit is dropped, and sent again by the client.
 */
#include "common/transport/dtls_peer.h"

#include <stdlib.h>

/* Most datagrams waiting, of each kind: about a tenth of a second's work, so that no client repeats itself before its
 * turn. */
#define WAITING_MAX 512

struct dtls_waiting {
	struct dtls_waiting *next;
	struct tscf_packet packet;
	uint8_t data[];
};

static void append(struct dtls_backlog *backlog, struct dtls_waiting *waiting)
{
	waiting->next = NULL;
	if (backlog->first == NULL)
		backlog->first = waiting;
	else
		backlog->last->next = waiting;
	backlog->last = waiting;
	backlog->count++;
}

static struct dtls_waiting *take(struct dtls_backlog *backlog)
{
	struct dtls_waiting *waiting = backlog->first;

	if (waiting != NULL) {
		backlog->first = waiting->next;
		backlog->count--;
	}
	return waiting;
}

void dtls_backlog_add(struct dtls *dtls, struct dtls_backlog *backlog, const struct tscf_packet *packet)
{
	struct dtls_waiting *waiting = backlog->count < WAITING_MAX ? malloc(sizeof(*waiting) + packet->length) : NULL;

	if (waiting == NULL) {
		dtls->base.transport.counters.receive_drops++;
		return;
	}
	waiting->packet = *packet;
	waiting->packet.data = waiting->data;
	memcpy(waiting->data, packet->data, packet->length);
	append(backlog, waiting);
	tscf_deferred_work_wake(&dtls->later);
}

bool dtls_backlog_step(void *context)
{
	struct dtls *dtls = context;
	struct dtls_waiting *waiting = take(dtls->begun.count > 0 ? &dtls->begun : &dtls->strangers);
	bool more;

	if (waiting == NULL)
		return false;
	tscf_reaper_enter(&dtls->base.transport);
	dtls_handshake_datagram(dtls, &waiting->packet);
	free(waiting);
	more = !dtls->base.transport.closed && dtls->begun.count + dtls->strangers.count > 0;
	if (!more)
		dtls_finish(dtls);
	tscf_reaper_leave(&dtls->base.transport);
	return more;
}

void dtls_backlog_pause(void *context)
{
	struct dtls *dtls = context;

	tscf_reaper_enter(&dtls->base.transport);
	dtls_finish(dtls);
	tscf_reaper_leave(&dtls->base.transport);
}

void dtls_backlog_free(struct dtls_backlog *backlog)
{
	struct dtls_waiting *waiting;

	while ((waiting = take(backlog)) != NULL)
		free(waiting);
}
