/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * routing_look.c - reads our entries in the kernel: rules, routes and the barrier; routing.h.
 */
#include "common/base/log.h"
#include "common/linux/xfrm_block.h"
#include "tscf-client/kernel/barrier.h"
#include "tscf-client/kernel/routing.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* Front rules of another client, which has other priorities, have another target. */
static bool is_ours_in_front(const struct routing *r, const struct tscf_rule *rule)
{
	return rule->action == TSCF_RULE_GOTO && rule->target == r->config->rule_priority;
}

int routing_look_at_rules(struct routing *r)
{
	uint32_t low = r->config->rule_priority, high = low + CLIENT_RULE_SPAN - 1;
	struct tscf_rule *rules = NULL;
	unsigned foreign;
	int n = tscf_rule_list(r->netlink, 0, high, &rules, &foreign);
	if (n < 0)
		return n;
	r->current.rule_count = 0;
	for (int i = 0; i < n && r->current.rule_count < ROUTING_RULES_MAX; i++)
		if (rules[i].priority >= low || is_ours_in_front(r, &rules[i]))
			r->current.rules[r->current.rule_count++] = rules[i];
	free(rules);
	return (int)r->current.rule_count;
}

static bool is_local(const struct tscf_rule *rule)
{
	return rule->action == TSCF_RULE_LOOKUP && rule->table == RT_TABLE_LOCAL;
}

static int look_in_front(struct routing *r, unsigned *count, uint32_t *first)
{
	struct tscf_rule *rules = NULL;
	int n = tscf_rule_list_foreign(r->netlink, 0, r->config->rule_priority - 1, &rules);
	*count = 0;
	for (int i = 0; i < n; i++) {
		if (is_local(&rules[i]))
			continue;
		if (*count == 0 || rules[i].priority < *first)
			*first = rules[i].priority;
		++*count;
	}
	free(rules);
	return n < 0 ? n : 0;
}

static void take_route(struct routing *r, const struct tscf_route *route)
{
	if (r->current.route_count < ROUTING_PLAN_ROUTES_MAX)
		r->current.routes[r->current.route_count++] = *route;
}

/* Our tables are ours alone: they were empty when the client started. */
static int look_at_table(struct routing *r, uint32_t table)
{
	struct tscf_route_found *found = NULL;
	int deleted = 0, n = tscf_route_list(r->netlink, table, false, &found);
	for (int i = 0; i < n; i++) {
		if (found[i].ours)
			take_route(r, &found[i].route);
		else if (tscf_route_del_foreign(r->netlink, &found[i].route) == 0)
			deleted++;
	}
	free(found);
	return n < 0 ? n : deleted;
}

static bool has_device(const struct routing_plan *plan, int device)
{
	for (unsigned i = 0; i < plan->route_count; i++)
		if (plan->routes[i].device == device)
			return true;
	return false;
}

/* Another client may have routes there, too. */
static int look_at_main(struct routing *r)
{
	struct tscf_route_found *found = NULL;
	int n = tscf_route_list(r->netlink, RT_TABLE_MAIN, true, &found);
	for (int i = 0; i < n; i++)
		if (has_device(&r->wanted, found[i].route.device))
			take_route(r, &found[i].route);
	free(found);
	return n < 0 ? n : 0;
}

int routing_look(struct routing *r, unsigned *in_front, uint32_t *first)
{
	int plain = 0, encrypted = 0;
	int error = routing_look_at_rules(r);
	if (error >= 0)
		error = look_in_front(r, in_front, first);
	if (error < 0)
		return error;
	r->current.route_count = 0;
	plain = look_at_table(r, r->config->table_plain);
	encrypted = look_at_table(r, r->config->table_encrypted);
	error = r->config->routes_in_main ? look_at_main(r) : 0;
	if (plain < 0 || encrypted < 0 || error < 0)
		return plain < 0 ? plain : encrypted < 0 ? encrypted : error;
	return plain + encrypted;
}

static int sync_barrier(struct routing *r, unsigned *restored)
{
	int error = tscf_xfrm_sync(r->config->fwmark_mask, r->barrier->list, r->barrier->count, restored);
	if (error < 0 && !r->quiet)
		tscf_error("cannot set the IPsec policies that keep packets from leaving in clear: %s",
			   strerror(-error));
	return error;
}

int routing_guard(struct routing *r, const struct routing_facts *facts, unsigned *restored)
{
	*restored = 0;
	if (!r->barrier)
		r->barrier = calloc(1, sizeof(*r->barrier));
	if (!r->barrier)
		return -ENOMEM;
	barrier_plan(r->config, facts, r->barrier);
	return sync_barrier(r, restored);
}

void routing_unguard(struct routing *r, bool keep)
{
	struct barrier none = {.count = 0};
	unsigned restored;
	int error;
	if (keep && r->barrier) {
		barrier_keep(r->barrier);
		error = sync_barrier(r, &restored);
	} else {
		error = keep ? 0 : tscf_xfrm_sync(r->config->fwmark_mask, none.list, 0, &restored);
	}
	if (error < 0)
		tscf_error("cannot delete the IPsec policies that keep packets from leaving in clear: %s",
			   strerror(-error));
	free(r->barrier);
	r->barrier = NULL;
}
