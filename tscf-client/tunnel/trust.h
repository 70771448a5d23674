/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trust.h - verifies that a configuration request was answered by the configured server.
 *
 * tscf(7), "AUTHENTICATED CONTROL".  The response names the server's certificates by their digest.  Unless the client
 * knows these certificates, it fetches them on the same way.  It verifies them as in a handshake of the encrypted
 * tunnel; then the response must be signed with the key of the first certificate.  Nothing of a response is used before
 * that.
 */
#ifndef TSCF_CLIENT_TRUST_H
#define TSCF_CLIENT_TRUST_H

#include "common/auth/agreement.h"
#include "tscf-client/settings/server_list.h"

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
	uint8_t *chain; /**< NULL: none are */
	uint16_t have, total;
};

/** Room for a reason, with its NUL. */
#define TRUST_REASON 320

/** What is known of the servers.  The owner sets what it counts by; the rest is zero at first. */
struct verifier {
	uint64_t *unverified; /**< counts answers that are not the server's */
	struct trust known[CLIENT_SERVERS_MAX];
	/* A bit for each server since the plain tunnel was last up: */
	unsigned untrusted;        /**< it could not be verified */
	unsigned refused;          /**< it was verified, and does not accept this client */
	char reason[TRUST_REASON]; /**< why the last one could not be verified */
};

struct connector;
struct connector_try;

/** @p reason  NULL: the server is verified; else why it is not. */
typedef void (*trust_done)(struct connector_try *try, const char *reason);
/**
 * The server has configured a tunnel for @p try (its response): verify the server.  @p done is called later, or before
 * this returns, unless the try ends.
 */
void trust_verify(struct connector_try *try, trust_done done);
/**
 * Note that the server of @p try cannot be verified, for @p reason, and count it.  Inside an encrypted connection, this
 * is seen in its handshake.
 *
 * @param text  gets the whole reason
 */
void trust_note(struct connector_try *try, const char *reason, char text[TRUST_REASON]);
/** The try has ended. */
void trust_stop(struct connector_try *try);
/** Forget all certificates. */
void trust_free(struct verifier *v);

/** @return why there can be no tunnel, if no server is left that can be verified and accepts this client; else NULL. */
const char *trust_in_vain(const struct connector *s);

#endif
