/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * routing.h - the policy rules and route tables that say which tunnel a socket of each level uses now.
 *
 * tscf(7), "ROUTING".  What should be in the kernel is planned as a whole from a few facts (pure), compared with what
 * is there, and only the difference is written: rules are added before others are deleted, and an unchanged rule is
 * never touched.  In order of priority:
 *
 *     +0  mark outer               -> goto +46    the daemon's own sockets, never into their own tunnel
 *     +1  from encrypted address   -> encrypted   a program may bind to it: natively encrypted
 *     +2  from encrypted address   -> prohibit
 *     Marks that somebody has set on the very socket:
 *     +3  mark encrypted-only      -> encrypted   while the gate is not shut
 *     +4  mark encrypted-only      -> prohibit    always: what the table does not hold is refused
 *     +5  mark encrypted-preferred -> encrypted   while the tunnel is up and the network is not trusted
 * (trusted_network.h) +6  mark unencrypted and encrypted-preferred -> plain +7 ... +38  two for each policy (policy.h),
 * of what bears no such mark, or of what bears the policy's number: encrypted-only: -> encrypted while the gate is not
 * shut, and -> prohibit always encrypted-preferred: -> encrypted as +5, and goto +45 unencrypted: goto +45 +39 ... +42
 * as +3 to +6, of marks that are the default of tscf-run +43 default level encrypted-*: to each service route ->
 * encrypted (as +3 or +5) +44 default level encrypted-only: to each service route -> prohibit +45 everything else ->
 * plain
 *
 * They are there in both families; of IPv6 only +0, +46, +4, +40, the policies' and, if there are such, +45 while the
 * plain tunnel has no IPv6 address.
 *
 * Moving all sockets of a level is one rule added or deleted, whatever their number.  A prohibit in a rule of its own,
 * rather than at the end of the encrypted table, lets encrypted-preferred sockets fall through to main for what no
 * tunnel serves.  When the daemon dies its devices go, their routes with them, and the prohibit rules stay: a crash
 * fails closed.
 */
#ifndef TSCF_CLIENT_ROUTING_H
#define TSCF_CLIENT_ROUTING_H

#include "common/linux/netlink.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"

#define ROUTING_ROUTES_MAX 64
/** Where copies of the rules that refuse stand if those of others are in front of ours. */
#define ROUTING_FRONT_PRIORITY 1
/** Servers that table main must not lead into the tunnel, and routes in all, with what is cut out for servers. */
#define ROUTING_OUTER_MAX       16
#define ROUTING_PLAN_ROUTES_MAX (3 * ROUTING_ROUTES_MAX + 512)
#define ROUTING_RULES_MAX       (44 + 6 * POLICIES_MAX + 3 * ROUTING_ROUTES_MAX)

/** The facts a plan is made from. */
struct routing_facts {
	struct tscf_addrs plain;            /**< internal addresses of the plain tunnel, once it had any */
	struct tscf_addrs encrypted;        /**< of the encrypted tunnel, kept after it went */
	int plain_device, encrypted_device; /**< interface indexes */
	enum dtte_gate gate;
	bool preferred; /**< encrypted-preferred sockets are led to the encrypted tunnel */
	bool front;     /**< rules of others are in front of ours: what ours would refuse is to come to them first */
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX]; /**< service routes */
	unsigned outer_count, outer_next;
	struct tscf_addr outer[ROUTING_OUTER_MAX]; /**< that outer sockets were last connected to */
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
	struct routing_plan wanted;  /**< what was to be there last */
	struct barrier *barrier;     /**< the same of what is no rule; NULL: nothing yet */
	bool quiet;                  /**< errors have been said already */
};

/** How what is in the kernel differs from what is wanted. */
struct routing_difference {
	unsigned rules_missing, rules_extra, routes_missing, routes_extra;
};

/**
 * An outer socket is about to be connected to @p outer: no service route in table main may lead it into the tunnel.
 *
 * @return whether one would, so that the kernel must be made as planned first.
 */
bool routing_keep_out(struct routing_facts *f, const struct tscf_addr *outer);

/** Plan from facts: pure. */
void routing_make_plan(const struct client_config *config, const struct routing_facts *facts,
		       struct routing_plan *plan);

/**
 * Take over what a dead daemon left: its rules become current.
 *
 * @return 0, or -errno with *r untouched: -EEXIST if the priorities or tables are in use by something else (logged).
 */
int routing_adopt(struct routing *r, struct tscf_netlink *netlink, const struct client_config *config);

/**
 * Let packets leave by no device but those of the barrier that @p facts make (barrier.h), whatever the rules say.
 *
 * @param restored  gets how much had to be added
 * @return 0 or -errno (logged).
 */
int routing_guard(struct routing *r, const struct routing_facts *facts, unsigned *restored);

/** Take the barrier away; with @p keep, all but what marks and policies refuse. */
void routing_unguard(struct routing *r, bool keep);

/** @return an address that @p route leads to: not the network's own, which is a broadcast address, and not 0.0.0.0. */
struct tscf_addr routing_sample(const struct tscf_prefix *route);

/** Compare: pure. */
struct routing_difference routing_compare(const struct routing_plan *wanted, const struct routing_plan *found);

/** Read our rules alone.  @return their number, or -errno. */
int routing_look_at_rules(struct routing *r);

/**
 * Read from the kernel what is there now; it becomes current.  Routes of others in our tables are deleted: they would
 * lead packets away.
 *
 * @param in_front  gets how many rules of others come before ours
 * @param first     gets the priority of the first of them
 * @return how many routes were deleted, or -errno: nothing is known of what is there.
 */
int routing_look(struct routing *r, unsigned *in_front, uint32_t *first);

/** Put back at once those of the wanted rules that refuse, or lead to them, if they are not there. */
void routing_refuse(struct routing *r);

/** Make the kernel as planned.  Errors are logged; what could not be done is tried again at the next call.  @return 0
 * or the first -errno. */
int routing_apply(struct routing *r, const struct routing_plan *plan);

/**
 * Remove everything, or, with @p keep_prohibit, everything but the rules and the barrier that keep
 * encrypted-only sockets from sending in clear: +4, +40, and those of policies.
 */
void routing_remove(struct routing *r, bool keep_prohibit);

#endif
