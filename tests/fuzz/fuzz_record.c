/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: session records of the store.  What is accepted can be written again, and then says the same. */
#include "tscf-server/store/record.h"

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
	uint8_t written[SERVER_RECORD_SIZE], *exact;
	struct server_record r, again;
	int length;

	if (size > 2000)
		return 0;
	/* In a block of its own, so that reading past its end is seen. */
	exact = malloc(size > 0 ? size : 1);
	must(exact != NULL);
	memcpy(exact, data, size);
	if (server_record_read(exact, (uint32_t)size, &r) == 0) {
		length = server_record_write(&r, written);
		must(length > 0 && server_record_read(written, (uint32_t)length, &again) == 0);
		must(r.tsid == again.tsid && strcmp(r.interface, again.interface) == 0);
		must(tscf_endpoint_equal(&r.outer, &again.outer));
		must(r.quiet == again.quiet && r.guarded == again.guarded && r.services == again.services);
		must(memcmp(r.resume_lock, again.resume_lock, sizeof(r.resume_lock)) == 0);
		must(memcmp(r.shield_lock, again.shield_lock, sizeof(r.shield_lock)) == 0);
		must(memcmp(&r.seal, &again.seal, sizeof(r.seal)) == 0);
		must(r.granted_up == again.granted_up && r.granted_down == again.granted_down);
		must(r.interval == again.interval);
		for (unsigned i = 0; i < TSCF_FAMILIES; i++)
			must(tscf_addr_equal(&r.address[i], &again.address[i]));
	}
	free(exact);
	return 0;
}
