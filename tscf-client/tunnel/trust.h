/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.h - whether what has answered a configuration request is the server that it should be.
 *
 * tscf(7), "AUTHENTICATED CONTROL".  The response names the server's certificates by their digest.  They are fetched by
 * the same way unless they are known, and judged as in a handshake of the encrypted tunnel; then the response must be
 * signed with the key of the first.  Nothing of a response is used before.
 */
#ifndef TSCF_CLIENT_TRUST_H
#define TSCF_CLIENT_TRUST_H

#include "common/auth/agreement.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** The certificates by which a server was verified last. */
struct trust {
	uint8_t *chain; /**< NULL: none yet */
	uint16_t length;
	uint8_t digest[32];
};

/** Certificates that are being fetched. */
struct trust_fetch {
	uint8_t *chain; /**< NULL: nothing is */
	uint16_t have, total;
};

/** The room for a reason, with its NUL. */
#define TRUST_REASON 320

struct client;
struct connector_try;

/** @p reason  NULL: the server is the one that it should be; or why that is not known. */
typedef void (*trust_done)(struct connector_try *try, const char *reason);
/**
 * The server has configured a tunnel for @p try (its response): find out whether it may.  Later, or before this
 * returns, @p done is called, unless the try ends.
 */
void trust_verify(struct connector_try *try, trust_done done);
/** The try has ended. */
void trust_stop(struct connector_try *try);
/** Forget all certificates. */
void trust_free(struct client *c);

/** @return why no server is there that can be verified, and no other way is left to be tried, or NULL. */
const char *trust_in_vain(const struct client *c);

#endif
