/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/routing.h"

#include "common/base/log.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum slot {
	SLOT_OUTER,
	SLOT_FROM,
	SLOT_FROM_PROHIBIT,
	SLOT_ONLY,
	SLOT_ONLY_PROHIBIT,
	SLOT_PREFERRED,
	SLOT_PLAIN,
	SLOT_POLICY, /* two for each */
	/* Defaults of tscf-run, unless a policy overrides them. */
	SLOT_RUN_ONLY = SLOT_POLICY + 2 * POLICIES_MAX,
	SLOT_RUN_ONLY_PROHIBIT,
	SLOT_RUN_PREFERRED,
	SLOT_RUN_PLAIN,
	SLOT_DEFAULT_ENCRYPTED,
	SLOT_DEFAULT_PROHIBIT,
	SLOT_REST,
	SLOT_END,
};
_Static_assert(SLOT_END + 1 == CLIENT_RULE_SPAN, "every slot has a priority");
_Static_assert(SLOT_RUN_PLAIN - SLOT_RUN_ONLY == SLOT_PLAIN - SLOT_ONLY, "the levels have the same slots twice");

struct planner {
	const struct client_config *config;
	struct routing_plan *plan;
};

static struct tscf_rule *add_rule(struct planner *p, int family, enum slot slot, uint32_t table)
{
	struct tscf_rule *r = &p->plan->rules[p->plan->rule_count++];
	*r = (struct tscf_rule){.family = family,
				.priority = p->config->rule_priority + (uint32_t)slot,
				.action = table ? TSCF_RULE_LOOKUP : TSCF_RULE_PROHIBIT,
				.table = table};
	return r;
}

/* Compare only the bits @p bits of the value under the mask. */
static void select_mark(struct planner *p, struct tscf_rule *r, uint32_t value, uint32_t bits)
{
	r->mask = tscf_mark_set(0, p->config->fwmark_mask, bits);
	r->mark = tscf_mark_set(0, p->config->fwmark_mask, value);
}

static void add_mark_rule(struct planner *p, int family, enum slot slot, uint32_t value, uint32_t table)
{
	select_mark(p, add_rule(p, family, slot, table), value, TSCF_MARK_EXPLICIT | TSCF_MARK_LEVEL);
}

static void add_from_rule(struct planner *p, enum slot slot, const struct tscf_addr *from, uint32_t table)
{
	struct tscf_rule *r = add_rule(p, from->family, slot, table);
	r->from = (struct tscf_prefix){.addr = *from, .length = (uint8_t)(8 * tscf_addr_size(from->family))};
}

static void add_to_rules(struct planner *p, const struct routing_facts *f, enum slot slot, uint32_t table)
{
	for (unsigned i = 0; i < f->route_count; i++) {
		struct tscf_rule *r = add_rule(p, f->routes[i].addr.family, slot, table);
		r->to = f->routes[i];
		tscf_prefix_normalize(&r->to);
	}
}

/* Explicit marks come first: they were set for that one socket. */
static struct tscf_rule *add_policy_rule(struct planner *p, int family, const struct policy *policy, bool second,
					 uint32_t table)
{
	struct tscf_rule *r = add_rule(p, family, (enum slot)(SLOT_POLICY + 2 * policy->place + second), table);
	if (policy->number != 0)
		select_mark(p, r, policy_mark(policy), UINT32_MAX);
	else
		select_mark(p, r, 0, TSCF_MARK_EXPLICIT);
	r->uid = policy->uid;
	r->protocol = policy->protocol;
	r->source_port = policy->local_port;
	r->destination_port = policy->remote_port;
	r->to = policy->remote;
	return r;
}

static void plan_policy(struct planner *p, const struct routing_facts *f, int family, const struct policy *policy)
{
	bool only = policy->level == TSCF_LEVEL_ENCRYPTED_ONLY;
	bool preferred = policy->level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
	if (policy->remote.addr.family != 0 && policy->remote.addr.family != family)
		return;
	if ((only && f->gate != DTTE_GATE_SHUT) || (preferred && f->preferred))
		add_policy_rule(p, family, policy, false, p->config->table_encrypted);
	struct tscf_rule *last = add_policy_rule(p, family, policy, true, 0);
	if (only)
		return;
	/* The first policy that matches decides: packets that it lets through must skip the next ones. */
	last->action = TSCF_RULE_GOTO;
	last->target = p->config->rule_priority + SLOT_REST;
}

static void plan_default_level(struct planner *p, const struct routing_facts *f)
{
	enum tscf_level level = p->config->default_level;
	bool only = level == TSCF_LEVEL_ENCRYPTED_ONLY;
	bool preferred = level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
	if ((only && f->gate != DTTE_GATE_SHUT) || (preferred && f->preferred))
		add_to_rules(p, f, SLOT_DEFAULT_ENCRYPTED, p->config->table_encrypted);
	if (only)
		add_to_rules(p, f, SLOT_DEFAULT_PROHIBIT, 0);
}

/* Whether the service routes are a default route.  It may be given as two halves, to take precedence over the host's
 * own. */
static bool takes_all(const struct routing_facts *f, int family)
{
	for (unsigned i = 0; i < f->route_count; i++)
		if (f->routes[i].addr.family == family && f->routes[i].length <= 1)
			return true;
	return false;
}

/*
 * Packets of outer sockets skip all our rules and are routed like any other packet of the host: through another VPN if
 * that is the host's default route.  But if our tunnel is the default route, the other VPN's outer packets go through
 * ours, and each would go through the other.  Then table main comes before the rules of other programs.  The target of
 * the goto is planned first, so that it exists first.
 */
static void plan_outer(struct planner *p, const struct routing_facts *f, int family)
{
	add_rule(p, family, SLOT_END, 0)->action = TSCF_RULE_NOP;
	if (takes_all(f, family))
		add_mark_rule(p, family, SLOT_END, TSCF_MARK_OUTER, RT_TABLE_MAIN);
	add_mark_rule(p, family, SLOT_OUTER, TSCF_MARK_OUTER, 0);
	struct tscf_rule *jump = &p->plan->rules[p->plan->rule_count - 1];
	jump->action = TSCF_RULE_GOTO;
	jump->target = p->config->rule_priority + SLOT_END;
}

/* The rules that always exist: even a client without an address must neither tunnel its own packets nor let protected
 * packets out. */
static void plan_always(struct planner *p, const struct routing_facts *f, int family)
{
	plan_outer(p, f, family);
	add_mark_rule(p, family, SLOT_ONLY_PROHIBIT, TSCF_MARK_EXPLICIT | TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	add_mark_rule(p, family, SLOT_RUN_ONLY_PROHIBIT, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
}

/* The rules of each level; @p first is the slot of the first of them, @p explicit the additional bits of its marks. */
static void plan_levels(struct planner *p, const struct routing_facts *f, int family, enum slot first,
			uint32_t explicit)
{
	const struct client_config *c = p->config;
	enum slot preferred = first + (SLOT_PREFERRED - SLOT_ONLY), plain = first + (SLOT_PLAIN - SLOT_ONLY);
	if (f->gate != DTTE_GATE_SHUT)
		add_mark_rule(p, family, first, explicit | TSCF_LEVEL_ENCRYPTED_ONLY, c->table_encrypted);
	if (f->preferred)
		add_mark_rule(p, family, preferred, explicit | TSCF_LEVEL_ENCRYPTED_PREFERRED, c->table_encrypted);
	add_mark_rule(p, family, plain, explicit | TSCF_LEVEL_UNENCRYPTED, c->table_plain);
	add_mark_rule(p, family, plain, explicit | TSCF_LEVEL_ENCRYPTED_PREFERRED, c->table_plain);
}

static void plan_tables(struct planner *p, const struct routing_facts *f, int family)
{
	plan_levels(p, f, family, SLOT_ONLY, TSCF_MARK_EXPLICIT);
	plan_levels(p, f, family, SLOT_RUN_ONLY, 0);
}

/*
 * Packets that our rules would refuse must reach them before rules of other programs, which might divert them.  Our
 * first rule, the target, exists in every state.
 */
static void plan_front(struct planner *p, uint32_t priority)
{
	unsigned count = p->plan->rule_count;
	for (unsigned i = 0; i < count; i++) {
		struct tscf_rule copy = p->plan->rules[i];
		if (copy.action != TSCF_RULE_PROHIBIT)
			continue;
		copy.priority = priority;
		copy.action = TSCF_RULE_GOTO;
		copy.target = p->config->rule_priority + SLOT_OUTER;
		p->plan->rules[p->plan->rule_count++] = copy;
	}
}

static void plan_rules(struct planner *p, const struct routing_facts *f)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		int family = tscf_family(i);
		plan_always(p, f, family);
		if (f->encrypted.of[i].family) {
			add_from_rule(p, SLOT_FROM, &f->encrypted.of[i], p->config->table_encrypted);
			add_from_rule(p, SLOT_FROM_PROHIBIT, &f->encrypted.of[i], 0);
		}
		/* If the tunnel has no IPv6, IPv6 packets follow the host's routes. */
		bool has_tables = family == AF_INET || f->plain.of[i].family;
		if (has_tables)
			plan_tables(p, f, family);
		if (has_tables || p->config->policies.count > 0)
			add_rule(p, family, SLOT_REST, p->config->table_plain);
		if (f->away && f->plain.of[i].family)
			add_from_rule(p, SLOT_REST, &f->plain.of[i], 0);
		for (unsigned k = 0; k < p->config->policies.count; k++)
			plan_policy(p, f, family, &p->config->policies.list[k]);
	}
	plan_default_level(p, f);
	if (f->front && p->config->rule_priority > f->front_priority)
		plan_front(p, f->front_priority);
}

static void add_route(struct planner *p, const struct routing_facts *f, const struct tscf_prefix *to, uint32_t table,
		      int device)
{
	if (p->plan->route_count == ROUTING_PLAN_ROUTES_MAX) {
		tscf_warning("too many routes: one of table %u is left out", table);
		return;
	}
	struct tscf_route *r = &p->plan->routes[p->plan->route_count++];
	*r = (struct tscf_route){.destination = *to,
				 .source = f->plain.of[tscf_family_index(to->addr.family)],
				 .table = table,
				 .device = device};
	tscf_prefix_normalize(&r->destination);
}

static bool holds_outer(const struct routing_facts *f, const struct tscf_prefix *p)
{
	for (unsigned i = 0; i < f->outer_count; i++)
		if (tscf_prefix_contains(p, &f->outer[i]))
			return true;
	return false;
}

/* Routes in table main cannot match the mark of outer sockets.  So the addresses of servers are cut out of the route,
 * half by half. */
static void add_main_routes(struct planner *p, const struct routing_facts *f, struct tscf_prefix whole)
{
	struct tscf_prefix left[129];
	unsigned count = 0;
	tscf_prefix_normalize(&whole);
	left[count++] = whole;
	while (count > 0) {
		struct tscf_prefix one = left[--count];
		if (!holds_outer(f, &one)) {
			add_route(p, f, &one, RT_TABLE_MAIN, f->plain_device);
		} else if (one.length < 8 * tscf_addr_size(one.addr.family)) {
			left[count++] = tscf_prefix_split(&one);
			left[count++] = one;
		}
	}
}

bool routing_keep_out(struct routing_facts *f, const struct tscf_addr *outer)
{
	bool within = false;
	for (unsigned i = 0; i < f->outer_count; i++)
		if (tscf_addr_equal(&f->outer[i], outer))
			return false;
	for (unsigned i = 0; i < f->route_count; i++)
		within = within || tscf_prefix_contains(&f->routes[i], outer);
	f->outer[f->outer_next++ % ROUTING_OUTER_MAX] = *outer;
	if (f->outer_count < ROUTING_OUTER_MAX)
		f->outer_count++;
	return within;
}

void routing_make_plan(const struct client_config *config, const struct routing_facts *facts, struct routing_plan *plan)
{
	struct planner p = {.config = config, .plan = plan};
	plan->rule_count = plan->route_count = 0;
	plan_rules(&p, facts);
	/* Both tables set the plain address as source, so that a socket's address does not depend on its tunnel. */
	for (unsigned i = 0; i < facts->route_count; i++) {
		if (!facts->plain.of[tscf_family_index(facts->routes[i].addr.family)].family)
			continue;
		add_route(&p, facts, &facts->routes[i], config->table_encrypted, facts->encrypted_device);
		if (facts->away)
			continue;
		add_route(&p, facts, &facts->routes[i], config->table_plain, facts->plain_device);
		if (config->routes_in_main)
			add_main_routes(&p, facts, facts->routes[i]);
	}
}

static bool route_equal(const struct tscf_route *a, const struct tscf_route *b)
{
	return a->table == b->table && a->device == b->device && a->type == b->type && a->metric == b->metric &&
	       a->destination.length == b->destination.length &&
	       tscf_addr_equal(&a->destination.addr, &b->destination.addr) && tscf_addr_equal(&a->source, &b->source);
}

static bool has_rule(const struct routing_plan *plan, const struct tscf_rule *rule)
{
	for (unsigned i = 0; i < plan->rule_count; i++)
		if (tscf_rule_equal(&plan->rules[i], rule))
			return true;
	return false;
}

static bool has_route(const struct routing_plan *plan, const struct tscf_route *route)
{
	for (unsigned i = 0; i < plan->route_count; i++)
		if (route_equal(&plan->routes[i], route))
			return true;
	return false;
}

struct routing_difference routing_compare(const struct routing_plan *wanted, const struct routing_plan *found)
{
	struct routing_difference d = {0};
	for (unsigned i = 0; i < wanted->rule_count; i++)
		d.rules_missing += !has_rule(found, &wanted->rules[i]);
	for (unsigned i = 0; i < found->rule_count; i++)
		d.rules_extra += !has_rule(wanted, &found->rules[i]);
	for (unsigned i = 0; i < wanted->route_count; i++)
		d.routes_missing += !has_route(found, &wanted->routes[i]);
	for (unsigned i = 0; i < found->route_count; i++)
		d.routes_extra += !has_route(wanted, &found->routes[i]);
	return d;
}

static int check(int error, const char *what, unsigned number)
{
	if (error < 0)
		tscf_error("%s %u: %s", what, number, strerror(-error));
	return error;
}

/* A dead client's routes have vanished with its devices, so routes with our tag belong to a running client. */
static int check_table(struct tscf_netlink *netlink, uint32_t table, const char *option)
{
	int use = tscf_route_table_use(netlink, table);
	if (use < 0)
		return check(use, "cannot read routing table", table);
	if (use == TSCF_TABLE_EMPTY)
		return 0;
	tscf_error(
	    "routing table %u is in use by %s: choose another with %s, and other priorities with --rule-priority",
	    table, use == TSCF_TABLE_OWN ? "another client" : "something else", option);
	return -EEXIST;
}

static int check_tables(struct tscf_netlink *netlink, const struct client_config *config)
{
	int error = check_table(netlink, config->table_plain, "--table-plain");
	return error < 0 ? error : check_table(netlink, config->table_encrypted, "--table-encrypted");
}

int routing_adopt(struct routing *r, struct tscf_netlink *netlink, const struct client_config *config)
{
	struct tscf_rule *rules = NULL;
	unsigned foreign = 0;
	int error = check_tables(netlink, config);
	if (error < 0)
		return error;
	int n = tscf_rule_list(netlink, config->rule_priority, config->rule_priority + CLIENT_RULE_SPAN - 1, &rules,
			       &foreign);
	if (n < 0)
		return check(n, "cannot list policy rules from priority", config->rule_priority);
	if (foreign > 0) {
		tscf_error(
		    "policy rules of something else have priorities %u to %u: choose others with --rule-priority",
		    config->rule_priority, config->rule_priority + CLIENT_RULE_SPAN - 1);
		free(rules);
		return -EEXIST;
	}
	free(rules);
	*r = (struct routing){.netlink = netlink, .config = config};
	n = routing_look_at_rules(r);
	if (n < 0)
		return check(n, "cannot list policy rules from priority", 0);
	if (n > 0)
		tscf_info("took over %d policy rules that an earlier client left", n);
	return 0;
}

/* An error that repeats is only logged for debugging. */
static int note(const struct routing *r, int error, const char *what, unsigned number)
{
	if (r->quiet && error < 0)
		tscf_debug("%s %u: %s", what, number, strerror(-error));
	return r->quiet ? error : check(error, what, number);
}

/* Each of the four steps records in `done` what the kernel has now, so that failed changes are tried again next time.
 */
static int apply_routes(struct routing *r, const struct routing_plan *plan, struct routing_plan *done)
{
	int first = 0;
	const struct routing_plan *now = &r->current;
	for (unsigned i = 0; i < now->route_count; i++)
		if (!has_route(plan, &now->routes[i]))
			note(r, tscf_route_del(r->netlink, &now->routes[i]), "cannot delete a route of table",
			     now->routes[i].table);
	for (unsigned i = 0; i < plan->route_count; i++) {
		const struct tscf_route *route = &plan->routes[i];
		int error = has_route(now, route) ? 0
						  : note(r, tscf_route_add(r->netlink, route),
							 "cannot add a route to table", route->table);
		if (error == 0)
			done->routes[done->route_count++] = *route;
		else if (first == 0)
			first = error;
	}
	return first;
}

static void delete_rules(struct routing *r, const struct tscf_rule *const *rules, unsigned count)
{
	const struct tscf_rule *failed;
	int error = tscf_rules_del(r->netlink, rules, count, &failed);
	if (error < 0)
		note(r, error, "cannot delete the policy rule of priority", failed->priority);
}

static int apply_rules(struct routing *r, const struct routing_plan *plan, struct routing_plan *done)
{
	int first = 0;
	unsigned old_count = 0;
	const struct tscf_rule *old[ROUTING_RULES_MAX];
	const struct routing_plan *now = &r->current;
	for (unsigned i = 0; i < plan->rule_count; i++) {
		const struct tscf_rule *rule = &plan->rules[i];
		int error = has_rule(now, rule) ? 0
						: note(r, tscf_rule_add(r->netlink, rule),
						       "cannot add the policy rule of priority", rule->priority);
		if (error == 0)
			done->rules[done->rule_count++] = *rule;
		else if (first == 0)
			first = error;
	}
	for (unsigned i = 0; i < now->rule_count; i++)
		if (!has_rule(plan, &now->rules[i]))
			old[old_count++] = &now->rules[i];
	delete_rules(r, old, old_count);
	return first;
}

/* Add routes before the rules that lead to them. */
int routing_apply(struct routing *r, const struct routing_plan *plan)
{
	struct routing_plan done = {0};
	if (plan != &r->wanted)
		r->wanted = *plan;
	int routes = apply_routes(r, plan, &done);
	int rules = apply_rules(r, plan, &done);
	r->current = done;
	return routes ? routes : rules;
}

void routing_refuse(struct routing *r)
{
	for (unsigned i = 0; i < r->wanted.rule_count; i++) {
		const struct tscf_rule *rule = &r->wanted.rules[i];
		bool refuses = rule->action == TSCF_RULE_PROHIBIT || rule->priority < r->config->rule_priority;
		if (refuses && !has_rule(&r->current, rule) && r->current.rule_count < ROUTING_RULES_MAX &&
		    tscf_rule_add(r->netlink, rule) == 0)
			r->current.rules[r->current.rule_count++] = *rule;
	}
}

/* Packets that a policy lets through must skip the next policy's prohibit, so the policy's goto and its target are
 * kept. */
static bool is_kept(const struct routing *r, const struct tscf_rule *rule)
{
	uint32_t slot = rule->priority - r->config->rule_priority;
	bool policy = slot >= SLOT_POLICY && slot < SLOT_RUN_ONLY && rule->action != TSCF_RULE_LOOKUP;
	return slot == SLOT_ONLY_PROHIBIT || slot == SLOT_RUN_ONLY_PROHIBIT || policy ||
	       (slot == SLOT_REST && r->config->policies.count > 0);
}

void routing_remove(struct routing *r, bool keep_prohibit)
{
	unsigned old_count = 0;
	const struct tscf_rule *old[ROUTING_RULES_MAX];
	for (unsigned i = 0; i < r->current.rule_count; i++)
		if (!keep_prohibit || !is_kept(r, &r->current.rules[i]))
			old[old_count++] = &r->current.rules[i];
	delete_rules(r, old, old_count);
	for (unsigned i = 0; i < r->current.route_count; i++)
		tscf_route_del(r->netlink, &r->current.routes[i]);
	r->current.rule_count = r->current.route_count = 0;
	routing_unguard(r, keep_prohibit);
}

struct tscf_addr routing_sample(const struct tscf_prefix *route)
{
	struct tscf_prefix p = *route;
	tscf_prefix_normalize(&p);
	size_t size = tscf_addr_size(p.addr.family);
	if (p.length + 2U <= 8 * size)
		p.addr.bytes[size - 1] |= 1;
	if (p.length <= 1)
		p.addr.bytes[0] |= 1;
	return p.addr;
}
