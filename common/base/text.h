/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.h - text from others, which may hold any bytes, as a terminal, a log and a reader of JSON may get it. */
#ifndef TSCF_TEXT_H
#define TSCF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Copy the @p length bytes at @p from, as far as they fit, into @p text of @p size bytes: valid UTF-8 (RFC 3629)
 * without control characters, whole characters only, and a NUL.  Other bytes become '?'.  Nothing is written if
 * @p size is 0.
 */
void tscf_text_copy(const void *from, size_t length, char *text, size_t size);

/** Replace the ASCII control characters among the @p length bytes at @p text by '?': none may begin a line or control a
 * terminal. */
void tscf_text_hide_controls(char *text, size_t length);

/** @return where the text without blanks, tabs and ends of lines around it begins; its length in *length. */
const char *tscf_text_strip(const char *text, size_t *length);

/** @return the value of a hexadecimal digit of either case, or -1. */
int tscf_hex_digit(char c);
/** Decode exactly @p size bytes, two digits each.  @return whether the text is that. */
bool tscf_hex_get(const char *text, size_t length, uint8_t *out, size_t size);
/** Write two lower-case digits for each byte, without a NUL.  @return the end of the text. */
char *tscf_hex_put(char *text, const uint8_t *data, size_t size);

#endif
