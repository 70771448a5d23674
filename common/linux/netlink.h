/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netlink.h - links, addresses, routes and policy rules through rtnetlink (libnl).
 *
 * Every call requests an ACK and waits for it.  Objects added to the kernel carry the owner tag TSCF_RTPROT, so that
 * they are recognised after a crash.  Adding an object that exists already, exactly equal, is success; so is deleting
 * one that does not exist.  Errors are -errno.
 */
#ifndef TSCF_NETLINK_H
#define TSCF_NETLINK_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Owner tag of our routes and rules (rtm_protocol, FRA_PROTOCOL); no routing daemon has registered this value. */
#define TSCF_RTPROT 204

struct tscf_netlink;

/** @return 0 with the socket in *out, or -errno. */
int tscf_netlink_open(struct tscf_netlink **out);
void tscf_netlink_close(struct tscf_netlink *nl);

/** @return a non-blocking descriptor that is readable when links, addresses or routes have changed, or -errno. */
int tscf_netlink_watch(void);
/** Read and discard the notices.  @return whether there were any. */
bool tscf_netlink_drain(int fd);

/** What a program that watches its own state wants to know about. */
struct tscf_notice_filter {
	uint32_t tables[2]; /**< tables whose routes are watched, besides routes with our tag; 0: none */
	int devices[2];     /**< interface indexes; routes by these devices are watched, too */
};
enum tscf_notice {
	TSCF_NOTICE_NONE,
	TSCF_NOTICE_OTHER, /**< routes without our tag have changed */
	TSCF_NOTICE_OURS,  /**< our objects may have changed, any policy rules, or table local, which precedes ours */
};
/**
 * @return a non-blocking descriptor that is readable when links, addresses, routes, policy rules or settings of devices
 * have changed, or -errno.
 */
int tscf_netlink_watch_state(void);
/** @return a non-blocking descriptor that is readable when tables of nf_tables have changed, or -errno. */
int tscf_netlink_watch_firewall(void);
/** Read and discard the notices; lost notices count as ours. */
enum tscf_notice tscf_netlink_notices(int fd, const struct tscf_notice_filter *filter);

struct tscf_link {
	char name[16]; /**< IFNAMSIZ */
	bool up;
	bool carrier; /**< without it the kernel drops what is sent to the link, and no program gets an error */
	unsigned mtu;
	char kind[16]; /**< IFLA_INFO_KIND: "bridge", "veth"; empty for most hardware */
};
/** @return 0, or -errno: -ENODEV if there is no such link. */
int tscf_link_get(struct tscf_netlink *nl, int index, struct tscf_link *out);
/** Bring the link up with this MTU. */
int tscf_link_up(struct tscf_netlink *nl, int index, unsigned mtu);
int tscf_link_down(struct tscf_netlink *nl, int index);
/** Switch the carrier of a TUN device on.  @return 0 or -errno. */
int tscf_link_carrier(struct tscf_netlink *nl, int index);
/** @return 0, or -errno: -EBUSY if the link must be down for that, -EEXIST if another one has the name. */
int tscf_link_rename(struct tscf_netlink *nl, int index, const char *name);
/** Set the length of the link's transmit queue (txqueuelen). */
int tscf_link_set_queue(struct tscf_netlink *nl, int index, unsigned packets);
/**
 * Stop the kernel from sending packets of its own on the link: no IPv6 autoconfiguration, no multicast groups.  Call
 * this on a new link before it is up; the MTU becomes 1500.  Without IPv6 it succeeds too.
 */
int tscf_link_silence(struct tscf_netlink *nl, int index);
/**
 * Set net.FAMILY.conf.DEVICE.KEY ("ipv4", "tscf0", "rp_filter"); no global setting is changed.  Where it cannot be
 * written, as in containers, a setting of one character may have the value already.
 *
 * @return 0 or -errno (-ENOENT: no such file).
 */
int tscf_link_sysctl(const char *family, const char *device, const char *key, const char *value);
/** @return the first character of the present value of that setting, or -errno. */
int tscf_link_sysctl_get(const char *family, const char *device, const char *key);
/** @return 0 if the device has exactly the address @p p, -ENOENT if not, or another -errno. */
int tscf_addr_check(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);
/** @return 0, or -errno: -EEXIST if the device has the IPv6 address with another prefix length. */
int tscf_addr_add(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);
int tscf_addr_del(struct tscf_netlink *nl, int index, const struct tscf_prefix *p);

enum tscf_route_type { TSCF_ROUTE_DEVICE, TSCF_ROUTE_PROHIBIT };

struct tscf_route {
	struct tscf_prefix destination; /**< length 0 with the family set: default */
	struct tscf_addr source;        /**< preferred source address; family 0: none */
	uint32_t table;
	uint32_t metric; /**< 0: the kernel's default */
	int device;      /**< interface index; 0 for prohibit */
	uint32_t mtu;    /**< of packets that use this route; 0: the MTU of the device */
	enum tscf_route_type type;
};

/**
 * @return 0, or -errno: -EEXIST if there is a route with the same destination, table and metric that differs or is not
 * ours.
 */
int tscf_route_add(struct tscf_netlink *nl, const struct tscf_route *r);
int tscf_route_del(struct tscf_netlink *nl, const struct tscf_route *r);
/** A route found in a table. */
struct tscf_route_found {
	struct tscf_route route;
	bool special; /**< has attributes that struct tscf_route lacks, such as a gateway, or is of another type */
	bool ours;    /**< carries the tag, and is not special */
};
/**
 * List the routes of @p table, of both families, in *out (malloc'ed, the caller frees).
 *
 * @param only_ours  leave out routes without our tag
 * @return their number, or -errno.
 */
int tscf_route_list(struct tscf_netlink *nl, uint32_t table, bool only_ours, struct tscf_route_found **out);
/** Delete the first route with the destination, table and metric of @p r, whichever program added it. */
int tscf_route_del_foreign(struct tscf_netlink *nl, const struct tscf_route *r);
/**
 * Ask the kernel for the route of a packet to @p to with mark @p mark.
 *
 * @return the index of the outgoing device, or -errno.
 */
int tscf_route_lookup(struct tscf_netlink *nl, const struct tscf_addr *to, uint32_t mark);
/**
 * @return 0 if table main has the kernel's route to the network of @p address, an address of the device @p index;
 * -ENOENT if not; or another -errno.  An address without a network has no such route, and 0 is returned.
 */
int tscf_route_connected(struct tscf_netlink *nl, int index, const struct tscf_prefix *address);
enum tscf_table_use { TSCF_TABLE_EMPTY, TSCF_TABLE_OWN, TSCF_TABLE_FOREIGN };
/**
 * @return which routes @p table holds, of either family: none, only routes with our tag, or also routes without it; or
 * -errno.
 */
int tscf_route_table_use(struct tscf_netlink *nl, uint32_t table);

/** NOP does nothing: it is a target for GOTO. */
enum tscf_rule_action { TSCF_RULE_LOOKUP, TSCF_RULE_PROHIBIT, TSCF_RULE_GOTO, TSCF_RULE_NOP };

/** From low to high; in a rule, high 0 matches every port. */
struct tscf_port_range {
	uint16_t low, high;
};
struct tscf_uid_range {
	uint32_t low, high;
	bool given; /**< false: any user; user 0 is a valid user */
};

struct tscf_rule {
	int family; /**< AF_INET or AF_INET6 */
	uint32_t priority;
	uint32_t mark, mask;     /**< fwmark under mask; mask 0: any */
	struct tscf_prefix from; /**< family 0: any */
	struct tscf_prefix to;
	struct tscf_uid_range uid; /**< the owner of the socket */
	uint8_t protocol;          /**< IPPROTO_*; 0: any */
	struct tscf_port_range source_port, destination_port;
	enum tscf_rule_action action;
	uint32_t table;  /**< LOOKUP */
	uint32_t target; /**< GOTO: the priority to continue at; if no rule has it, this rule does nothing */
};

/** @return whether the kernel would take one for the other: all that selects and decides is the same. */
bool tscf_rule_equal(const struct tscf_rule *a, const struct tscf_rule *b);
/** Add with NLM_F_EXCL, every attribute and the owner tag; the rule is placed behind those with the same priority. */
int tscf_rule_add(struct tscf_netlink *nl, const struct tscf_rule *r);
/**
 * Delete exactly these rules, in their order, and only those that carry our tag.  The existing rules are read once
 * before, so that the deletions follow each other without delay.
 *
 * @param failed  set to the rule to which the result belongs
 * @return 0, or the first -errno; the other rules have been tried nevertheless.  -ENOTUNIQ if the kernel would delete
 * another one of our rules instead, which is in front with the same priority and effect and has more selectors (a
 * prefix where this one has none); delete that one first.
 */
int tscf_rules_del(struct tscf_netlink *nl, const struct tscf_rule *const *rules, unsigned count,
		   const struct tscf_rule **failed);
/**
 * List the rules, of both families, with a priority from @p low to @p high: ours in *out (malloc'ed, the caller frees),
 * in the kernel's order, IPv4 first, and the number of foreign rules in *foreign.  A rule with our tag that has
 * attributes that struct tscf_rule lacks is foreign.
 *
 * @return the number of our rules, or -errno.
 */
int tscf_rule_list(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out, unsigned *foreign);
/** Like tscf_rule_list, for the foreign rules only; attributes that struct tscf_rule lacks are left out. */
int tscf_rule_list_foreign(struct tscf_netlink *nl, uint32_t low, uint32_t high, struct tscf_rule **out);

#endif
