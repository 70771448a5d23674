/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/base64url.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t tscf_base64url_encode(const uint8_t *data, size_t length, char *text)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		bits = bits << 8 | data[i];
		for (count += 8; count >= 6; count -= 6)
			text[n++] = alphabet[bits >> (count - 6) & 63];
	}
	if (count > 0)
		text[n++] = alphabet[bits << (6 - count) & 63];
	return n;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

int tscf_base64url_decode(const char *text, size_t length, uint8_t *out, size_t most)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t n = 0;

	if (length % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		if (n == most)
			return -EINVAL;
		count -= 8;
		out[n++] = (uint8_t)(bits >> count);
		bits &= (1U << count) - 1;
	}
	return bits == 0 ? (int)n : -EINVAL;
}
