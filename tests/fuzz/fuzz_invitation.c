/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations: what is taken is written again, and read as the same; a message about an error never shows the key. */
#include "common/auth/invitation.h"

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
	char text[TSCF_INVITATION_TEXT + 1], again[TSCF_INVITATION_TEXT], error[TSCF_INVITATION_ERROR] = "";
	struct tscf_invitation read, reread;

	if (size > TSCF_INVITATION_TEXT)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tscf_invitation_parse(text, &read, error) < 0) {
		must(error[0] != '\0');
		return 0;
	}
	must(read.server_count >= 1 && read.server_count <= TSCF_INVITATION_SERVERS_MAX);
	must(read.psk.key_length >= TSCF_PSK_KEY_MIN && read.psk.key_length <= TSCF_PSK_KEY_MAX);
	must(tscf_invitation_format(&read, again) < sizeof(again));
	must(tscf_invitation_parse(again, &reread, error) == 0);
	must(memcmp(&read, &reread, sizeof(read)) == 0);
	return 0;
}
