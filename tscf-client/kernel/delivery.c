/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/delivery.h"

static bool leads_to_encrypted(const struct routing_facts *f, enum tscf_level level)
{
	return (level == TSCF_LEVEL_ENCRYPTED_ONLY && f->gate != DTTE_GATE_SHUT) ||
	       (level == TSCF_LEVEL_ENCRYPTED_PREFERRED && f->preferred);
}

/* A reverse-path look-up has no owner (user 0) and no protocol.  Numbered policies require a mark. */
static bool is_seen(const struct policy *p)
{
	bool of_root = !p->uid.given || p->uid.low == 0;
	return p->number == 0 && of_root && p->protocol == 0 && p->local_port.high == 0 && p->remote_port.high == 0;
}

void delivery_plan(const struct client_config *config, const struct routing_facts *facts, struct delivery *out)
{
	const struct policies *p = &config->policies;
	*out =
	    (struct delivery){.encrypted = facts->encrypted, .rest = leads_to_encrypted(facts, config->default_level)};
	for (unsigned i = 0; i < p->count; i++)
		if (is_seen(&p->list[i]))
			out->policies[out->count++] = (struct delivery_policy){
			    .remote = p->list[i].remote, .encrypted = leads_to_encrypted(facts, p->list[i].level)};
}

static bool of_policies(const struct delivery *d, const struct tscf_addr *remote)
{
	for (unsigned i = 0; i < d->count; i++)
		if (d->policies[i].remote.addr.family == 0 || tscf_prefix_contains(&d->policies[i].remote, remote))
			return d->policies[i].encrypted;
	return d->rest;
}

bool delivery_encrypted(const struct delivery *d, const uint8_t *data)
{
	bool v4 = data[0] >> 4 == 4;
	struct tscf_addr to = v4 ? tscf_addr_v4(data + 16) : tscf_addr_v6(data + 24);
	if (tscf_addrs_have(&d->encrypted, &to))
		return true;
	if (d->count == 0)
		return d->rest;
	struct tscf_addr from = v4 ? tscf_addr_v4(data + 12) : tscf_addr_v6(data + 8);
	return of_policies(d, &from);
}
