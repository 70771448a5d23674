/* SPDX-License-Identifier: GPL-3.0-or-later */
/* route.c - collects the facts of all parts, and writes them into the kernel. */
#include "tscf-client/context.h"

void client_route(struct client *c)
{
	struct routing_plan plan;
	unsigned restored;
	c->facts.gate = c->upkeep.shut ? DTTE_GATE_SHUT : c->dtte.gate;
	c->facts.preferred =
	    dtte_is_up(&c->dtte) && !c->encrypted.aside && trusted_network_leads_to_encrypted(&c->trusted_network);
	delivery_plan(c->config, &c->facts, &c->delivery);
	routing_make_plan(c->config, &c->facts, &plan);
	guard_before(&c->guard);
	routing_guard(&c->routing, &c->facts, &restored);
	routing_apply(&c->routing, &plan);
	guard_after(&c->guard);
}
