/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_context.h - the members of struct tscf_tls, and its single connections; for the transports. */
#ifndef TSCF_TLS_CONTEXT_H
#define TSCF_TLS_CONTEXT_H

#include <wolfssl/options.h>

#include "common/tls/cert.h"
#include "common/tls/tls.h"
#include "common/tls/tls_ca.h"
#include "common/tls/tls_chain.h"

#include <pthread.h>
#include <wolfssl/ssl.h>

/** A quarter of the limit of RFC 8446, 5.5, for AES-GCM.  wolfSSL 5.5.4 does not change keys by itself. */
#define TSCF_TLS_KEY_RECORDS (1U << 22)

struct tscf_tls {
	/* The next two are renewed while other threads make connections; each connection holds its own reference. */
	pthread_mutex_t renewal;
	WOLFSSL_CTX *ctx;        /* DTLS 1.2 */
	WOLFSSL_CTX *stream_ctx; /* TLS 1.3 and 1.2 */
	bool server;
	int key_log; /* descriptor for keys, or negative (key_log.h) */
	bool has_ca;
	bool has_pin;
	char *server_name;              /* client with a CA */
	struct tscf_tls_cas cas;        /* ... */
	tscf_tls_revocation revocation; /* ... NULL: revocation is not checked */
	void *revocation_context;
	uint8_t pin[TSCF_PIN_SIZE];
	uint8_t cookie_secret[32];
	/* Client: session of the last verified connection, or NULL. */
	WOLFSSL_SESSION *session;
	WOLFSSL_SESSION *stream_session;
	uint32_t
	    key_records; /* TLS 1.3: records sent before the key is changed; TSCF_TLS_KEY_RECORDS except in tests */
};

/** The client's verification of its server, during one handshake. */
struct tscf_tls_check {
	const struct tscf_tls *tls;
	bool verified;               /**< the server's own certificate is accepted */
	char reason[TSCF_TLS_ERROR]; /**< why the server was refused, for people; empty: no certificate was refused */
};

/**
 * wolfSSL's verify callback of every client context; its user context is the struct tscf_tls_check
 * (wolfSSL_SetCertCbCtx).
 *
 * @return 1 to go on, 0 to refuse.
 */
int tscf_tls_verify(int valid, WOLFSSL_X509_STORE_CTX *store);

/** A reason: an extended key usage does not name servers. */
#define TSCF_TLS_NOT_FOR_SERVERS "certificate is not for servers"
/** Set the reason why the server is refused, unless one is set already.  @return 0. */
int tscf_tls_refuse(struct tscf_tls_check *check, const char *reason);
/** Like tscf_tls_refuse, for an error of wolfSSL in the chain. */
int tscf_tls_refuse_chain(struct tscf_tls_check *check, int error);
/**
 * Check name, revocation and pin; if there is a CA, the chain has been verified.
 *
 * @param links  the server's certificates, @p count of them, at least 1, its own first
 * @return 1 or 0.
 */
int tscf_tls_judge(struct tscf_tls_check *check, const struct tscf_chain_link *links, unsigned count);

/**
 * Make a DTLS connection of @p tls.  @p check is for clients only, and must live as long as the connection.  @return
 * NULL when out of memory.
 */
WOLFSSL *tscf_tls_connection(struct tscf_tls *tls, struct tscf_tls_check *check);
/** Like tscf_tls_connection, for TLS. */
WOLFSSL *tscf_tls_stream_connection(struct tscf_tls *tls, struct tscf_tls_check *check);

/**
 * Check that key and certificate belong together: wolfSSL 5.5.4 does not notice when they do not, if the key is an
 * elliptic curve key.
 *
 * @return false if they do not; keys of other kinds are not checked.
 */
bool tscf_tls_key_fits(const char *cert_file, const char *key_file);

/** Offer the session kept in @p session, a member of struct tscf_tls.  @return whether there is one. */
bool tscf_tls_session_offer(WOLFSSL_SESSION *const *session, WOLFSSL *ssl);
/** Remember the session of a verified connection for the next one. */
void tscf_tls_session_keep(WOLFSSL_SESSION **session, WOLFSSL *ssl);
/** Forget the session: it was useless. */
void tscf_tls_session_forget(WOLFSSL_SESSION **session);

/** Describe @p error of wolfSSL on @p ssl for people, in @p text of TSCF_TLS_ERROR bytes.  @return text. */
const char *tscf_tls_reason(WOLFSSL *ssl, int error, char *text);

#endif
