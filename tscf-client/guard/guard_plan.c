/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_plan.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

_Static_assert(GUARD_POLICIES == POLICIES_MAX && GUARD_ROUTES == ROUTING_ROUTES_MAX, "everything has room");

static void write_address(const struct tscf_addr *a, __u32 out[4])
{
	memset(out, 0, 4 * sizeof(*out));
	if (a->family == AF_INET) {
		out[2] = htonl(0xffff);
		memcpy(&out[3], a->bytes, 4);
	} else {
		memcpy(out, a->bytes, 16);
	}
}

static void write_prefix(const struct tscf_prefix *p, struct guard_prefix *out)
{
	unsigned bits = p->length + (p->addr.family == AF_INET ? 96U : 0U);

	write_address(&p->addr, out->addr);
	for (unsigned i = 0; i < 4; i++) {
		unsigned here = bits > 32 ? 32 : bits;

		out->mask[i] = here == 0 ? 0 : htonl(UINT32_MAX << (32 - here));
		out->addr[i] &= out->mask[i];
		bits -= here;
	}
}

static void write_program(const char *path, const struct guard_place *place, struct guard_program *out)
{
	const char *name = strrchr(path, '/');

	if (!name)
		return;
	out->place = *place;
	out->length = strlen(++name);
	strncpy((char *)out->name, name, sizeof(out->name) - 1);
}

static void write_policy(const struct policy *p, const struct guard_place *place, struct guard_policy *out)
{
	*out = (struct guard_policy){.uid_low = p->uid.low,
				     .uid_high = p->uid.high,
				     .local_low = p->local_port.low,
				     .local_high = p->local_port.high,
				     .remote_low = p->remote_port.low,
				     .remote_high = p->remote_port.high,
				     .flags = (p->uid.given ? GUARD_POLICY_UID : 0) |
					      (p->program[0] ? GUARD_POLICY_PROGRAM : 0) |
					      (p->cgroup[0] ? GUARD_POLICY_CGROUP : 0),
				     .dscps = p->dscps,
				     .protocol = p->protocol,
				     .level = (__u8)p->level,
				     .number = (__u8)p->number};
	write_program(p->program, place, &out->program);
	if (p->remote.addr.family == 0)
		return;
	out->flags |= GUARD_POLICY_REMOTE;
	write_prefix(&p->remote, &out->remote);
}

/* With one address, both places have it.  Zeros would be an address, too: that from which the kernel asks whether an
 * IPv6 address is free. */
static void write_native(const struct tscf_addrs *addrs, struct guard_net *out)
{
	const struct tscf_addr *any = addrs->of[0].family ? &addrs->of[0] : &addrs->of[1];

	memset(out->native, 0, sizeof(out->native));
	out->has_native = any->family != 0;
	for (unsigned i = 0; i < TSCF_FAMILIES && out->has_native; i++)
		write_address(addrs->of[i].family ? &addrs->of[i] : any, out->native[i]);
}

static bool forbids_remotes(const struct policy *p)
{
	return p->level == TSCF_LEVEL_ENCRYPTED_ONLY && (p->remote.addr.family != 0 || p->remote_port.high != 0);
}

static void write_policies(const struct policies *p, const struct guard_place *places, struct guard_net *out)
{
	struct guard_policy before[GUARD_POLICIES];

	memcpy(before, out->policies, sizeof(before));
	memset(out->policies, 0, sizeof(out->policies));
	out->policy_count = (__u16)p->count;
	out->numbered = (__u16)policies_numbered(p);
	for (unsigned i = 0; i < p->count; i++)
		write_policy(&p->list[i], &places[i], &out->policies[i]);
	out->grouped = out->forbids = out->remotes = 0;
	/* The second condition is for compilers with sanitizers, which doubt the first. */
	for (unsigned i = 0; i < p->count && i < POLICIES_MAX; i++) {
		out->grouped |= (__u32)(p->list[i].cgroup[0] != '\0') << i;
		out->forbids |= (__u32)(p->list[i].level == TSCF_LEVEL_ENCRYPTED_ONLY) << i;
		out->remotes += forbids_remotes(&p->list[i]);
	}
	if (memcmp(before, out->policies, sizeof(before)) != 0)
		out->generation += GUARD_GENERATION_STEP;
}

void guard_plan(const struct client_config *config, const struct guard_place *places, const struct routing_facts *facts,
		struct guard_net *out)
{
	out->plain = (__u32)facts->plain_device;
	out->encrypted = (__u32)facts->encrypted_device;
	out->mask = config->fwmark_mask;
	out->shift = (__u32)(ffs((int)config->fwmark_mask) - 1);
	out->preferred = facts->preferred;
	out->default_level = (__u8)config->default_level;
	memset(out->device, 0, sizeof(out->device));
	snprintf(out->device, sizeof(out->device), "%s", config->encrypted_dev);
	write_native(&facts->encrypted, out);
	out->rule_number = policies_rule_number(&config->policies, config->fwmark_mask);
	write_policies(&config->policies, places, out);
	/* A client that has received no routes yet goes on with those of the client before it. */
	if (facts->route_count == 0)
		return;
	memset(out->routes, 0, sizeof(out->routes));
	out->route_count = (__u16)facts->route_count;
	for (unsigned i = 0; i < facts->route_count; i++)
		write_prefix(&facts->routes[i], &out->routes[i]);
}

void guard_plan_between(const struct guard_net *before, struct guard_net *after)
{
	after->preferred &= before->preferred;
}
