/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_chain.h - chains of DER certificates: from the first one, through those between, to a CA.
 */
#ifndef TSCF_TLS_CHAIN_H
#define TSCF_TLS_CHAIN_H

#include <wolfssl/options.h>

#include <stddef.h>
#include <stdint.h>
#include <wolfssl/ssl.h>

/** Most certificates in a chain. */
#define TSCF_CHAIN_LINKS 8

/** A certificate of a chain; it points into the chain. */
struct tscf_chain_link {
	const uint8_t *der;
	size_t length;
};

/**
 * Split certificates that lie back to back, the one to be verified first.  What is cut short, and what comes after
 * TSCF_CHAIN_LINKS certificates, is left out.  @return how many there are.
 */
unsigned tscf_chain_split(const uint8_t *chain, size_t length, struct tscf_chain_link links[TSCF_CHAIN_LINKS]);

/**
 * Check that the chain of @p count certificates, at least 1, leads from the first to a CA in @p cas, and their dates
 * (RFC 5280, section 6; of the extensions: basic constraints and key usage).  A certificate that leads nowhere is
 * ignored.
 *
 * @param cas  the known CAs; the verified certificates between are added to them
 * @return WOLFSSL_SUCCESS, or wolfSSL's error.
 */
int tscf_chain_verify(WOLFSSL_CERT_MANAGER *cas, const struct tscf_chain_link *links, unsigned count);

#endif
