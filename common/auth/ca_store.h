/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ca_store.h - the CAs that sign the certificates of the other end.  They are kept separately, so that it is known
 * which CA has signed a certificate.
 *
 * A CA that is not valid yet is kept, since the clock may be wrong at the start; its certificates are accepted once it
 * is valid.  Several threads may use the store at a time.
 */
#ifndef TSCF_CA_STORE_H
#define TSCF_CA_STORE_H

#include "common/tls/cert.h"
#include "common/tls/tls_chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tscf_authority;

/** Zero-initialised: empty. */
struct tscf_ca_store {
	struct tscf_authority *list;
	size_t count;
};

/**
 * Read the CA certificates in the PEM @p file; those that cannot be used are logged as warnings and left out.
 *
 * @return 0; -EINVAL if there is none; or another -errno.  Call tscf_ca_store_free in any case.
 */
int tscf_ca_store_read(struct tscf_ca_store *a, const char *file);
void tscf_ca_store_free(struct tscf_ca_store *a);

/**
 * Check that the first of @p count certificates, at least 1, is signed by a CA of the store, or through the others,
 * and the dates of all.
 *
 * @return NULL with the pin of that CA's key in @p signer, or why not, for people.
 */
const char *tscf_ca_store_verify(const struct tscf_ca_store *a, const struct tscf_chain_link *links, unsigned count,
				 uint8_t signer[TSCF_PIN_SIZE]);
/** Get the certificate of CA number @p i, from 0.  @return whether there are so many. */
bool tscf_ca_store_get(const struct tscf_ca_store *a, size_t i, struct tscf_chain_link *out);
/** Get the certificate of the CA that has the key with this pin.  @return whether there is one. */
bool tscf_ca_store_find(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE], struct tscf_chain_link *out);
/** @return whether a CA of the store has the key with this pin. */
bool tscf_ca_store_have(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE]);

#endif
