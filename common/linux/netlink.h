/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netlink.h - links, addresses, routes and policy rules through rtnetlink (libnl).
 *
 * Every call sends its request with an ACK asked for and waits for it.  What is put into the kernel carries the owner
 * tag TSCF_RTPROT, so that it is recognised after a crash.  Adding what is there already, exactly, is success; so is
 * deleting what is not there.  Errors are -errno.
 */
#ifndef TSCF_NETLINK_H
#define TSCF_NETLINK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Owner tag of our routes and rules (rtm_protocol, FRA_PROTOCOL); not in use by the routing daemons that register
 * theirs.
 */
#define TSCF_RTPROT 204

struct tscf_netlink;

/** @return 0 with the socket in *out, or -errno. */
int tscf_netlink_open(struct tscf_netlink **out);
void tscf_netlink_close(struct tscf_netlink *nl);

/** @return a non-blocking descriptor that is readable when links, addresses or routes have changed, or -errno. */
int tscf_netlink_watch(void);
/** Read away what has been notified.  @return whether there was anything. */
bool tscf_netlink_drain(int fd);

/** What a watcher of its own state cares for. */
struct tscf_notice_filter {
	uint32_t tables[2]; /**< of routes, besides those with our tag */
	int devices[2];     /**< interface indexes */
};
enum tscf_notice {
	TSCF_NOTICE_NONE,
	TSCF_NOTICE_OTHER, /**< routes of others have changed */
	TSCF_NOTICE_OURS,  /**< something may have happened to what is ours, or to policy rules of anybody */
};
/**
 * @return a non-blocking descriptor that is readable when links, addresses, routes, policy rules or settings of devices
 * have changed, or -errno.
 */
int tscf_netlink_watch_state(void);
/** Read away what has been notified; notices that were lost count as ours. */
enum tscf_notice tscf_netlink_notices(int fd, const struct tscf_notice_filter *filter);

struct tscf_link {
	bool up;
	unsigned mtu;
};
/** @return 0, or -errno: -ENODEV without such a link. */
int tscf_link_get(struct tscf_netlink *nl, int index, struct tscf_link *out);
/** Bring the link up with this MTU. */
int tscf_link_up(struct tscf_netlink *nl, int index, unsigned mtu);
/** Set the length of the link's transmit queue (txqueuelen). */
int tscf_link_set_queue(struct tscf_netlink *nl, int index, unsigned packets);
/**
 * Let the kernel send nothing of its own on the link: no IPv6 autoconfiguration, no multicast groups.  To be called
 * on a new link, before it is up; the MTU becomes 1500.  Success too without IPv6.
 */
int tscf_link_silence(struct tscf_netlink *nl, int index);
/**
 * Set net.FAMILY.conf.DEVICE.KEY ("ipv4", "tscf0", "rp_filter"); no global setting is touched.
 *
 * @return 0 or -errno (-ENOENT: no such file).
 */
int tscf_link_sysctl(const char *family, const char *device, const char *key, const char *value);
/** @return the first character of that setting as it is, or -errno. */
int tscf_link_sysctl_get(const char *family, const char *device, const char *key);
/** @return whether exactly @p p is there: 0 if so, -ENOENT if not, or another -errno. */
int tscf_addr_check(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);
/** @return 0, or -errno: -EEXIST if the IPv6 address is there with another prefix length. */
int tscf_addr_add(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);
int tscf_addr_del(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);

enum tscf_route_type { TSCF_ROUTE_DEVICE, TSCF_ROUTE_PROHIBIT };

struct tscf_route {
	struct tscf_prefix destination; /**< length 0 with the family set: default */
	struct tscf_addr source;        /**< preferred source address; family 0: none */
	uint32_t table;
	uint32_t metric; /**< 0: the kernel's default */
	int device;      /**< interface index; 0 for prohibit */
	uint32_t mtu;    /**< of packets that take this route; 0: the device's */
	enum tscf_route_type type;
};

/**
 * @return 0, or -errno: -EEXIST if a route with the same destination, table and metric is there that differs or is
 * not ours.
 */
int tscf_route_add(struct tscf_netlink *nl, const struct tscf_route *r);
int tscf_route_del(struct tscf_netlink *nl, const struct tscf_route *r);
/** A route of a table as it was found. */
struct tscf_route_found {
	struct tscf_route route;
	bool ours; /**< carries the tag, and says nothing that struct tscf_route cannot */
};
/**
 * List the routes of @p table, of both families, in *out (malloc'ed, the caller frees).
 *
 * @param only_ours  leave out those of others
 * @return their number, or -errno.
 */
int tscf_route_list(struct tscf_netlink *nl, uint32_t table, bool only_ours, struct tscf_route_found **out);
/** Delete the first route with the destination, table and metric of @p r, whoever has put it there. */
int tscf_route_del_foreign(struct tscf_netlink *nl, const struct tscf_route *r);
/**
 * Ask the kernel which way a packet to @p to that bears @p mark would take.
 *
 * @return the index of the device by which it would leave, or -errno.
 */
int tscf_route_lookup(struct tscf_netlink *nl, const struct tscf_addr *to, uint32_t mark);
enum tscf_table_use { TSCF_TABLE_EMPTY, TSCF_TABLE_OWN, TSCF_TABLE_FOREIGN };
/**
 * @return what routes @p table holds, of either family: none, only such with our tag, or also such without it; or
 * -errno.
 */
int tscf_route_table_use(struct tscf_netlink *nl, uint32_t table);

/** NOP selects nothing: it is there to be gone on at. */
enum tscf_rule_action { TSCF_RULE_LOOKUP, TSCF_RULE_PROHIBIT, TSCF_RULE_GOTO, TSCF_RULE_NOP };

/** From low to high; in a rule, high 0 selects everything. */
struct tscf_port_range {
	uint16_t low, high;
};
struct tscf_uid_range {
	uint32_t low, high;
	bool given; /**< user 0 is one, too */
};

struct tscf_rule {
	int family; /**< AF_INET or AF_INET6 */
	uint32_t priority;
	uint32_t mark, mask;     /**< fwmark under mask; mask 0: any */
	struct tscf_prefix from; /**< family 0: any */
	struct tscf_prefix to;
	struct tscf_uid_range uid; /**< of the socket's owner */
	uint8_t protocol;          /**< IPPROTO_*; 0: any */
	struct tscf_port_range source_port, destination_port;
	enum tscf_rule_action action;
	uint32_t table;  /**< LOOKUP */
	uint32_t target; /**< GOTO: the priority to go on at; while no rule has it, this one selects nothing */
};

bool tscf_rule_equal(const struct tscf_rule *a, const struct tscf_rule *b);
/** Add with NLM_F_EXCL, every attribute and the owner tag; it comes behind those that have the same priority. */
int tscf_rule_add(struct tscf_netlink *nl, const struct tscf_rule *r);
/**
 * Delete exactly these rules, in their order, and only those that carry our tag.  What is there is read once
 * before, so that the changes follow each other at once.
 *
 * @param failed  gets the rule to which the result belongs
 * @return 0, or the first -errno; the others have been tried nevertheless.  -ENOTUNIQ if the kernel would delete
 * another one of ours instead, which is in front of it with the same priority and effect and says more (a prefix where
 * this one has none); delete that one first.
 */
int tscf_rules_del(struct tscf_netlink *nl, const struct tscf_rule *const *rules, unsigned count,
		   const struct tscf_rule **failed);
/**
 * List the rules, of both families, that have a priority from @p low to @p high: ours in *out (malloc'ed, the caller
 * frees), in the kernel's order, IPv4 first, and the number of foreign ones in *foreign.  A rule with our tag and
 * something that struct tscf_rule cannot say is foreign.
 *
 * @return the number of ours, or -errno.
 */
int tscf_rule_list(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out, unsigned *foreign);
/** The same of the foreign ones alone, as far as struct tscf_rule can say them. */
int tscf_rule_list_foreign(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out);

#endif
