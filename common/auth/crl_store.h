/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crl_store.h - the revocation lists of the CAs that sign the certificates of the other end.
 *
 * With a store, every certificate of a chain needs a list of the CA that has signed it, which is valid now and signed
 * by that CA: what cannot be checked is refused.  Several threads may use a store at a time.
 */
#ifndef TSCF_CRL_STORE_H
#define TSCF_CRL_STORE_H

#include "common/auth/ca_store.h"
#include "common/auth/proof.h"
#include "common/tls/cert.h"
#include "common/tls/tls_chain.h"

#include <stdbool.h>
#include <stdint.h>

struct tscf_crl_store;

/**
 * Read the lists in @p file: PEM, or DER back to back; at most 16 MB.  Those of the CAs in @p cas are verified.  A list
 * that has expired, or is not valid yet, is logged as a warning.
 *
 * @return the store, or NULL with an error of TSCF_PROOF_ERROR bytes.
 */
struct tscf_crl_store *tscf_crl_store_read(const char *file, const struct tscf_ca_store *cas, char *error);
/** NULL is allowed. */
void tscf_crl_store_free(struct tscf_crl_store *store);

/** Make the name by which lists know a certificate. */
void tscf_revocation_id(const struct tscf_cert_names *names, uint8_t id[TSCF_REVOCATION_ID]);
/**
 * Check verified certificates, the first of which belongs to the other end, at @p now (seconds since 1970).
 *
 * @param ca  the certificate of the CA that the chain leads to
 * @return NULL, or why they are refused, for people.
 */
const char *tscf_crl_store_check(struct tscf_crl_store *store, const struct tscf_chain_link *links, unsigned count,
				 const struct tscf_chain_link *ca, int64_t now);
/** @return whether a list revokes one of the certificates of @p who. */
bool tscf_crl_store_revokes(const struct tscf_crl_store *store, const struct tscf_client_name *who);

#endif
