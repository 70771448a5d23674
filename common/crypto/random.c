/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void tscf_random(void *buffer, size_t length)
{
	unsigned char *out = buffer;

	while (length > 0) {
		ssize_t got = getrandom(out, length, 0);

		/*
		 * Other errors mean that the kernel lacks the call; without random bytes the process cannot continue.
		 */
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			out += got;
			length -= (size_t)got;
		}
	}
}
