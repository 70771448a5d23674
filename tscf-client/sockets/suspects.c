/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/suspects.h"

#include <string.h>

/** A flow that was let through is checked again after this time: its port may have another socket then. */
#define CLEARED_MS 50

int suspects_init(struct suspects *s)
{
	return tscf_sockdiag_flow_open(&s->diag);
}

void suspects_free(struct suspects *s)
{
	tscf_sockdiag_flow_close(&s->diag);
}

/* The slot of a flow.  Flows that share a slot are only checked more often. */
static unsigned place_of(const struct tscf_binding_key *flow)
{
	unsigned sum = flow->local_port * 31U + flow->remote_port;
	for (unsigned i = 0; i < sizeof(flow->remote.bytes); i++)
		sum = sum * 31U + flow->remote.bytes[i];
	return sum % SUSPECTS_CLEARED;
}

static bool find_socket(struct suspects *s, const struct tscf_binding_key *flow, struct tscf_socket *out)
{
	return tscf_sockdiag_flow_socket(&s->diag, flow, (uint32_t)s->plain_tun->index, out) == 0;
}

/* A flow that is forbidden for every owner stays forbidden: exceptions are known only once the sockets are listed. */
static bool judge(struct suspects *s, const struct tscf_binding_key *flow)
{
	struct tscf_socket socket;
	if (find_socket(s, flow, &socket) && registry_level(s->registry, &socket) == TSCF_LEVEL_ENCRYPTED_ONLY) {
		moves_found(s->moves, &socket);
		return false;
	}
	if (!policy_forbids_clear(&s->config->policies, flow))
		return true;
	registry_resync_soon(s->registry);
	return false;
}

bool suspects_allow(struct suspects *s, const struct tscf_binding_key *flow)
{
	unsigned at = place_of(flow);
	if (tscf_timers_now(s->timers) < s->cleared[at].until && memcmp(&s->cleared[at].flow, flow, sizeof(*flow)) == 0)
		return true;
	if (!judge(s, flow))
		return false;
	s->cleared[at].flow = *flow;
	s->cleared[at].until = tscf_timers_now(s->timers) + CLEARED_MS;
	return true;
}
