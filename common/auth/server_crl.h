/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_crl.h - whether a server's certificate has been revoked: what a client checks, by lists of the CA
 * (crl_store.h).
 */
#ifndef TSCF_SERVER_CRL_H
#define TSCF_SERVER_CRL_H

#include "common/tls/tls_chain.h"

#include <stdbool.h>

struct tscf_server_crl;

/**
 * Read the lists in @p file, and the CAs that sign servers' certificates, PEM in @p ca_file.
 *
 * @return the lists, or NULL with an error of TSCF_PROOF_ERROR bytes (proof.h).
 */
struct tscf_server_crl *tscf_server_crl_read(const char *file, const char *ca_file, char *error);
/** NULL is allowed. */
void tscf_server_crl_free(struct tscf_server_crl *crl);

/**
 * Check the certificates of a server, @p count of them, at least 1, its own first, as crl_store.h says: what cannot be
 * checked is refused.
 *
 * @return NULL, or why they are refused, a constant text for people.
 */
const char *tscf_server_crl_check(struct tscf_server_crl *crl, const struct tscf_chain_link *links, unsigned count);
/** @return whether a list revokes one of these certificates, DER back to back. */
bool tscf_server_crl_revokes(struct tscf_server_crl *crl, const uint8_t *chain, size_t length);

#endif
