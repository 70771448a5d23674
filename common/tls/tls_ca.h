/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_ca.h - the CAs that a client trusts, and when.
 *
 * wolfSSL looks at the dates of a CA when it reads the certificate, and never again: one that is not valid at that
 * moment is refused, one that was valid then is trusted for ever.  A host without a clock of its own boots in the past,
 * and a client runs for years.  So the certificates are kept here, and a context is given those that are valid at the
 * moment when a connection is made.
 */
#ifndef TSCF_TLS_CA_H
#define TSCF_TLS_CA_H

#include <wolfssl/options.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wolfssl/ssl.h>

struct tscf_tls_ca {
	uint8_t *der;
	int length;
	int64_t from, until; /**< the seconds since 1970 in which it is valid, both included */
	bool trusted;        /**< the contexts have it */
};

struct tscf_tls_cas {
	size_t count;
	struct tscf_tls_ca *list;
};

/** @return seconds since 1970, or 0 if that is no time. */
int64_t tscf_tls_seconds(const WOLFSSL_ASN1_TIME *when);
/**
 * Read the certificates of a PEM file; what is none is skipped.
 *
 * @return 0; -EINVAL if there is none in it; -ENOMEM.
 */
int tscf_tls_cas_read(struct tscf_tls_cas *cas, const char *file);
void tscf_tls_cas_free(struct tscf_tls_cas *cas);
/**
 * Have both contexts trust what is valid at @p now, and nothing else.
 *
 * @return whether that is something else than before.
 */
bool tscf_tls_cas_trust(struct tscf_tls_cas *cas, int64_t now, WOLFSSL_CTX *ctx, WOLFSSL_CTX *stream_ctx);
/** @return NULL if all are trusted now; else why one that signed a certificate may be unknown, for a person. */
const char *tscf_tls_cas_untrusted(const struct tscf_tls_cas *cas, int64_t now);

#endif
