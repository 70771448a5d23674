/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reservation.h - encrypted tunnels that have been promised: a TSID, for a short time, to one plain session, once.
 *
 * The TSID is seen by everybody on the path, so it is worth nothing without the secret whose hash came with the service
 * request.
 */
#ifndef TSCF_SERVER_RESERVATION_H
#define TSCF_SERVER_RESERVATION_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

#include <stdint.h>

/** How long a reservation holds. */
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
 * Reserve @p tsid for @p session, for a connection from @p from that knows the secret behind @p hash.  One that the
 * session has already is replaced.  The caller has claimed a place (allocator.h), which the reservation takes over on
 * success.
 *
 * @return 0, or -ENOMEM.
 */
int server_reservation_make(struct server_reservations *table, struct server_session *session, uint64_t tsid,
			    const struct tscf_addr *from, const uint8_t hash[SERVER_SECRET_SIZE], uint64_t now);

/** @return whether @p tsid is reserved, for whomever. */
bool server_reservation_exists(const struct server_reservations *table, uint64_t tsid);

/**
 * Use a reservation up.  One that is asked for wrongly stays: else whoever reads the TSID on the path could burn it.
 *
 * @return the session it was made for, and the place that was claimed for it is the caller's; or NULL with *why, for a
 * person.
 */
struct server_session *server_reservation_redeem(struct server_reservations *table, uint64_t tsid,
						 const uint8_t secret[SERVER_SECRET_SIZE], const struct tscf_addr *from,
						 uint64_t now, const char **why);

/** Forget what @p session has reserved, if anything. */
void server_reservation_cancel(struct server_reservations *table, struct server_session *session);
/** Free what has expired. */
void server_reservations_expire(struct server_reservations *table, uint64_t now);

#endif
