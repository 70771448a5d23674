/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: a file of revocation lists.  What is accepted lies inside the bytes, has as many entries as it says, and
 * is accepted again from the bytes of the list alone.
 */
#include "common/tls/crl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void inside(const struct tscf_der *part, const uint8_t *data, size_t size)
{
	must(part->at >= data && part->left <= size && (size_t)(part->at - data) <= size - part->left);
}

static void walk(const struct tscf_crl *crl, const uint8_t *data, size_t size)
{
	struct tscf_der at = crl->revoked, serial;
	size_t count = 0;

	inside(&crl->tbs, data, size);
	inside(&crl->algorithm, data, size);
	inside(&crl->signature, data, size);
	inside(&crl->issuer, data, size);
	while (tscf_crl_next(&at, &serial)) {
		inside(&serial, data, size);
		must(serial.left > 0);
		count++;
	}
	must(count == crl->count && at.left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its own, so that reading past its end is seen. */
	uint8_t *exact = malloc(size > 0 ? size : 1);
	const uint8_t *at = exact;
	struct tscf_crl crl, again;
	size_t left = size;

	must(exact != NULL);
	memcpy(exact, data, size);
	while (left > 0) {
		const uint8_t *begin = at, *copy = at;
		size_t length;

		if (tscf_crl_parse(&at, &left, &crl))
			break;
		length = (size_t)(at - begin);
		must(at > begin && length + left == size - (size_t)(begin - exact));
		walk(&crl, begin, length);
		must(!tscf_crl_parse(&copy, &length, &again) && length == 0 && copy == at);
	}
	free(exact);
	return 0;
}
