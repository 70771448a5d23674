/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the record of used invitations: what is taken is written again, and read as the same. */
#include "common/auth/enrolments.h"

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
	struct tscf_enrolment enrolment, again;
	char line[TSCF_ENROLMENT_LINE];
	size_t length;

	if (tscf_enrolment_parse((const char *)data, size, &enrolment) < 0)
		return 0;
	length = tscf_enrolment_format(&enrolment, line);
	must(length < sizeof(line) && line[length - 1] == '\n');
	must(tscf_enrolment_parse(line, length - 1, &again) == 0);
	must(memcmp(&enrolment, &again, sizeof(enrolment)) == 0);
	return 0;
}
