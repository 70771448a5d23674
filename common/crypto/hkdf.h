/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hkdf.h - derives keys from shared secrets: HKDF with SHA-256 (RFC 5869), by nettle.
 */
#ifndef TSCF_HKDF_H
#define TSCF_HKDF_H

#include <stddef.h>
#include <stdint.h>

#define TSCF_HKDF_SIZE 32

/** HKDF-Extract: make a uniform key from @p secret.  @p key may be @p salt. */
void tscf_hkdf_extract(const uint8_t salt[TSCF_HKDF_SIZE], const void *secret, size_t length,
		       uint8_t key[TSCF_HKDF_SIZE]);
/** HKDF-Expand: make @p length bytes, at most 8160, for the purpose that @p info names. */
void tscf_hkdf_expand(const uint8_t key[TSCF_HKDF_SIZE], const void *info, size_t info_length, uint8_t *out,
		      size_t length);

#endif
