/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/datagram.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
    [TSCF_DATAGRAM_DEFAULT] = "default", [TSCF_DATAGRAM_PREFERRED] = "preferred", [TSCF_DATAGRAM_NEVER] = "never"};

#define COUNT (sizeof(names) / sizeof(names[0]))

bool tscf_datagram_valid(unsigned datagram)
{
	return datagram < COUNT;
}

const char *tscf_datagram_name(uint8_t datagram)
{
	return names[datagram < COUNT ? datagram : TSCF_DATAGRAM_DEFAULT];
}

int tscf_datagram_parse(const char *name, uint8_t *out)
{
	for (uint8_t i = 0; i < COUNT; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*out = i;
		return 0;
	}
	return -EINVAL;
}
