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

/* Answer the waiting callers if the tunnel is up, if no server can be verified, or if their time is over. */
static void tick(void *context)
{
	struct client *c = context;
	const char *in_vain = trust_in_vain(&c->connector);
	bool up = is_up(c);
	for (unsigned i = 0; i < WAITERS_MAX; i++) {
		struct tscf_control_call_in *call = c->waiters.calls[i];
		if (!call || (!up && !in_vain && c->now < c->waiters.deadlines[i]))
			continue;
		c->waiters.calls[i] = NULL;
		if (up)
			tscf_control_answer(call, 0, NULL);
		else
			tscf_control_answer(call, in_vain ? EKEYREJECTED : ETIMEDOUT, in_vain);
	}
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < WAITERS_MAX; i++)
		if (c->waiters.calls[i] && c->waiters.deadlines[i] < next)
			next = c->waiters.deadlines[i];
	return next < UINT64_MAX && (is_up(c) || trust_in_vain(&c->connector)) ? c->now : next;
}

/* Each user except root gets at most a share of the places, and all these users together do not get all. */
static unsigned places_for(const struct client *c, uid_t uid)
{
	const unsigned places = WAITERS_MAX, share = places / 8;
	unsigned taken = 0;
	for (unsigned i = 0; i < places; i++)
		taken += c->waiters.calls[i] && c->waiters.calls[i]->uid == uid;
	if (uid == 0)
		return places;
	return taken < share ? places - share : 0;
}

void waiters_add(struct client *c, struct tscf_control_call_in *call)
{
	for (unsigned i = 0; i < places_for(c, call->uid); i++) {
		if (c->waiters.calls[i])
			continue;
		c->waiters.calls[i] = call;
		c->waiters.deadlines[i] = c->now + call->request.timeout_ms;
		tick(c);
		return;
	}
	tscf_control_answer(call, EBUSY, NULL);
}

void waiters_gone(struct client *c, const struct tscf_control_call_in *call)
{
	for (unsigned i = 0; i < WAITERS_MAX; i++)
		if (c->waiters.calls[i] == call)
			c->waiters.calls[i] = NULL;
}

void waiters_init(struct client *c)
{
	tscf_timers_add(&c->timers, &c->waiters.timer, next_due, tick, c);
}
