/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/return_route.h"

bool server_return_route_missing(struct server_return_route *r, uint64_t sent, uint64_t received, uint64_t now)
{
	const bool come_back = received - r->received > SERVER_RETURN_ROUTE_STRAY;

	if (r->since == 0 || come_back) {
		*r = (struct server_return_route){.since = now, .sent = sent, .received = received};
		return false;
	}
	if (r->missing || now - r->since < SERVER_RETURN_ROUTE_MS || sent - r->sent < SERVER_RETURN_ROUTE_SENT)
		return false;
	r->missing = true;
	return true;
}
