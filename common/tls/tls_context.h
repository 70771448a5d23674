/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_context.h - what is inside struct tscf_tls, and single connections of it; for the transports. */
#ifndef TSCF_TLS_CONTEXT_H
#define TSCF_TLS_CONTEXT_H

#include <wolfssl/options.h>

#include "common/tls/cert.h"
#include "common/tls/tls.h"
#include "common/tls/tls_ca.h"

#include <pthread.h>
#include <wolfssl/ssl.h>

/**
 * A quarter of what RFC 8446, 5.5, allows for AES-GCM.  wolfSSL 5.5.4 does not change keys of itself.
 */
#define TSCF_TLS_KEY_RECORDS (1U << 22)

struct tscf_tls {
	/* These two are renewed while connections are made by other threads; each connection holds its own. */
	pthread_mutex_t renewal;
	WOLFSSL_CTX *ctx;        /* DTLS 1.2 */
	WOLFSSL_CTX *stream_ctx; /* TLS 1.3 and 1.2 */
	bool server;
	bool has_ca;
	bool has_pin;
	char *server_name;       /* client with a CA */
	struct tscf_tls_cas cas; /* ... */
	uint8_t pin[TSCF_PIN_SIZE];
	uint8_t cookie_secret[32];
	/* Client: of the last verified connection, or NULL. */
	WOLFSSL_SESSION *session;
	WOLFSSL_SESSION *stream_session;
	uint32_t key_records; /* TLS 1.3: records sent until the key is changed; TSCF_TLS_KEY_RECORDS but in tests */
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

/** Note why the server is refused, unless there is a reason already.  @return 0. */
int tscf_tls_refuse(struct tscf_tls_check *check, const char *reason);
/** The same for an error of wolfSSL's in the chain. */
int tscf_tls_refuse_chain(struct tscf_tls_check *check, int error);
/** Judge the server's own certificate, the chain of which is good where there is a CA, by name and pin.  @return 1 or
 * 0. */
int tscf_tls_judge_leaf(struct tscf_tls_check *check, const uint8_t *leaf, size_t length);

/** A DTLS connection of @p tls, with @p check (client only; it must live as long).  @return NULL when out of memory. */
WOLFSSL *tscf_tls_connection(struct tscf_tls *tls, struct tscf_tls_check *check);
/** The same for TLS. */
WOLFSSL *tscf_tls_stream_connection(struct tscf_tls *tls, struct tscf_tls_check *check);

/**
 * wolfSSL 5.5.4 does not notice that an elliptic curve key belongs to another certificate.
 *
 * @return false if it does; a key of another kind is not looked at.
 */
bool tscf_tls_key_fits(const char *cert_file, const char *key_file);

/** Offer the session kept in @p session, a member of struct tscf_tls.  @return whether there is one. */
bool tscf_tls_session_offer(WOLFSSL_SESSION *const *session, WOLFSSL *ssl);
/** Remember the session of a verified connection for the next one. */
void tscf_tls_session_keep(WOLFSSL_SESSION **session, WOLFSSL *ssl);
/** Forget it: it was no use. */
void tscf_tls_session_forget(WOLFSSL_SESSION **session);

/** Say for a person what @p error of wolfSSL on @p ssl is, into @p text of TSCF_TLS_ERROR bytes.  @return text. */
const char *tscf_tls_reason(WOLFSSL *ssl, int error, char *text);

#endif
