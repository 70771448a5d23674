/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * routing.h - the policy rules and route tables that select the tunnel for the sockets of each level.
 *
 * tscf(7), "ROUTING".  The wanted rules and routes are planned as a whole from a few facts (pure) and compared with
 * those in the kernel.  Only the difference is written: rules are added before others are deleted, and an unchanged
 * rule is never touched.  In order of priority:
 *
 *     +0  mark outer               -> goto +46    the daemon's own sockets, never into their own tunnel
 *     +1  from encrypted address   -> encrypted   a program may bind to it: natively encrypted
 *     +2  from encrypted address   -> prohibit
 *     Explicit marks, set for that one socket:
 *     +3  mark encrypted-only      -> encrypted   while the gate is not shut
 *     +4  mark encrypted-only      -> prohibit    always: destinations without a route in the table are refused
 *     +5  mark encrypted-preferred -> encrypted   while the tunnel is up and the network untrusted (preferred.h)
 *     +6  mark unencrypted and encrypted-preferred -> plain
 *     +7 ... +38  two for each policy (policy.h), for packets without such a mark, or with the policy's number:
 *         encrypted-only:      -> encrypted while the gate is not shut, and -> prohibit always
 *         encrypted-preferred: -> encrypted as +5, and goto +45
 *         unencrypted:         goto +45
 *     +39 ... +42  as +3 to +6, for marks that are the default of tscf-run
 *     +43 default level encrypted-*:    to each service route -> encrypted (as +3 or +5)
 *     +44 default level encrypted-only: to each service route -> prohibit
 *     +45 everything else -> plain
 *     +45 from plain address -> prohibit           while the plain tunnel is away
 *
 * The rules exist in both families.  While the plain tunnel has no IPv6 address, IPv6 has only +0, +46, +4, +40, those
 * of policies and, if there are any of these, +45.
 *
 * While the plain tunnel is away, its table and table main have no service routes.  Packets from its address must not
 * leave by another way then.  The encrypted table is as before: only rules lead to it.
 *
 * Moving all sockets of a level is one rule added or deleted, whatever their number.  The prohibit is a rule of its
 * own, not the end of the encrypted table.  So packets of encrypted-preferred sockets to destinations that no tunnel
 * serves fall through to main.  When the daemon dies, its devices and their routes vanish, and the prohibit rules stay:
 * a crash fails closed.
 */
#ifndef TSCF_CLIENT_ROUTING_H
#define TSCF_CLIENT_ROUTING_H

#include "common/linux/netlink.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"

#define ROUTING_ROUTES_MAX 64
/** The most servers that table main must not lead into the tunnel, and the most routes in all, including those that
 * exempt servers. */
#define ROUTING_OUTER_MAX       16
#define ROUTING_PLAN_ROUTES_MAX (3 * ROUTING_ROUTES_MAX + 512)
#define ROUTING_RULES_MAX       (48 + 6 * POLICIES_MAX + 3 * ROUTING_ROUTES_MAX)

/** The facts a plan is made from. */
struct routing_facts {
	struct tscf_addrs plain;            /**< internal addresses of the plain tunnel; none before it had any */
	struct tscf_addrs encrypted;        /**< of the encrypted tunnel, kept after it is gone */
	int plain_device, encrypted_device; /**< interface indexes */
	enum dtte_gate gate;
	bool preferred; /**< encrypted-preferred sockets are led to the encrypted tunnel */
	bool front;     /**< rules of other programs come before ours: put copies of our refusing rules first */
	uint32_t front_priority; /**< of these copies */
	bool away;               /**< the plain tunnel is gone for long: nothing is led into it (plain.h) */
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX]; /**< service routes */
	unsigned outer_count, outer_next;
	struct tscf_addr outer[ROUTING_OUTER_MAX]; /**< servers that outer sockets were last connected to */
};

struct routing_plan {
	unsigned rule_count, route_count;
	struct tscf_rule rules[ROUTING_RULES_MAX];
	struct tscf_route routes[ROUTING_PLAN_ROUTES_MAX];
};

struct barrier;

struct routing {
	struct tscf_netlink *netlink;
	const struct client_config *config;
	struct routing_plan current; /**< what is in the kernel */
	struct routing_plan wanted;  /**< the last plan */
	struct barrier *barrier;     /**< the barrier in the kernel; NULL: none yet */
	bool quiet;                  /**< errors have been logged already */
};

/** The difference between the kernel and the plan. */
struct routing_difference {
	unsigned rules_missing, rules_extra, routes_missing, routes_extra;
};

/**
 * An outer socket is about to be connected to @p outer: keep the service routes in table main from leading it into the
 * tunnel.
 *
 * @return whether one would; then the caller must apply the plan first.
 */
bool routing_keep_out(struct routing_facts *f, const struct tscf_addr *outer);

/** Make the plan from the facts: pure. */
void routing_make_plan(const struct client_config *config, const struct routing_facts *facts,
		       struct routing_plan *plan);

/**
 * Take over the rules that a dead daemon left: they become current.
 *
 * @return 0, or -errno with *r untouched: -EEXIST if another program uses the priorities or tables (logged).
 */
int routing_adopt(struct routing *r, struct tscf_netlink *netlink, const struct client_config *config);

/**
 * Install the barrier for @p facts (barrier.h): its packets leave only by the devices it allows, whatever the rules
 * are.
 *
 * @param restored  gets the number of entries that had to be added
 * @return 0 or -errno (logged).
 */
int routing_guard(struct routing *r, const struct routing_facts *facts, unsigned *restored);

/** Remove the barrier; with @p keep, all but the entries that refuse by mark and by policy. */
void routing_unguard(struct routing *r, bool keep);

/** @return an address that @p route leads to: not the network's own, which is a broadcast address, and not 0.0.0.0. */
struct tscf_addr routing_sample(const struct tscf_prefix *route);

/** Compare: pure. */
struct routing_difference routing_compare(const struct routing_plan *wanted, const struct routing_plan *found);

/** Read only our rules.  @return their number, or -errno. */
int routing_look_at_rules(struct routing *r);

/**
 * Read our rules and routes from the kernel; they become current.  Routes of other programs in our tables are deleted:
 * they would divert packets.
 *
 * @param in_front  gets the number of rules of other programs that come before ours
 * @param first     gets the priority of the first of them
 * @return how many routes were deleted, or -errno: the state of the kernel is unknown.
 */
int routing_look(struct routing *r, unsigned *in_front, uint32_t *first);

/** Restore at once those wanted rules that refuse packets, or lead to such rules, if they are missing. */
void routing_refuse(struct routing *r);

/** Write the plan into the kernel.  Errors are logged; failed changes are tried again at the next call.  @return 0 or
 * the first -errno. */
int routing_apply(struct routing *r, const struct routing_plan *plan);

/**
 * Remove everything, or, with @p keep_prohibit, everything but the rules and the barrier that keep
 * encrypted-only sockets from sending in clear: +4, +40, and those of policies.
 */
void routing_remove(struct routing *r, bool keep_prohibit);

#endif
