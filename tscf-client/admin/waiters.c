/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/waiters.h"

#include "common/control/control.h"
#include "tscf-client/context.h"

#include <errno.h>

static bool is_up(const struct client *c)
{
	bool encrypted = !trusted_network_wants(&c->trusted_network, c->config->default_level) || dtte_is_up(&c->dtte);
	return c->plain.state == TUNNEL_UP && encrypted;
}

void waiters_check(struct client *c)
{
	for (unsigned i = 0; i < sizeof(c->waiters) / sizeof(*c->waiters); i++) {
		struct tscf_control_call_in *call = c->waiters[i];
		if (!call || (!is_up(c) && c->now < c->waiter_deadlines[i]))
			continue;
		c->waiters[i] = NULL;
		tscf_control_answer(call, is_up(c) ? 0 : ETIMEDOUT, NULL);
	}
}

uint64_t waiters_next(const struct client *c)
{
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < sizeof(c->waiters) / sizeof(*c->waiters); i++)
		if (c->waiters[i] && c->waiter_deadlines[i] < next)
			next = c->waiter_deadlines[i];
	return next;
}

/* No user but root takes more than a share of the places, and all of them together not all. */
static unsigned places_for(const struct client *c, uid_t uid)
{
	const unsigned places = sizeof(c->waiters) / sizeof(*c->waiters), share = places / 8;
	unsigned taken = 0;
	for (unsigned i = 0; i < places; i++)
		taken += c->waiters[i] && c->waiters[i]->uid == uid;
	if (uid == 0)
		return places;
	return taken < share ? places - share : 0;
}

void waiters_add(struct client *c, struct tscf_control_call_in *call)
{
	for (unsigned i = 0; i < places_for(c, call->uid); i++) {
		if (c->waiters[i])
			continue;
		c->waiters[i] = call;
		c->waiter_deadlines[i] = c->now + call->request.timeout_ms;
		waiters_check(c);
		return;
	}
	tscf_control_answer(call, EBUSY, NULL);
}
