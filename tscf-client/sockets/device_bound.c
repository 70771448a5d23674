/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/device_bound.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/** More sockets than a host binds to a device.  A full table takes no more, and further sockets receive nothing. */
#define DEVICE_BOUND_MAX 4096

int device_bound_init(struct device_bound *d, uint32_t device)
{
	*d = (struct device_bound){.table = tscf_bindings_new(), .device = device};
	return d->table ? tscf_sockdiag_flow_open(&d->diag) : -ENOMEM;
}

void device_bound_free(struct device_bound *d)
{
	tscf_sockdiag_flow_close(&d->diag);
	tscf_bindings_free(d->table);
	*d = (struct device_bound){0};
}

static void add(struct device_bound *d, const struct tscf_binding_key *key, uint32_t generation)
{
	struct tscf_binding *b = tscf_bindings_get(d->table, key);
	if (!b && tscf_bindings_count(d->table) < DEVICE_BOUND_MAX)
		b = tscf_bindings_bind(d->table, key, TSCF_LEVEL_DEFAULT, NULL, NULL);
	if (b)
		b->generation = generation;
}

static bool can_be_asked(const struct tscf_binding_key *flow)
{
	return flow->protocol == IPPROTO_TCP || flow->protocol == IPPROTO_UDP || flow->protocol == IPPROTO_UDPLITE;
}

void device_bound_ask(struct device_bound *d, const struct tscf_binding_key *flow, uint32_t generation)
{
	struct tscf_binding_key key;
	struct tscf_socket s;
	if (!can_be_asked(flow) || tscf_sockdiag_flow_socket(&d->diag, flow, d->device, &s) < 0 || s.device == 0 ||
	    s.device != d->device)
		return;
	tscf_binding_key_implicit(flow, &key);
	/* The running dump may have passed it already. */
	add(d, &key, generation + 1);
}

/* A raw socket has no port: it gets everything of its protocol. */
static void raw_seen(struct device_bound *d, const struct tscf_socket *s, uint32_t generation)
{
	struct tscf_binding_key whole;
	memset(&whole, 0, sizeof(whole));
	whole.protocol = s->protocol;
	whole.local = s->local;
	add(d, &whole, generation);
}

void device_bound_seen(struct device_bound *d, const struct tscf_socket *s, const struct tscf_binding_key *keys,
		       unsigned count, uint32_t generation)
{
	if (s->device != d->device)
		return;
	for (unsigned i = 0; i < count; i++)
		add(d, &keys[i], generation);
	if (s->type == SOCK_RAW)
		raw_seen(d, s, generation);
}

struct sweep {
	struct tscf_bindings *table;
	uint32_t generation;
};

static void sweep_one(void *context, struct tscf_binding *b)
{
	const struct sweep *s = context;
	if ((int32_t)(s->generation - b->generation) > 0)
		tscf_bindings_remove(s->table, b);
}

void device_bound_sweep(struct device_bound *d, uint32_t generation)
{
	struct sweep s = {d->table, generation};
	if (device_bound_any(d))
		tscf_bindings_each(d->table, sweep_one, &s);
}

static bool flow_of(struct tscf_fragments *fragments, const uint8_t *data, const struct tscf_packet_info *info,
		    uint64_t now, struct tscf_binding_key *flow)
{
	struct tscf_packet_info quote;
	if (info->fragment)
		return tscf_fragments_key(fragments, info, TSCF_TO_LOCAL, false, now, flow);
	if (info->quotes && tscf_packet_parse_quote(data, info, &quote) == TSCF_PACKET_OK)
		tscf_binding_key_of(&quote, TSCF_FROM_LOCAL, flow);
	else
		tscf_binding_key_of(info, TSCF_TO_LOCAL, flow);
	return true;
}

bool device_bound_has(const struct device_bound *d, struct tscf_fragments *fragments, const uint8_t *data,
		      uint32_t length, uint64_t now)
{
	struct tscf_packet_info info;
	struct tscf_binding_key flow;
	if (tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK || !flow_of(fragments, data, &info, now, &flow))
		return false;
	if (tscf_bindings_find(d->table, &flow, now))
		return true;
	/* A raw socket that is bound to no address. */
	memset(flow.local.bytes, 0, sizeof(flow.local.bytes));
	flow.local_port = 0;
	return tscf_bindings_find(d->table, &flow, now) != NULL;
}
