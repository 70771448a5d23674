/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * der.h - elements of DER (X.690), one after the other.
 */
#ifndef TSCF_DER_H
#define TSCF_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSCF_DER_BOOLEAN          0x01
#define TSCF_DER_INTEGER          0x02
#define TSCF_DER_BIT_STRING       0x03
#define TSCF_DER_OCTET_STRING     0x04
#define TSCF_DER_OID              0x06
#define TSCF_DER_UTC_TIME         0x17
#define TSCF_DER_GENERALIZED_TIME 0x18
#define TSCF_DER_SEQUENCE         0x30
#define TSCF_DER_CONTEXT_0        0xa0 /* [0], constructed */

/** Bytes that have not been read yet. */
struct tscf_der {
	const uint8_t *at;
	size_t left;
};

/**
 * Take the next element from @p from, of less than 16 MB: header and content in *whole, the content in *content.
 *
 * @return whether it exists, has @p tag, and is complete; if not, nothing has changed.
 */
bool tscf_der_take(struct tscf_der *from, uint8_t tag, struct tscf_der *whole, struct tscf_der *content);
/** @return whether the next element has @p tag. */
static inline bool tscf_der_is(const struct tscf_der *from, uint8_t tag)
{
	return from->left > 0 && from->at[0] == tag;
}

#endif
