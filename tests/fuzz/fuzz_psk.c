/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a file of pre-shared keys: what is taken is written again, and read as the same. */
#include "common/auth/psk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[TSCF_PSK_LINE];
	const char *expected = NULL;
	struct tscf_psk psk, again;

	if (tscf_psk_parse((const char *)data, size, &psk, &expected) != 1)
		return 0;
	must(psk.key_length >= TSCF_PSK_KEY_MIN && psk.key_length <= TSCF_PSK_KEY_MAX);
	must(tscf_psk_parse(line, tscf_psk_format(&psk, line), &again, &expected) == 1);
	must(memcmp(&psk, &again, sizeof(psk)) == 0);
	return 0;
}
