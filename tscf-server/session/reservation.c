/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/reservation.h"

#include "tscf-server/state.h"

#include "common/crypto/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

struct server_reservation {
	uint64_t tsid;
	struct server_session *session;
	struct tscf_addr from;
	uint8_t hash[SERVER_SECRET_SIZE];
	uint64_t expires;
	struct server_reservation *prev, *next;
	UT_hash_handle hh;
};

int server_reservations_init(struct server_reservations *table)
{
	*table = (struct server_reservations){0};
	return tscf_siphash_key_init(&table->secret);
}

/** Remove and free a reservation; the caller handles the place that it holds. */
static void forget(struct server_reservations *table, struct server_reservation *r)
{
	HASH_DELETE(hh, table->by_tsid, r);
	DL_DELETE(table->oldest, r);
	r->session->interface->reserved_count--;
	r->session->reservation = NULL;
	free(r);
}

static void drop(struct server_reservations *table, struct server_reservation *r)
{
	server_allocator_release(&r->session->interface->allocator->encrypted);
	forget(table, r);
}

void server_reservations_free(struct server_reservations *table)
{
	while (table->oldest)
		drop(table, table->oldest);
}

static unsigned hash_tsid(const struct server_reservations *table, uint64_t tsid)
{
	return (unsigned)tscf_siphash(&table->secret, &tsid, sizeof(tsid));
}

static struct server_reservation *find(const struct server_reservations *table, uint64_t tsid)
{
	struct server_reservation *r;

	HASH_FIND_BYHASHVALUE(hh, table->by_tsid, &tsid, sizeof(tsid), hash_tsid(table, tsid), r);
	return r;
}

int server_reservation_make(struct server_reservations *table, struct server_session *session, uint64_t tsid,
			    const struct tscf_addr *from, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now)
{
	struct server_reservation *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	server_reservation_cancel(table, session);
	r->tsid = tsid;
	r->session = session;
	r->from = *from;
	memcpy(r->hash, hash, sizeof(r->hash));
	r->expires = now + SERVER_RESERVATION_MS;
	HASH_ADD_BYHASHVALUE(hh, table->by_tsid, tsid, sizeof(r->tsid), hash_tsid(table, tsid), r);
	if (!r->hh.tbl) { /* out of memory */
		free(r);
		return -ENOMEM;
	}
	DL_APPEND(table->oldest, r);
	session->interface->reserved_count++;
	session->reservation = r;
	return 0;
}

bool server_reservation_exists(const struct server_reservations *table, uint64_t tsid)
{
	return find(table, tsid) != NULL;
}

struct server_session *server_reservation_redeem(struct server_reservations *table, uint64_t tsid,
						 const uint8_t secret[SERVER_SECRET_SIZE], const struct tscf_addr *from,
						 uint64_t now, const char **why)
{
	struct server_reservation *r = find(table, tsid);
	struct server_session *session;
	uint8_t hash[SERVER_SECRET_SIZE];

	tscf_sha256(secret, SERVER_SECRET_SIZE, hash);
	if (!r || now >= r->expires) {
		*why = "no such reservation, or it has been used or has expired";
		return NULL;
	}
	if (!tscf_equal_secret(hash, r->hash, sizeof(hash))) {
		*why = "wrong reservation secret";
		return NULL;
	}
	if (!tscf_addr_equal(from, &r->from)) {
		*why = "reserved for another outer address";
		return NULL;
	}
	session = r->session;
	forget(table, r);
	return session;
}

void server_reservation_cancel(struct server_reservations *table, struct server_session *session)
{
	if (session->reservation)
		drop(table, session->reservation);
}

void server_reservations_expire(struct server_reservations *table, uint64_t now)
{
	while (table->oldest && now >= table->oldest->expires)
		drop(table, table->oldest);
}
