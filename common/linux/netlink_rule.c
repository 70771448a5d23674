/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink_internal.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <netlink/route/rule.h>
#include <stdlib.h>
#include <string.h>

/** Every rule of one family in kernel order, ours and others'. */
struct listed_rule {
	struct tscf_rule rule;
	bool ours;  /**< carries the tag */
	bool other; /**< has attributes that struct tscf_rule lacks */
};

struct listing {
	int family;
	struct listed_rule *rules;
	size_t count, room;
};

static bool any_prefix(const struct tscf_prefix *p)
{
	return p->addr.family == 0 || p->length == 0;
}

static bool prefix_equal(const struct tscf_prefix *a, const struct tscf_prefix *b)
{
	if (any_prefix(a) || any_prefix(b))
		return any_prefix(a) && any_prefix(b);
	return tscf_prefix_equal(a, b);
}

static bool ports_equal(const struct tscf_port_range *a, const struct tscf_port_range *b)
{
	return a->low == b->low && a->high == b->high;
}

static bool uid_equal(const struct tscf_uid_range *a, const struct tscf_uid_range *b)
{
	return a->given == b->given && (!a->given || (a->low == b->low && a->high == b->high));
}

static bool action_equal(const struct tscf_rule *a, const struct tscf_rule *b)
{
	return a->action == b->action && (a->action != TSCF_RULE_LOOKUP || a->table == b->table) &&
	       (a->action != TSCF_RULE_GOTO || a->target == b->target);
}

bool tscf_rule_equal(const struct tscf_rule *a, const struct tscf_rule *b)
{
	return a->family == b->family && a->priority == b->priority && a->mask == b->mask &&
	       (a->mark & a->mask) == (b->mark & b->mask) && prefix_equal(&a->from, &b->from) &&
	       prefix_equal(&a->to, &b->to) && uid_equal(&a->uid, &b->uid) && a->protocol == b->protocol &&
	       ports_equal(&a->source_port, &b->source_port) &&
	       ports_equal(&a->destination_port, &b->destination_port) && action_equal(a, b);
}

static int set_prefix(struct rtnl_rule *rule, const struct tscf_prefix *prefix,
		      int (*set)(struct rtnl_rule *rule, struct nl_addr *addr))
{
	struct tscf_prefix p = *prefix;
	struct nl_addr *addr;
	int nle;

	if (any_prefix(prefix))
		return 0;
	tscf_prefix_normalize(&p);
	addr = tscf_netlink_addr(&p);
	if (!addr)
		return -NLE_NOMEM;
	nle = set(rule, addr);
	nl_addr_put(addr);
	return nle;
}

static uint8_t kernel_action(enum tscf_rule_action action)
{
	switch (action) {
	case TSCF_RULE_LOOKUP:
		return FR_ACT_TO_TBL;
	case TSCF_RULE_GOTO:
		return FR_ACT_GOTO;
	case TSCF_RULE_NOP:
		return FR_ACT_NOP;
	case TSCF_RULE_PROHIBIT:
		break;
	}
	return FR_ACT_PROHIBIT;
}

/** Add attributes that libnl cannot set, or could not in every version that we build with.  @return a libnl code. */
static int put_owner_and_ports(struct nl_msg *msg, const struct tscf_rule *r)
{
	struct fib_rule_uid_range uid = {r->uid.low, r->uid.high};
	struct fib_rule_port_range source = {r->source_port.low, r->source_port.high};
	struct fib_rule_port_range destination = {r->destination_port.low, r->destination_port.high};
	int nle = r->uid.given ? nla_put(msg, FRA_UID_RANGE, sizeof(uid), &uid) : 0;

	if (nle == 0 && r->protocol)
		nle = nla_put_u8(msg, FRA_IP_PROTO, r->protocol);
	if (nle == 0 && source.end)
		nle = nla_put(msg, FRA_SPORT_RANGE, sizeof(source), &source);
	if (nle == 0 && destination.end)
		nle = nla_put(msg, FRA_DPORT_RANGE, sizeof(destination), &destination);
	return nle;
}

/** Set every attribute, the same for adding and deleting.  @return a libnl code. */
static int fill_rule(struct rtnl_rule *rule, const struct tscf_rule *r)
{
	int nle;

	rtnl_rule_set_family(rule, r->family);
	rtnl_rule_set_prio(rule, r->priority);
	if (r->mask) {
		rtnl_rule_set_mark(rule, r->mark & r->mask);
		rtnl_rule_set_mask(rule, r->mask);
	}
	if (r->action == TSCF_RULE_LOOKUP)
		rtnl_rule_set_table(rule, r->table);
	rtnl_rule_set_action(rule, kernel_action(r->action));
	if (r->action == TSCF_RULE_GOTO)
		rtnl_rule_set_goto(rule, r->target);
	nle = rtnl_rule_set_protocol(rule, TSCF_RTPROT);
	if (nle == 0)
		nle = set_prefix(rule, &r->from, rtnl_rule_set_src);
	return nle ? nle : set_prefix(rule, &r->to, rtnl_rule_set_dst);
}

static int change_rule(struct tscf_netlink *nl, const struct tscf_rule *r, bool add, int flags)
{
	struct rtnl_rule *rule = rtnl_rule_alloc();
	struct nl_msg *msg = NULL;
	int nle;

	if (!rule)
		return -ENOMEM;
	nle = fill_rule(rule, r);
	if (nle == 0 && add)
		nle = rtnl_rule_build_add_request(rule, flags, &msg);
	else if (nle == 0)
		nle = rtnl_rule_build_delete_request(rule, flags, &msg);
	rtnl_rule_put(rule);
	if (nle == 0)
		nle = put_owner_and_ports(msg, r);
	if (nle < 0 && msg) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return tscf_netlink_request(nl, nle, msg);
}

static uint32_t attr_u32(const struct nlattr *attr, uint32_t absent)
{
	return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? nla_get_u32(attr) : absent;
}

static bool known_action(uint8_t action)
{
	return action == FR_ACT_TO_TBL || action == FR_ACT_PROHIBIT || action == FR_ACT_GOTO || action == FR_ACT_NOP;
}

static enum tscf_rule_action our_action(uint8_t action)
{
	switch (action) {
	case FR_ACT_PROHIBIT:
		return TSCF_RULE_PROHIBIT;
	case FR_ACT_GOTO:
		return TSCF_RULE_GOTO;
	case FR_ACT_NOP:
		return TSCF_RULE_NOP;
	default:
		return TSCF_RULE_LOOKUP;
	}
}

/** @return whether the rule has a selector or an action that struct tscf_rule has no member for. */
static bool says_more(const struct fib_rule_hdr *frh, struct nlattr **attrs)
{
	static const int known[] = {FRA_DST,      FRA_SRC,         FRA_PRIORITY,   FRA_FWMARK, FRA_FWMASK,
				    FRA_TABLE,    FRA_PROTOCOL,    FRA_PAD,        FRA_GOTO,   FRA_UID_RANGE,
				    FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE};
	struct nlattr *rest[FRA_MAX + 1];

	if (frh->tos || frh->flags & FIB_RULE_INVERT || !known_action(frh->action))
		return true;
	memcpy(rest, attrs, sizeof(rest));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		rest[known[i]] = NULL;
	/* The kernel always reports the suppressors; -1 means none. */
	if (attr_u32(rest[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX) == UINT32_MAX)
		rest[FRA_SUPPRESS_PREFIXLEN] = NULL;
	if (attr_u32(rest[FRA_SUPPRESS_IFGROUP], UINT32_MAX) == UINT32_MAX)
		rest[FRA_SUPPRESS_IFGROUP] = NULL;
	for (int i = 0; i <= FRA_MAX; i++)
		if (rest[i])
			return true;
	return false;
}

static struct tscf_port_range attr_ports(const struct nlattr *attr)
{
	struct fib_rule_port_range range = {0};

	if (attr && nla_len(attr) >= (int)sizeof(range))
		memcpy(&range, nla_data(attr), sizeof(range));
	return (struct tscf_port_range){range.start, range.end};
}

static void parse_owner_and_ports(struct nlattr **attrs, struct tscf_rule *r)
{
	const struct nlattr *uid = attrs[FRA_UID_RANGE];
	struct fib_rule_uid_range range;

	if (uid && nla_len(uid) >= (int)sizeof(range)) {
		memcpy(&range, nla_data(uid), sizeof(range));
		r->uid = (struct tscf_uid_range){range.start, range.end, true};
	}
	r->protocol = attrs[FRA_IP_PROTO] ? nla_get_u8(attrs[FRA_IP_PROTO]) : 0;
	r->source_port = attr_ports(attrs[FRA_SPORT_RANGE]);
	r->destination_port = attr_ports(attrs[FRA_DPORT_RANGE]);
}

static bool parse_rule(struct nlmsghdr *header, int family, struct listed_rule *out)
{
	struct fib_rule_hdr *frh = nlmsg_data(header);
	struct nlattr *attrs[FRA_MAX + 1];
	struct tscf_rule *r = &out->rule;

	memset(out, 0, sizeof(*out));
	if (header->nlmsg_type != RTM_NEWRULE || nlmsg_parse(header, sizeof(*frh), attrs, FRA_MAX, NULL) < 0 ||
	    frh->family != family)
		return false;
	r->family = family;
	r->priority = attr_u32(attrs[FRA_PRIORITY], 0);
	r->mark = attr_u32(attrs[FRA_FWMARK], 0);
	r->mask = attr_u32(attrs[FRA_FWMASK], 0);
	r->from.addr = tscf_netlink_attr_addr(attrs[FRA_SRC], frh->family);
	r->from.length = frh->src_len;
	r->to.addr = tscf_netlink_attr_addr(attrs[FRA_DST], frh->family);
	r->to.length = frh->dst_len;
	parse_owner_and_ports(attrs, r);
	r->action = our_action(frh->action);
	r->target = attr_u32(attrs[FRA_GOTO], 0);
	if (r->action == TSCF_RULE_LOOKUP)
		r->table = attr_u32(attrs[FRA_TABLE], frh->table);
	out->ours = attrs[FRA_PROTOCOL] && nla_get_u8(attrs[FRA_PROTOCOL]) == TSCF_RTPROT;
	out->other = says_more(frh, attrs);
	return true;
}

static int visit_rule(struct nlmsghdr *header, void *context)
{
	struct listing *list = context;
	struct listed_rule rule, *more;
	size_t room = list->room ? 2 * list->room : 32;

	if (!parse_rule(header, list->family, &rule))
		return 0;
	if (list->count == list->room) {
		more = reallocarray(list->rules, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->rules = more;
		list->room = room;
	}
	list->rules[list->count++] = rule;
	return 0;
}

/** Fill @p list, whose rules the caller frees whatever the result; a family that the kernel lacks has no rules. */
static int list_rules(struct tscf_netlink *nl, int family, struct listing *list)
{
	struct fib_rule_hdr request = {.family = (uint8_t)family};
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	struct nl_msg *msg;
	int err;

	memset(list, 0, sizeof(*list));
	list->family = family;
	do {
		list->count = 0;
		msg = nlmsg_alloc_simple(RTM_GETRULE, 0);
		if (!msg || nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
			nlmsg_free(msg);
			return -ENOMEM;
		}
		err = tscf_netlink_dump(nl, msg, visit_rule, list);
	} while (err == -EINTR && --tries > 0);
	return tscf_netlink_no_family(err) ? 0 : err;
}

static bool is_exactly(const struct listed_rule *l, const struct tscf_rule *r)
{
	return l->ours && !l->other && tscf_rule_equal(&l->rule, r);
}

/**
 * @return whether the kernel would delete @p l when asked to delete @p r: it ignores every selector that the request
 * does not have, and a mark of 0.
 */
static bool matches_loosely(const struct listed_rule *l, const struct tscf_rule *r)
{
	const struct tscf_rule *k = &l->rule;

	return l->ours && k->priority == r->priority && action_equal(k, r) &&
	       (!r->uid.given || uid_equal(&k->uid, &r->uid)) && (!r->protocol || k->protocol == r->protocol) &&
	       (!r->source_port.high || ports_equal(&k->source_port, &r->source_port)) &&
	       (!r->destination_port.high || ports_equal(&k->destination_port, &r->destination_port)) &&
	       (r->mask == 0 || (k->mask == r->mask && ((r->mark & r->mask) == 0 || k->mark == (r->mark & r->mask)))) &&
	       (any_prefix(&r->from) || prefix_equal(&k->from, &r->from)) &&
	       (any_prefix(&r->to) || prefix_equal(&k->to, &r->to));
}

/** @return the index of exactly @p r in @p list, or -1; and whether the kernel would delete another rule instead. */
static ssize_t find_rule(const struct listing *list, const struct tscf_rule *r, bool *ambiguous)
{
	*ambiguous = false;
	for (size_t i = 0; i < list->count; i++) {
		if (is_exactly(&list->rules[i], r))
			return (ssize_t)i;
		if (matches_loosely(&list->rules[i], r))
			*ambiguous = true;
	}
	return -1;
}

/** @return 1 if exactly @p r exists, 0 if not, or -errno. */
static int has_rule(struct tscf_netlink *nl, const struct tscf_rule *r)
{
	struct listing list;
	int err = list_rules(nl, r->family, &list);
	bool ambiguous;

	if (err == 0)
		err = find_rule(&list, r, &ambiguous) >= 0;
	free(list.rules);
	return err;
}

int tscf_rule_add(struct tscf_netlink *nl, const struct tscf_rule *r)
{
	int err = change_rule(nl, r, true, NLM_F_CREATE | NLM_F_EXCL);

	if (err != -EEXIST)
		return err;
	err = has_rule(nl, r);
	if (err != 0)
		return err < 0 ? err : 0;
	/* The kernel does not compare the prefixes that the new rule lacks, so the existing rule is a different one. */
	return change_rule(nl, r, true, NLM_F_CREATE);
}

static int delete_listed(struct tscf_netlink *nl, struct listing *list, const struct tscf_rule *r)
{
	bool ambiguous;
	ssize_t at = find_rule(list, r, &ambiguous);
	int err;

	if (at < 0)
		return 0;
	if (ambiguous)
		return -ENOTUNIQ;
	err = change_rule(nl, r, false, 0);
	if (err < 0 && err != -ENOENT && err != -ESRCH)
		return err;
	memmove(&list->rules[at], &list->rules[at + 1], (list->count - (size_t)at - 1) * sizeof(list->rules[0]));
	list->count--;
	return 0;
}

int tscf_rules_del(struct tscf_netlink *nl, const struct tscf_rule *const *rules, unsigned count,
		   const struct tscf_rule **failed)
{
	struct listing lists[TSCF_FAMILIES] = {{.family = 0}};
	int first = 0;

	for (unsigned i = 0; i < count && first == 0; i++) {
		struct listing *list = &lists[tscf_family_index(rules[i]->family)];

		*failed = rules[i];
		if (list->family == 0)
			first = list_rules(nl, rules[i]->family, list);
	}
	for (unsigned i = 0; i < count; i++) {
		int err = delete_listed(nl, &lists[tscf_family_index(rules[i]->family)], rules[i]);

		if (err < 0 && first == 0) {
			first = err;
			*failed = rules[i];
		}
	}
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		free(lists[i].rules);
	return first;
}

/**
 * Append the rules in @p list that are in range and ours, or those that are not ours.  @return the number of the
 * others, or -ENOMEM.
 */
static int collect(const struct listing *list, uint32_t low, uint32_t high, bool ours, struct tscf_rule **out,
		   size_t *count)
{
	struct tscf_rule *rules = reallocarray(*out, *count + list->count + 1, sizeof(*rules));
	int others = 0;

	if (!rules)
		return -ENOMEM;
	*out = rules;
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_rule *l = &list->rules[i];

		if (l->rule.priority < low || l->rule.priority > high)
			continue;
		if ((l->ours && !l->other) == ours)
			rules[(*count)++] = l->rule;
		else
			others++;
	}
	return others;
}

static int list_range(struct tscf_netlink *nl, uint32_t low, uint32_t high, bool ours, struct tscf_rule **out,
		      unsigned *others)
{
	struct tscf_rule *rules = NULL;
	struct listing list;
	size_t count = 0;
	int err = 0;

	*others = 0;
	for (unsigned i = 0; err >= 0 && i < TSCF_FAMILIES; i++) {
		err = list_rules(nl, tscf_family(i), &list);
		if (err == 0)
			err = collect(&list, low, high, ours, &rules, &count);
		*others += err > 0 ? (unsigned)err : 0;
		free(list.rules);
	}
	if (err < 0) {
		free(rules);
		return err;
	}
	*out = rules;
	return (int)count;
}

int tscf_rule_list(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out, unsigned *foreign)
{
	return list_range(nl, low, high, true, out, foreign);
}

int tscf_rule_list_foreign(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out)
{
	unsigned ours;

	return list_range(nl, low, high, false, out, &ours);
}
