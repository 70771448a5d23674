/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Replaces bytes in a text that a terminal or a JSON reader must not get. */
#define REPLACEMENT '?'

/** @return the length of the valid UTF-8 sequence (RFC 3629) at @p p, of @p length bytes, or 0 if there is none. */
static uint32_t utf8_sequence(const uint8_t *p, size_t length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t size = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	uint32_t code = size == 1 ? p[0] : p[0] & (0x7fU >> size);

	if (size == 0 || size > length)
		return 0;
	for (uint32_t i = 1; i < size; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3fU);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return size;
}

/** @return whether the sequence at @p p is a control character: C0, DELETE, or C1 (U+0080 to U+009F). */
static bool is_control(const uint8_t *p, uint32_t size)
{
	return (size == 1 && (p[0] < 0x20 || p[0] == 0x7f)) || (size == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

void tscf_text_hide_controls(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = REPLACEMENT;
}

void tscf_text_copy(const void *from, size_t length, char *text, size_t size)
{
	const uint8_t *p = from;
	size_t done = 0;

	if (size == 0)
		return;
	while (length > 0) {
		uint32_t sequence = utf8_sequence(p, length);
		bool replace = sequence == 0 || is_control(p, sequence);
		uint32_t taken = sequence == 0 ? 1 : sequence;
		uint32_t written = replace ? 1 : sequence;

		if (written >= size - done)
			break;
		if (replace)
			text[done] = REPLACEMENT;
		else
			memcpy(text + done, p, sequence);
		done += written;
		p += taken;
		length -= taken;
	}
	text[done] = '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *tscf_text_strip(const char *text, size_t *length)
{
	while (*length > 0 && is_blank(text[*length - 1]))
		--*length;
	for (; *length > 0 && is_blank(*text); text++)
		--*length;
	return text;
}

int tscf_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool tscf_hex_get(const char *text, size_t length, uint8_t *out, size_t size)
{
	if (length != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		const int high = tscf_hex_digit(text[2 * i]), low = tscf_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

char *tscf_hex_put(char *text, const uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 15];
	}
	return text;
}
