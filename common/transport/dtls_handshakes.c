/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work on the datagrams in the backlog: a step of deferred_work.h handles one.
 */
#include "common/transport/dtls_peer.h"

void dtls_clear_record(struct dtls *dtls, struct dtls_peer *peer, const struct tscf_dtls_record *record)
{
	if (record->type == TSCF_DTLS_HANDSHAKE)
		dtls_flight_resend(peer);
	else
		dtls->base.transport.counters.invalid++;
}

/* Work on a datagram of a handshake in progress, or of a stranger. */
static void handshake_datagram(struct dtls *dtls, struct tscf_packet *packet)
{
	struct tscf_outer_key key = tscf_outer_key(&packet->from);
	struct dtls_peer *up = dtls_table_find(dtls, &dtls->up, &key);
	struct dtls_peer *begun = dtls_table_find_begun(dtls, &key);
	struct tscf_dtls_record first;

	/* The datagram was valid when it arrived. */
	if (!tscf_dtls_record_first(packet->data, packet->length, &first))
		return;
	if (begun && tscf_dtls_is_client_hello(&first) &&
	    memcmp(begun->client_random, tscf_dtls_client_random(&first), TSCF_DTLS_RANDOM) != 0)
		begun = NULL;
	if (begun)
		dtls_peer_feed(begun, packet);
	else if (tscf_dtls_is_client_hello(&first))
		dtls_listen_hello(dtls, packet, &first);
	else if (up && first.epoch == 0)
		dtls_clear_record(dtls, up, &first);
	else if (up)
		dtls_peer_feed(up, packet);
	else
		dtls->base.transport.counters.invalid++;
}

bool dtls_handshakes_step(void *context)
{
	struct dtls *dtls = context;
	struct dtls_backlog *backlog = dtls->begun.count > 0 ? &dtls->begun : &dtls->strangers;
	struct tscf_packet *packet = dtls_backlog_take(backlog);
	bool more;

	if (!packet)
		return false;
	tscf_reaper_enter(&dtls->base.transport);
	handshake_datagram(dtls, packet);
	dtls_backlog_done(packet);
	more = !dtls->base.transport.closed && dtls->begun.count + dtls->strangers.count > 0;
	if (!more)
		dtls_finish(dtls);
	tscf_reaper_leave(&dtls->base.transport);
	return more;
}

void dtls_handshakes_pause(void *context)
{
	struct dtls *dtls = context;

	tscf_reaper_enter(&dtls->base.transport);
	dtls_finish(dtls);
	tscf_reaper_leave(&dtls->base.transport);
}
