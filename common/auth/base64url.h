/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * base64url.h - base64 for URIs, without padding (RFC 4648, section 5).
 */
#ifndef TSCF_BASE64URL_H
#define TSCF_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

/** Characters of @p length bytes. */
#define TSCF_BASE64URL_LENGTH(length) (((length)*4 + 2) / 3)

/** Write @p length bytes as text, without a NUL.  @return TSCF_BASE64URL_LENGTH(length). */
size_t tscf_base64url_encode(const uint8_t *data, size_t length, char *text);

/**
 * Decode a text strictly: no other characters, no padding, and unused bits are 0, so that each value has one text.
 *
 * @return the number of bytes in @p out, at most @p most, or -EINVAL.
 */
int tscf_base64url_decode(const char *text, size_t length, uint8_t *out, size_t most);

#endif
