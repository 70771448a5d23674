/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reservation.h - reserved encrypted tunnels: a TSID that is promised to one plain session for a short time, for one
 * use.
 *
 * Everybody on the path sees the TSID, so it is useless without the secret whose hash came with the service request.
 */
#ifndef TSCF_SERVER_RESERVATION_H
#define TSCF_SERVER_RESERVATION_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

#include <stdint.h>

/** Lifetime of a reservation. */
#define SERVER_RESERVATION_MS 10000
/** Bytes of the secret, and of its SHA-256. */
#define SERVER_SECRET_SIZE 32

struct server_session;
struct server_reservation;

struct server_reservations {
	struct server_reservation *by_tsid;
	struct server_reservation *oldest; /**< list in order of expiry */
	struct tscf_siphash_key secret;
};

/** @return 0, or -errno. */
int server_reservations_init(struct server_reservations *table);
/** Free every reservation. */
void server_reservations_free(struct server_reservations *table);

/**
 * Reserve @p tsid for @p session: for a connection from @p from that knows the secret behind @p hash.  An earlier
 * reservation of the session is replaced.  The caller has claimed a place (allocator.h), which the reservation takes
 * over on success.
 *
 * @return 0, or -ENOMEM.
 */
int server_reservation_make(struct server_reservations *table, struct server_session *session, uint64_t tsid,
			    const struct tscf_addr *from, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now);

/** @return whether @p tsid is reserved for any session. */
bool server_reservation_exists(const struct server_reservations *table, uint64_t tsid);

/**
 * Use up a reservation.  A wrong attempt leaves it in place: otherwise an observer who reads the TSID on the path could
 * destroy it.
 *
 * @return the session it was made for, and the caller takes over the claimed place; or NULL with a readable reason in
 * *why.
 */
struct server_session *server_reservation_redeem(struct server_reservations *table, uint64_t tsid,
						 const uint8_t secret[SERVER_SECRET_SIZE], const struct tscf_addr *from,
						 uint64_t now, const char **why);

/** Cancel the reservation of @p session, if it has one. */
void server_reservation_cancel(struct server_reservations *table, struct server_session *session);
/** Free expired reservations. */
void server_reservations_expire(struct server_reservations *table, uint64_t now);

#endif
