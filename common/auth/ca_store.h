/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ca_store.h - the CAs that sign clients' certificates, each for itself: so that it is known later whose word a
 * client was let in on.
 *
 * A CA that is not valid yet is kept, since the clock may be wrong when a server starts; whom it has signed is let in
 * when it is.  May be used by several threads at a time.
 */
#ifndef TSCF_CA_STORE_H
#define TSCF_CA_STORE_H

#include "common/tls/cert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tscf_authority;

/** Zero-initialised: none. */
struct tscf_ca_store {
	struct tscf_authority *list;
	size_t count;
};

/** Read the CA certificates in the PEM @p file; those that cannot be used are left out.  @return 0, or -EINVAL: there
 * is none, or -ENOMEM.  tscf_ca_store_free in any case. */
int tscf_ca_store_read(struct tscf_ca_store *a, const char *file);
void tscf_ca_store_free(struct tscf_ca_store *a);

/**
 * Check that one of them has signed the certificate of @p length bytes at @p der, and the dates of both.
 *
 * @return NULL with the pin of that CA's key in @p signer, or why not, for a person.
 */
const char *tscf_ca_store_verify(const struct tscf_ca_store *a, const uint8_t *der, size_t length,
				 uint8_t signer[TSCF_PIN_SIZE]);
/** @return whether one of them has the key with this pin. */
bool tscf_ca_store_have(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE]);

#endif
