/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crl.h - reads a certificate revocation list in DER (RFC 5280, section 5).
 *
 * Pure functions.  Nothing here verifies the list; crl_store.c does that.
 */
#ifndef TSCF_CRL_H
#define TSCF_CRL_H

#include "common/tls/der.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A list; it points into the bytes that were parsed. */
struct tscf_crl {
	struct tscf_der tbs;       /**< what is signed */
	struct tscf_der algorithm; /**< of the signature: the object identifier's content */
	struct tscf_der signature;
	struct tscf_der issuer;  /**< Name, whole */
	int64_t from, until;     /**< this update and next update, seconds since 1970 */
	struct tscf_der revoked; /**< the entries, checked */
	size_t count;            /**< of entries */
};

/**
 * Parse the first list in the @p length bytes at *@p der; *der and *length then describe the rest.
 *
 * A list is refused if it is not a complete one for all certificates of its issuer: if it has no next update, or an
 * extension, of the list or an entry, that is critical (RFC 5280, section 5.2).
 *
 * @return NULL, or what is wrong with it, for people.
 */
const char *tscf_crl_parse(const uint8_t **der, size_t *length, struct tscf_crl *out);
/** Walk the entries: *@p at is a copy of out->revoked at first.  @return whether there is another, with its serial
 * number. */
bool tscf_crl_next(struct tscf_der *at, struct tscf_der *serial);

#endif
