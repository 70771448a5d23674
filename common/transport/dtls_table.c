/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/dtls_peer.h"

#include <errno.h>

struct dtls_peer *dtls_table_find(struct dtls *dtls, struct dtls_table *table, const struct tscf_outer_key *key)
{
	struct dtls_peer *found = NULL;

	/* Datagrams of one source come in runs. */
	if (table->last && memcmp(&table->last->key, key, sizeof(*key)) == 0)
		return table->last;
	HASH_FIND_BYHASHVALUE(hh, table->head, key, sizeof(*key), tscf_outer_key_hash(&dtls->secret, key), found);
	table->last = found;
	return found;
}

int dtls_table_add(struct dtls *dtls, struct dtls_table *table, struct dtls_peer *peer)
{
	HASH_ADD_BYHASHVALUE(hh, table->head, key, sizeof(peer->key), tscf_outer_key_hash(&dtls->secret, &peer->key),
			     peer);
	/* uthash clears this when out of memory. */
	return peer->hh.tbl ? 0 : -ENOMEM;
}

void dtls_table_remove(struct dtls *dtls, struct dtls_table *table, struct dtls_peer *peer)
{
	if (dtls_table_find(dtls, table, &peer->key) != peer)
		return;
	HASH_DELETE(hh, table->head, peer);
	table->last = NULL;
	tscf_source_drop(&dtls->sources, peer->source);
	peer->source = NULL;
}

struct dtls_peer *dtls_table_find_begun(struct dtls *dtls, const struct tscf_outer_key *key)
{
	return HASH_COUNT(dtls->handshakes.head) > 0 ? dtls_table_find(dtls, &dtls->handshakes, key) : NULL;
}

int dtls_table_give_way(struct dtls *dtls, struct dtls_peer *peer)
{
	dtls_table_remove(dtls, &dtls->up, peer);
	/* No address has this family, so no lookup finds it. */
	peer->key = (struct tscf_outer_key){.family = AF_UNSPEC};
	memcpy(peer->key.address, peer->id, TSCF_DTLS_ID);
	return dtls_table_add(dtls, &dtls->up, peer);
}

void dtls_unlink(struct dtls_peer *peer)
{
	struct dtls *dtls = dtls_of(peer);

	if (dtls->base.connected) {
		dtls->only = NULL;
		return;
	}
	dtls_id_forget(dtls, peer);
	dtls_table_remove(dtls, &dtls->up, peer);
	dtls_table_remove(dtls, &dtls->handshakes, peer);
}
