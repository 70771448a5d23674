/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hash.h - SHA-256 and functions based on it: message authentication; and the comparison of secrets.
 */
#ifndef TSCF_HASH_H
#define TSCF_HASH_H

#include <stdbool.h>
#include <stddef.h>

/** SHA-256 (FIPS 180-4) of @p data. */
void tscf_sha256(const void *data, size_t length, unsigned char digest[32]);
/** HMAC-SHA-256 (RFC 2104) of @p data under @p key. */
void tscf_mac(const void *key, size_t key_length, const void *data, size_t length, unsigned char mac[32]);
/** Compare in constant time.  @return whether equal. */
bool tscf_equal_secret(const void *a, const void *b, size_t length);

#endif
