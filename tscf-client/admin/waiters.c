/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/waiters.h"

#include "common/control/control.h"

#include <errno.h>

static bool is_up(const struct waiters *w)
{
	bool encrypted = !preferred_wants(w->preferred, w->config->default_level) || dtte_is_up(w->dtte);
	return w->plain->state == TUNNEL_UP && encrypted;
}

/* @return why there is no tunnel, as the status says it. */
static const char *reason_of(const struct waiters *w)
{
	if (w->plain->state == TUNNEL_UP)
		return w->dtte->reason;
	/* It says more than that the next try waits for its answer. */
	return w->connector->refusal[0] ? w->connector->refusal : w->plain_reason;
}

/* @return why waiting is in vain, or NULL.  The answers that say so are the server's: they were sealed or encrypted. */
static const char *in_vain(const struct waiters *w)
{
	if (w->plain->state != TUNNEL_UP)
		return trust_in_vain(w->connector);
	return *w->encrypted_refused && !is_up(w) ? w->dtte->reason : NULL;
}

/* Answer the waiting callers if the tunnel is up, if they wait in vain, or if their time is over. */
static void tick(void *context)
{
	struct waiters *w = context;
	const char *why = in_vain(w);
	bool up = is_up(w);
	for (unsigned i = 0; i < WAITERS_MAX; i++) {
		struct tscf_control_call_in *call = w->calls[i];
		if (!call || (!up && !why && tscf_timers_now(w->timers) < w->deadlines[i]))
			continue;
		w->calls[i] = NULL;
		if (up)
			tscf_control_answer(call, 0, NULL);
		else
			tscf_control_answer(call, why ? EKEYREJECTED : ETIMEDOUT, why ? why : reason_of(w));
	}
}

static uint64_t next_due(const void *context)
{
	const struct waiters *w = context;
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < WAITERS_MAX; i++)
		if (w->calls[i] && w->deadlines[i] < next)
			next = w->deadlines[i];
	return next < UINT64_MAX && (is_up(w) || in_vain(w)) ? tscf_timers_now(w->timers) : next;
}

/* Each user except root gets at most a share of the places, and all these users together do not get all. */
static unsigned places_for(const struct waiters *w, uid_t uid)
{
	const unsigned places = WAITERS_MAX, share = places / 8;
	unsigned taken = 0;
	for (unsigned i = 0; i < places; i++)
		taken += w->calls[i] && w->calls[i]->uid == uid;
	if (uid == 0)
		return places;
	return taken < share ? places - share : 0;
}

void waiters_add(struct waiters *w, struct tscf_control_call_in *call)
{
	for (unsigned i = 0; i < places_for(w, call->uid); i++) {
		if (w->calls[i])
			continue;
		w->calls[i] = call;
		w->deadlines[i] = tscf_timers_now(w->timers) + call->request.timeout_ms;
		tick(w);
		return;
	}
	tscf_control_answer(call, EBUSY, NULL);
}

void waiters_gone(struct waiters *w, const struct tscf_control_call_in *call)
{
	for (unsigned i = 0; i < WAITERS_MAX; i++)
		if (w->calls[i] == call)
			w->calls[i] = NULL;
}

void waiters_init(struct waiters *w)
{
	tscf_timers_add(w->timers, &w->timer, next_due, tick, w);
}
