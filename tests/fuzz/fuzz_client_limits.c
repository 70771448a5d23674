/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of clients' limits: whatever it says, no client gets more than the numbers allow, and errors name a line. */
#include "tscf-server/settings/client_limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MOST 1000000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct server_client_limits *l, const char *name)
{
	struct server_limits limits = server_client_limits_of(l, name);

	must(limits.tunnels <= 200000 && limits.encrypted_tunnels <= 200000 && limits.bindings <= 20000);
	must(limits.up.packets <= RATE_MOST && limits.up.bytes <= RATE_MOST);
	must(memcmp(&limits.up, &limits.down, sizeof(limits.up)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[128] = "";
	FILE *f = size > 0 ? fmemopen((void *)data, size, "r") : NULL;
	struct server_client_limits *l = f ? server_client_limits_parse(f, "file", error, sizeof(error)) : NULL;

	if (f)
		fclose(f);
	must(l || !f || strncmp(error, "file:", 5) == 0);
	if (!l)
		return 0;
	check(l, NULL);
	check(l, "psk bob");
	check(l, "certificate A phone");
	server_client_limits_drop(l);
	return 0;
}
