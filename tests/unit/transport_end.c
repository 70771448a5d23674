/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/transport_end.h"

#include <stdio.h>

void transport_end_closing(struct transport_end *end, bool peer_too, struct tscf_peer *peer, bool transport_too,
			   struct tscf_transport *t)
{
	if (peer_too)
		tscf_peer_close(peer);
	if (transport_too) {
		tscf_transport_close(t);
		end->transport = NULL;
	}
}

void transport_end_up(void *context, struct tscf_peer *peer)
{
	struct transport_end *end = context;

	end->up++;
	end->peer = peer;
	if (end->adopts)
		peer->user = end;
	transport_end_closing(end, end->closes_peer_when_up, peer, end->closes_when_up, peer->transport);
}

void transport_end_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct transport_end *end = context;

	end->down++;
	end->error = error;
	snprintf(end->reason, sizeof(end->reason), "%s", reason);
	if (end->peer == peer)
		end->peer = NULL;
	transport_end_closing(end, end->closes_peer_when_down, peer, end->closes_when_down, peer->transport);
}

bool transport_is_up(void *context)
{
	return ((struct transport_end *)context)->up > 0;
}

bool transport_is_down(void *context)
{
	return ((struct transport_end *)context)->down > 0;
}

bool transport_is_settled(void *context)
{
	return transport_is_up(context) || transport_is_down(context);
}

bool transport_is_closed(void *context)
{
	return ((struct transport_end *)context)->transport == NULL;
}
