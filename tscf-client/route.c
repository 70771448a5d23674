/* SPDX-License-Identifier: GPL-3.0-or-later */
/* route.c - collects the facts of all parts, and writes them into the kernel. */
#include "common/base/log.h"
#include "tscf-client/context.h"

/* Encrypted-preferred sockets follow the encrypted tunnel, all at once. */
static void preferred_moved(struct client *c)
{
	unsigned count = c->registry.counts[TSCF_LEVEL_ENCRYPTED_PREFERRED];
	const char *why = preferred_why_plain(&c->preferred);

	if (!why)
		why = c->encrypted.aside ? "the encrypted tunnel does not answer" : c->dtte.reason;
	c->preferred_since = c->now;
	if (count > 0 && c->facts.preferred)
		tscf_info("encrypted-preferred sockets (%u) are in the encrypted tunnel now", count);
	else if (count > 0)
		tscf_info("encrypted-preferred sockets (%u) are in the plain tunnel now: %s", count, why);
}

void client_route(struct client *c)
{
	struct routing_plan plan;
	const bool before = c->facts.preferred;
	unsigned restored;

	c->facts.gate = c->upkeep.shut ? DTTE_GATE_SHUT : c->dtte.gate;
	c->facts.preferred = dtte_is_up(&c->dtte) && !c->encrypted.aside && preferred_lead_to_encrypted(&c->preferred);
	if (c->facts.preferred != before)
		preferred_moved(c);
	delivery_plan(c->config, &c->facts, &c->delivery);
	routing_make_plan(c->config, &c->facts, &plan);
	guard_before(&c->guard);
	routing_guard(&c->routing, &c->facts, &restored);
	routing_apply(&c->routing, &plan);
	guard_after(&c->guard);
}
