/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificates.h - certificates that clients have sent in parts, because they do not fit a message.
 *
 * A client sends them before its proof, so anybody who can receive at an address may.  Each worker keeps at most
 * SERVER_CERTIFICATES of them, 8 KB each, for a short time.  Those of clients that have been admitted stay longer, so
 * that the client need not send them again; those of others cannot take their place.  tscf(7), "CLIENT
 * AUTHENTICATION".
 */
#ifndef TSCF_SERVER_CERTIFICATES_H
#define TSCF_SERVER_CERTIFICATES_H

#include "common/auth/proof.h"
#include "common/base/addr.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVER_CERTIFICATES 64
/** Most of admitted clients, and most that one source may send at a time. */
#define SERVER_CERTIFICATES_ADMITTED 32
#define SERVER_CERTIFICATES_SOURCE   8
/** How long they are kept, in milliseconds: while they arrive, and after a client was admitted with them. */
#define SERVER_CERTIFICATES_WAIT_MS 10000
#define SERVER_CERTIFICATES_KEEP_MS 600000

struct server_certificate_entry {
	uint8_t *der; /**< NULL: the place is free */
	uint8_t digest[32];
	union tscf_endpoint outer; /**< the sender */
	uint16_t total;
	uint16_t missing; /**< a bit for each part that has not arrived; 0: they are complete, and have that digest */
	bool admitted;
	uint64_t used;
};

/** All zero: none. */
struct server_certificates {
	struct server_certificate_entry list[SERVER_CERTIFICATES];
};

/**
 * A part has arrived from @p outer, which is proved.
 *
 * @return false: the part is of no use.
 */
bool server_certificates_take(struct server_certificates *c, const union tscf_endpoint *outer, const uint8_t digest[32],
			      const struct tscf_chain_part *part, uint64_t now);
/** Find the certificates with that digest.  @return whether they are complete. */
bool server_certificates_find(struct server_certificates *c, const uint8_t digest[32], uint64_t now,
			      struct tscf_certificates *out);
/** A client was admitted with those of that digest. */
void server_certificates_admitted(struct server_certificates *c, const uint8_t digest[32]);
/** Free what was not used for long. */
void server_certificates_expire(struct server_certificates *c, uint64_t now);
void server_certificates_free(struct server_certificates *c);

#endif
