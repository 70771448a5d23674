/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: the answer of an HTTP proxy.  Its pieces must lead to the same result as the whole. */
#include "tscf-client/tunnel/http_connect.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char reason[HTTP_CONNECT_REASON], *exact;
	enum http_connect_answer piecewise = HTTP_CONNECT_MORE, whole;
	size_t used = 0, used_piecewise = 0;

	if (size == 0 || size > 2 * HTTP_CONNECT_MAX)
		return 0;
	for (size_t n = 1; n <= size && piecewise == HTTP_CONNECT_MORE; n++) {
		/* A block that ends where the input ends, so that reading past it is seen. */
		exact = malloc(n);
		memcpy(exact, data, n);
		memset(reason, 'x', sizeof(reason));
		piecewise = http_connect_answer(exact, n, data[0] & 1, &used_piecewise, reason);
		if (piecewise == HTTP_CONNECT_REFUSED && !memchr(reason, '\0', sizeof(reason)))
			abort();
		if (piecewise == HTTP_CONNECT_DONE && used_piecewise != n)
			abort();
		free(exact);
	}
	whole = http_connect_answer((const char *)data, size, data[0] & 1, &used, reason);
	if (whole != piecewise || (whole == HTTP_CONNECT_DONE && used != used_piecewise))
		abort();
	return 0;
}
