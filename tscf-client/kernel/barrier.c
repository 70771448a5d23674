/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/barrier.h"

#include "common/base/level.h"

#include <netinet/in.h>

#define LOOPBACK 1
/** DHCP: a host must keep its address on the link. */
#define DHCP_SERVER 67
#define DHCP_CLIENT 68

enum priority {
	PRIORITY_ONLY = TSCF_XFRM_PRIORITY_FIRST,
	PRIORITY_ONLY_BLOCK,
	PRIORITY_DEVICES,
	PRIORITY_SOURCE_BLOCK,
	PRIORITY_POLICY,
	PRIORITY_DHCP = PRIORITY_POLICY + POLICIES_MAX,
	PRIORITY_DEFAULT_BLOCK,
};
_Static_assert(PRIORITY_DEFAULT_BLOCK <= TSCF_XFRM_PRIORITY_LAST, "all of ours are known by their priorities");

struct planner {
	const struct client_config *config;
	const struct routing_facts *facts;
	struct barrier *out;
};

/* A policy with the selector and mark of an earlier one would replace it in the kernel. */
static bool is_taken(const struct barrier *b, const struct tscf_xfrm_policy *p)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct tscf_xfrm_policy same = *p;
		same.priority = b->list[i].priority;
		same.block = b->list[i].block;
		if (tscf_xfrm_policy_equal(&same, &b->list[i]))
			return true;
	}
	return false;
}

static void put(struct planner *p, const struct tscf_xfrm_policy *one)
{
	if (p->out->count < BARRIER_MAX && !is_taken(p->out, one))
		p->out->list[p->out->count++] = *one;
}

/* Compare only the bits @p bits of the value under the mask. */
static struct tscf_xfrm_policy marked(const struct planner *p, int family, enum priority priority, uint32_t value,
				      uint32_t bits)
{
	uint32_t mask = p->config->fwmark_mask;
	return (struct tscf_xfrm_policy){.family = family,
					 .priority = priority,
					 .mark = tscf_mark_set(0, mask, value),
					 .mask = tscf_mark_set(0, mask, bits)};
}

static void put_device(struct planner *p, struct tscf_xfrm_policy one, int device)
{
	one.device = device;
	if (device > 0)
		put(p, &one);
}

static void plan_only(struct planner *p, int family)
{
	struct tscf_xfrm_policy one = marked(p, family, PRIORITY_ONLY, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_MARK_LEVEL);
	put_device(p, one, LOOPBACK);
	put_device(p, one, p->facts->encrypted_device);
	one.priority = PRIORITY_ONLY_BLOCK;
	one.block = true;
	/* For IPv6 the kernel shows a policy only a device that the program has named.  With a named device the rules
	 * apply, except to multicast. */
	if (family == AF_INET6) {
		one.destination.addr = (struct tscf_addr){.family = AF_INET6, .bytes = {0xff}};
		one.destination.length = 8;
	}
	put(p, &one);
}

/* For all other packets: with and without a level set on the socket. */
static void plan_devices(struct planner *p, uint32_t explicit)
{
	struct tscf_xfrm_policy one = marked(p, AF_INET, PRIORITY_DEVICES, explicit, TSCF_MARK_EXPLICIT);
	put_device(p, one, LOOPBACK);
	put_device(p, one, p->facts->plain_device);
	put_device(p, one, p->facts->encrypted_device);
}

/* Other programs' policies for all packets must not catch IPv6 packets for the tunnels, either.  The kernel does not
 * show these the device, so they are known by their source. */
static void plan_ipv6_source(struct planner *p, const struct tscf_addrs *internal, uint32_t explicit)
{
	const struct tscf_addr *source = &internal->of[tscf_family_index(AF_INET6)];
	struct tscf_xfrm_policy one = marked(p, AF_INET6, PRIORITY_DEVICES, explicit, TSCF_MARK_EXPLICIT);
	one.source = (struct tscf_prefix){.addr = *source, .length = 8 * (uint8_t)tscf_addr_size(AF_INET6)};
	if (source->family == AF_INET6)
		put(p, &one);
}

static void plan_source(struct planner *p, const struct tscf_addr *source, uint32_t explicit)
{
	struct tscf_xfrm_policy one = marked(p, AF_INET, PRIORITY_SOURCE_BLOCK, explicit, TSCF_MARK_EXPLICIT);
	one.block = true;
	one.source = (struct tscf_prefix){.addr = *source, .length = 8 * (uint8_t)tscf_addr_size(AF_INET)};
	if (source->family == AF_INET)
		put(p, &one);
}

/* As many entries as the ports need; @return whether the policy can be expressed. */
static bool put_ports(struct planner *p, struct tscf_xfrm_policy one, const struct policy *policy)
{
	struct tscf_port_bits sources[32] = {{0}}, destinations[32] = {{0}};
	int n = policy->local_port.high == 0
		    ? 1
		    : tscf_port_bits_split(policy->local_port.low, policy->local_port.high, sources, 32);
	int m = policy->remote_port.high == 0
		    ? 1
		    : tscf_port_bits_split(policy->remote_port.low, policy->remote_port.high, destinations, 32);
	if (n < 0 || m < 0 || p->out->count + (unsigned)(n * m) > BARRIER_MAX)
		return false;
	for (int i = 0; i < n * m; i++) {
		one.source_port = sources[i / m];
		one.destination_port = destinations[i % m];
		put(p, &one);
	}
	return true;
}

/* @return whether the next policy can be expressed, too. */
static bool plan_policy(struct planner *p, const struct policy *policy)
{
	unsigned priority = PRIORITY_POLICY + policy->place;
	bool block = policy->level == TSCF_LEVEL_ENCRYPTED_ONLY;
	uint32_t number = policy->number;
	struct tscf_xfrm_policy one = number != 0 ? marked(p, AF_INET, priority, policy_mark(policy), UINT32_MAX)
						  : marked(p, AF_INET, priority, 0, TSCF_MARK_EXPLICIT);
	if (policy->remote.addr.family == AF_INET6)
		return true;
	if (policy->uid.given)
		return block;
	one.block = block;
	one.protocol = policy->protocol;
	if (policy->remote.addr.family != 0)
		one.destination = policy->remote;
	return put_ports(p, one, policy) || block;
}

static void plan_default_level(struct planner *p)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};
	struct tscf_xfrm_policy one = marked(p, AF_INET, PRIORITY_DHCP, 0, TSCF_MARK_EXPLICIT | TSCF_MARK_LEVEL);
	if (p->config->default_level != TSCF_LEVEL_ENCRYPTED_ONLY)
		return;
	struct tscf_xfrm_policy dhcp = one;
	dhcp.protocol = IPPROTO_UDP;
	dhcp.source_port = (struct tscf_port_bits){DHCP_CLIENT, UINT16_MAX};
	dhcp.destination_port = (struct tscf_port_bits){DHCP_SERVER, UINT16_MAX};
	put(p, &dhcp);
	one.priority = PRIORITY_DEFAULT_BLOCK;
	one.block = true;
	for (unsigned i = 0; i < 2 * p->facts->route_count; i++) {
		one.destination = p->facts->routes[i / 2];
		one.protocol = protocols[i % 2];
		tscf_prefix_normalize(&one.destination);
		if (one.destination.addr.family == AF_INET)
			put(p, &one);
	}
}

void barrier_plan(const struct client_config *config, const struct routing_facts *facts, struct barrier *out)
{
	static const uint32_t givers[] = {0, TSCF_MARK_EXPLICIT};
	struct planner p = {.config = config, .facts = facts, .out = out};
	bool sayable = true;
	out->count = 0;
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		plan_only(&p, tscf_family(i));
	for (unsigned i = 0; i < 2; i++) {
		plan_devices(&p, givers[i]);
		plan_source(&p, &facts->plain.of[tscf_family_index(AF_INET)], givers[i]);
		plan_source(&p, &facts->encrypted.of[tscf_family_index(AF_INET)], givers[i]);
		plan_ipv6_source(&p, &facts->plain, givers[i]);
		plan_ipv6_source(&p, &facts->encrypted, givers[i]);
	}
	for (unsigned i = 0; sayable && i < config->policies.count; i++)
		sayable = plan_policy(&p, &config->policies.list[i]);
	if (sayable)
		plan_default_level(&p);
}

/* What depends on an internal address goes with the address. */
static bool needs_daemon(const struct tscf_xfrm_policy *p)
{
	return p->priority == PRIORITY_SOURCE_BLOCK || p->priority >= PRIORITY_DHCP ||
	       (p->family == AF_INET6 && p->priority == PRIORITY_DEVICES);
}

void barrier_keep(struct barrier *b)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < b->count; i++)
		if (!needs_daemon(&b->list[i]))
			b->list[kept++] = b->list[i];
	b->count = kept;
}
