/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink.h"
#include "tscf-client/tunnel/tunnel.h"

bool tunnel_source(const struct tunnel *t, struct tscf_addr *out)
{
	struct tscf_outer_options options = {.mark = TSCF_MARK_OUTER, .mark_mask = t->host->config->fwmark_mask};
	union tscf_endpoint source;

	if (tscf_outer_source(&t->way.remote, &options, &source) < 0)
		return false;
	*out = tscf_endpoint_addr(&source);
	return true;
}

bool tunnel_path(const struct tunnel *t, struct tscf_addr *source, int *device)
{
	const struct tunnel_host *host = t->host;
	struct tscf_addr to;
	int index;

	if (t->way.remote.sa.sa_family == 0 || !tunnel_source(t, source))
		return false;
	/* A link-local address contains its device. */
	if (t->way.remote.sa.sa_family == AF_INET6 && t->way.remote.in6.sin6_scope_id != 0) {
		*device = (int)t->way.remote.in6.sin6_scope_id;
		return true;
	}
	to = tscf_endpoint_addr(&t->way.remote);
	index = tscf_route_lookup(host->routing->netlink, &to,
				  tscf_mark_set(0, host->config->fwmark_mask, TSCF_MARK_OUTER));
	*device = index > 0 ? index : 0;
	return true;
}

bool tunnel_astray(const struct tunnel *t)
{
	struct tscf_addr now, before = tscf_endpoint_addr(&t->transport->local);

	/* A connection that is not established yet has no source address. */
	if (before.family == 0)
		return false;
	return !tunnel_source(t, &now) || !tscf_addr_equal(&now, &before);
}
