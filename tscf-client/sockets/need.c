/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/need.h"

#include "tscf-client/dtte.h"
#include "tscf-client/sockets/preferred.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/tunnel/tunnel.h"

void need_write(struct need *n, struct tscf_writer *w)
{
	n->registry->stated = registry_need(n->registry);
	tscf_write_need(w, n->registry->stated);
}

void need_configured(struct need *n)
{
	n->encrypted->need = n->encrypted->need_told = n->registry->stated;
}

void need_flush(struct need *n)
{
	enum tscf_level need = registry_need(n->registry);
	struct tunnel *t = n->encrypted;

	if (need == TSCF_LEVEL_ENCRYPTED_ONLY)
		preferred_keep(n->preferred);
	if (!dtte_is_up(n->dtte))
		return;
	t->need = need;
	if (t->need_told != need)
		tunnel_probe(t);
}

/* A socket that no listing shows ceases to count without any event. */
static uint64_t next_due(const void *context)
{
	const struct registry *r = ((const struct need *)context)->registry;

	return r->only_until > tscf_timers_now(r->timers) ? r->only_until : UINT64_MAX;
}

/* The end of this loop iteration does it. */
static void tick(void *context)
{
	(void)context;
}

void need_init(struct need *n)
{
	tscf_timers_add(n->timers, &n->timer, next_due, tick, n);
}
