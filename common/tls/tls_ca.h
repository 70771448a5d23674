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

#include "common/tls/pem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

static inline bool tscf_tls_ca_is_valid(const struct tscf_tls_ca *ca, int64_t now)
{
	return now >= ca->from && now <= ca->until;
}

/** @return seconds since 1970, or 0 if @p when is not a valid time. */
int64_t tscf_tls_seconds(const WOLFSSL_ASN1_TIME *when);
/**
 * @return a context whose only CA is the DER certificate of @p length bytes, whatever its dates are, to be freed by the
 * caller; or NULL if it is not one of a CA that wolfSSL can use.
 */
WOLFSSL_CTX *tscf_tls_ca_hold(const uint8_t *der, int length);
/** Warn that a certificate is not one of a CA that can be used. */
void tscf_tls_ca_left_out(const struct tscf_pem_certificate *certificate);
/**
 * Read the CA certificates of a PEM file.  Those that cannot be used are logged as warnings and left out.
 *
 * @return 0; -EINVAL if the file has none that can be used; or another -errno.
 */
int tscf_tls_cas_read(struct tscf_tls_cas *cas, const char *file);
void tscf_tls_cas_free(struct tscf_tls_cas *cas);
/**
 * Make both contexts trust the CAs that are valid at @p now, and no others.
 *
 * @return whether the set of trusted CAs has changed.
 */
bool tscf_tls_cas_trust(struct tscf_tls_cas *cas, int64_t now, WOLFSSL_CTX *ctx, WOLFSSL_CTX *stream_ctx);
/** @return how many CAs are not valid at @p now. */
size_t tscf_tls_cas_invalid(const struct tscf_tls_cas *cas, int64_t now);
/** @return NULL if all CAs are trusted now; else a text for people that says why a certificate's CA may be unknown. */
const char *tscf_tls_cas_untrusted(const struct tscf_tls_cas *cas, int64_t now);

#endif
