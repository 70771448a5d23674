/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/reaper.h"

void tscf_reaper_release(struct tscf_transport *t)
{
	ev_prepare_stop(t->loop, &t->reaper);
	while (t->closed_peers) {
		struct tscf_peer *peer = t->closed_peers;

		t->closed_peers = peer->next_closed;
		t->ops->peer_free(peer);
	}
}

static void on_prepare(struct ev_loop *loop, struct ev_prepare *watcher, int events)
{
	(void)loop;
	(void)events;
	tscf_reaper_release(watcher->data);
}

void tscf_reaper_init(struct tscf_transport *t)
{
	ev_prepare_init(&t->reaper, on_prepare);
	t->reaper.data = t;
}

void tscf_reaper_enter(struct tscf_transport *t)
{
	t->depth++;
}

void tscf_reaper_leave(struct tscf_transport *t)
{
	if (--t->depth == 0 && t->closed)
		t->ops->free(t);
}

void tscf_reaper_retire(struct tscf_peer *peer)
{
	struct tscf_transport *t = peer->transport;

	peer->closed = true;
	peer->user = NULL;
	peer->next_closed = t->closed_peers;
	t->closed_peers = peer;
	if (!t->closed)
		ev_prepare_start(t->loop, &t->reaper);
}
