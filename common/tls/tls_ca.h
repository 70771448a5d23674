/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_ca.h - the CAs that a client trusts, and when.
 *
 * wolfSSL checks the dates of a CA when it reads the certificate, and never again: a CA that is not valid at that
 * moment is refused, one that was valid then is trusted without limit.  But a host without a hardware clock boots in
 * the past, and a client runs for years.  So the certificates are kept here, and a context gets those that are valid
 * when a connection is made.
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
	int64_t from, until; /**< validity in seconds since 1970, both included */
	bool trusted;        /**< the contexts trust it */
};

struct tscf_tls_cas {
	size_t count;
	struct tscf_tls_ca *list;
};

/** @return seconds since 1970, or 0 if @p when is not a valid time. */
int64_t tscf_tls_seconds(const WOLFSSL_ASN1_TIME *when);
/**
 * Read the certificates of a PEM file; other content is skipped.
 *
 * @return 0; -EINVAL if the file has no certificate; -ENOMEM.
 */
int tscf_tls_cas_read(struct tscf_tls_cas *cas, const char *file);
void tscf_tls_cas_free(struct tscf_tls_cas *cas);
/**
 * Make both contexts trust the CAs that are valid at @p now, and no others.
 *
 * @return whether the set of trusted CAs has changed.
 */
bool tscf_tls_cas_trust(struct tscf_tls_cas *cas, int64_t now, WOLFSSL_CTX *ctx, WOLFSSL_CTX *stream_ctx);
/** @return NULL if all CAs are trusted now; else a text for people that says why a certificate's CA may be unknown. */
const char *tscf_tls_cas_untrusted(const struct tscf_tls_cas *cas, int64_t now);

#endif
