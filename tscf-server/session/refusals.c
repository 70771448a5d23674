/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/refusals.h"

#include "common/base/log.h"
#include "common/packet/icmp_error.h"
#include "tscf-server/state.h"

#include <stdlib.h>

/** Remember @p to.  @return whether it is named for the first time. */
static bool is_new(struct server_refusals *r, const struct tscf_addr *to)
{
	for (unsigned i = 0; i < r->named; i++)
		if (tscf_addr_equal(&r->to[i], to))
			return false;
	if (r->named < SERVER_REFUSALS_NAMED)
		r->to[r->named++] = *to;
	else if (r->silent)
		return false;
	else
		r->silent = true;
	return true;
}

static void say(const struct server_refusals *r, const struct tscf_packet_info *info, enum tscf_log_level level)
{
	char from[TSCF_ADDR_TEXT], to[TSCF_ADDR_TEXT];

	tscf_addr_format(&info->source, from);
	if (r->silent)
		TSCF_LOG_IF_SHOWN(level, "client %s tries to reach still more clients: they are not named any more",
				  from);
	else
		TSCF_LOG_IF_SHOWN(level, "client %s cannot reach client %s: inter-client-block is true", from,
				  tscf_addr_format(&info->destination, to));
}

static bool may_answer(struct server_refusals *r, uint64_t now)
{
	if (now - r->second >= 1000) {
		r->second = now;
		r->answered = 0;
	}
	return r->answered++ < SERVER_REFUSALS_PER_SECOND;
}

static void answer(struct server_session *s, const uint8_t *data, const struct tscf_packet_info *info)
{
	uint8_t error[TSCF_ICMP_ERROR_MAX];
	const struct server_allocator *allocator = s->interface->allocator;
	struct tscf_addr from = server_pools_own(&allocator->plain_pools, &info->source);
	uint32_t length;

	if (from.family == 0)
		from = server_pools_own(&allocator->encrypted_pools, &info->source);
	length = tscf_icmp_prohibited(data, info, &from, error);
	if (length > 0)
		tscf_peer_send(s->peer, error, length);
}

void server_refuse(struct server_state *state, struct server_session *s, const uint8_t *data,
		   const struct tscf_packet_info *info, bool quotable, uint64_t now)
{
	if (!s->refusals)
		s->refusals = calloc(1, sizeof(*s->refusals));
	if (!s->refusals)
		return;
	s->refusals->packets++;
	if (is_new(s->refusals, &info->destination))
		say(s->refusals, info, server_client_line(state, &s->outer, now));
	if (quotable && s->confirmed && s->peer && may_answer(s->refusals, now))
		answer(s, data, info);
}

uint64_t server_refused(const struct server_session *s)
{
	return s->refusals ? s->refusals->packets : 0;
}
