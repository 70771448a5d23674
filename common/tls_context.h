/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_context.h - what is inside struct tscf_tls, and single connections of it; for the transports. */
#ifndef TSCF_TLS_CONTEXT_H
#define TSCF_TLS_CONTEXT_H

#include <wolfssl/options.h>

#include "cert.h"
#include "tls.h"

#include <wolfssl/ssl.h>

struct tscf_tls {
	WOLFSSL_CTX *ctx;
	bool server;
	bool has_ca;
	bool has_pin;
	char *server_name; /* client with a CA */
	uint8_t pin[TSCF_PIN_SIZE];
	uint8_t cookie_secret[32];
	WOLFSSL_SESSION *session; /* client: of the last verified connection, or NULL */
};

/** The client's opinion of its server, during one handshake. */
struct tscf_tls_check {
	const struct tscf_tls *tls;
	bool verified;               /**< the server's own certificate is what we want */
	char reason[TSCF_TLS_ERROR]; /**< why not, for a person; empty: no certificate was refused */
};

/**
 * wolfSSL's verify callback of every client context; its user context is the struct tscf_tls_check
 * (wolfSSL_SetCertCbCtx).
 *
 * @return 1 to go on, 0 to refuse.
 */
int tscf_tls_verify(int valid, WOLFSSL_X509_STORE_CTX *store);

/** A connection of @p tls, with @p check (client only; it must live as long).  @return NULL when out of memory. */
WOLFSSL *tscf_tls_connection(struct tscf_tls *tls, struct tscf_tls_check *check);

/**
 * wolfSSL 5.5.4 does not notice that an elliptic curve key belongs to another certificate.
 *
 * @return false if it does; a key of another kind is not looked at.
 */
bool tscf_tls_key_fits(const char *cert_file, const char *key_file);

/** Offer the session of the last connection. */
void tscf_tls_session_offer(struct tscf_tls *tls, WOLFSSL *ssl);
/** Remember the session of a verified connection for the next one. */
void tscf_tls_session_keep(struct tscf_tls *tls, WOLFSSL *ssl);
/** Forget it: it was no use. */
void tscf_tls_session_forget(struct tscf_tls *tls);

/** Say for a person what @p error of wolfSSL on @p ssl is, into @p text of TSCF_TLS_ERROR bytes.  @return text. */
const char *tscf_tls_reason(WOLFSSL *ssl, int error, char *text);

#endif
