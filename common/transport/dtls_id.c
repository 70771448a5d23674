/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dtls_id.c - connection ids, and the addresses of connections that have one (RFC 9146).
 *
 * Such a connection stays in the table of addresses under the address of its handshake: records without an id, and the
 * rest of the handshake, come from there.  So a client that spoofs the address of another client cannot take that
 * client's place in the table.
 */
#include "common/crypto/random.h"
#include "common/transport/dtls_peer.h"

_Static_assert(TSCF_DTLS_ID <= TSCF_PEER_ID_MAX, "room for a connection id");

static struct dtls_peer *find(const struct dtls *dtls, const uint8_t *id)
{
	struct dtls_peer *found = NULL;

	HASH_FIND(hh_id, dtls->by_id, id, TSCF_DTLS_ID, found);
	return found;
}

struct dtls_peer *dtls_id_owner(struct dtls *dtls, const struct tscf_dtls_record *record)
{
	return record->id ? find(dtls, record->id) : NULL;
}

bool dtls_id_fits(const struct dtls_peer *peer, const struct tscf_dtls_record *record)
{
	return !record->id || (peer->has_id && memcmp(record->id, peer->id, TSCF_DTLS_ID) == 0);
}

static bool is_proved(const struct dtls_peer *peer)
{
	return tscf_endpoint_equal(&peer->base.outer, &peer->proved_at);
}

void dtls_id_heard(struct dtls_peer *peer, const struct tscf_dtls_record *record, const struct tscf_packet *datagram)
{
	struct tscf_transport *t = peer->base.transport;
	bool moved = !tscf_endpoint_equal(&datagram->from, &peer->base.outer);

	peer->base.outer = datagram->from;
	peer->base.local = datagram->local;
	if (moved)
		peer->allowance = 0;
	if (!is_proved(peer))
		peer->allowance += (uint64_t)TSCF_UNPROVED_TIMES * record->length;
	if (moved && t->handler->peer_moved)
		t->handler->peer_moved(t->context, &peer->base);
}

bool dtls_id_may_send(struct dtls_peer *peer, uint32_t length)
{
	if (!peer->has_id || is_proved(peer))
		return true;
	if (length > peer->allowance)
		return false;
	peer->allowance -= length;
	return true;
}

void dtls_id_forget(struct dtls *dtls, struct dtls_peer *peer)
{
	if (peer->has_id)
		HASH_DELETE(hh_id, dtls->by_id, peer);
	peer->has_id = false;
}

uint32_t dtls_id_give(struct tscf_peer *p, uint8_t *id)
{
	struct dtls_peer *peer = (struct dtls_peer *)p;
	struct dtls *dtls = dtls_of(peer);

	if (peer->state != DTLS_UP || peer->base.closed || dtls->base.connected)
		return 0;
	if (!peer->has_id) {
		do
			tscf_random(peer->id, sizeof(peer->id));
		while (find(dtls, peer->id));
		HASH_ADD(hh_id, dtls->by_id, id, TSCF_DTLS_ID, peer);
		/* uthash clears this when out of memory. */
		if (!peer->hh_id.tbl)
			return 0;
		peer->has_id = true;
		peer->proved_at = peer->base.outer;
	}
	memcpy(id, peer->id, TSCF_DTLS_ID);
	return TSCF_DTLS_ID;
}

bool dtls_id_use(struct tscf_peer *p, const uint8_t *id, uint32_t length)
{
	struct dtls_peer *peer = (struct dtls_peer *)p;

	if (length != TSCF_DTLS_ID || peer->state != DTLS_UP || !dtls_of(peer)->base.connected)
		return false;
	memcpy(peer->sending.id, id, TSCF_DTLS_ID);
	peer->sending.has_id = true;
	return true;
}

void dtls_id_proved(struct tscf_peer *p)
{
	struct dtls_peer *peer = (struct dtls_peer *)p;

	peer->proved_at = peer->base.outer;
}
