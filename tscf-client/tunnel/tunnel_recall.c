/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/tunnel_recall.h"

bool tunnel_may_do(struct tunnel *t)
{
	const uint64_t now = tscf_timers_now(t->host->timers);
	if (now - t->recalls_since >= TUNNEL_RECALLS_MS) {
		t->recalls_since = now;
		t->recalls = 0;
	}
	return t->recalls++ < TUNNEL_RECALLS_MAX;
}

bool tunnel_may_recall(struct tunnel *t, const struct tscf_message *m)
{
	static const uint16_t work[] = {TSCF_TLV_QUIET, TSCF_TLV_SOCKETS_DUE, TSCF_TLV_ENTRIES_LEFT, TSCF_TLV_NETWORKS};
	struct tscf_tlv tlv;
	for (unsigned i = 0; i < sizeof(work) / sizeof(*work); i++)
		if (tscf_message_find(m, work[i], &tlv))
			return tunnel_may_do(t);
	return true;
}

/* A restarted server sends nothing down until it knows which sockets must not get packets in clear. */
void tunnel_recall(struct tunnel *t, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	if (t->events->restarted && tscf_message_find(m, TSCF_TLV_QUIET, &tlv))
		t->events->restarted(t);
	if (t->events->sockets_due && tscf_message_find(m, TSCF_TLV_SOCKETS_DUE, &tlv))
		t->events->sockets_due(t);
	if (t->events->entries_left && tscf_message_find(m, TSCF_TLV_ENTRIES_LEFT, &tlv))
		t->events->entries_left(t);
	if (t->events->networks && tscf_message_find(m, TSCF_TLV_NETWORKS, &tlv))
		t->events->networks(t, m);
	if (t->events->yield && tscf_message_find(m, TSCF_TLV_YIELD, &tlv))
		t->events->yield(t);
}
