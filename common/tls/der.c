/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/der.h"

bool tscf_der_take(struct tscf_der *from, uint8_t tag, struct tscf_der *whole, struct tscf_der *content)
{
	size_t header = 2, length;

	if (from->left < 2 || from->at[0] != tag)
		return false;
	length = from->at[1];
	if (length >= 0x80) {
		size_t bytes = length & 0x7f;

		if (bytes == 0 || bytes > 3 || from->left < 2 + bytes)
			return false;
		length = 0;
		for (size_t i = 0; i < bytes; i++)
			length = length << 8 | from->at[2 + i];
		header += bytes;
	}
	if (length > from->left - header)
		return false;
	*whole = (struct tscf_der){.at = from->at, .left = header + length};
	*content = (struct tscf_der){.at = from->at + header, .left = length};
	from->at += whole->left;
	from->left -= whole->left;
	return true;
}
