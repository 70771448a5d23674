/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proving.h - what a server demands before it configures a plain tunnel: that the client can receive at its address,
 * and who it is.
 *
 * tscf(7), "RETURN ROUTABILITY" and "CLIENT AUTHENTICATION".  The server refuses the first request with a cookie, and
 * the client repeats the request with that cookie and its proof.  Certificates that do not fit a message are sent in
 * parts when the server asks for them, all at once; then the request is repeated again.
 */
#ifndef TSCF_CLIENT_PROVING_H
#define TSCF_CLIENT_PROVING_H

#include "common/auth/proof.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

struct connector_try;

/** @p reason  NULL: repeat the request; else why the try has failed. */
typedef void (*proving_done)(struct connector_try *try, const char *reason);

/** What the server has demanded of a try. */
struct proving {
	struct tscf_credential *credential; /**< proves who this client is, in this try; a hold; NULL: none */
	uint8_t cookie[64];                 /**< the server wants to get it back */
	uint16_t cookie_length;
	bool must_prove;   /**< the server also wants the client to authenticate itself */
	bool takes_parts;  /**< it takes certificates in parts */
	bool has_key;      /**< the proof of the last request was by a pre-shared key... */
	uint8_t key[32];   /**< ... which contributes this to the keys of the tunnel */
	unsigned cookies;  /**< how many cookies the server has sent */
	unsigned rounds;   /**< how often it has asked for the certificates */
	unsigned parts;    /**< parts that have not been answered */
	proving_done done; /**< called when the demand has been met, or cannot be */
};

/** A try begins: nothing has been demanded. */
void proving_begin(struct connector_try *try);
/** The try has ended: its hold is given back, its key wiped. */
void proving_stop(struct connector_try *try);
/**
 * The server has refused the request with @p code.  If that is a demand, meet it; @p done is called later, or before
 * this returns, unless the try ends.
 *
 * @return whether it is a demand.
 */
bool proving_demanded(struct connector_try *try, enum tscf_response code, const struct tscf_message *m,
		      proving_done done);
/** Write into the request what has been demanded.  @return NULL, or why that cannot be done. */
const char *proving_write(struct connector_try *try, struct tscf_writer *w);

#endif
