/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/option.h"
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/real.h"

#include <errno.h>

PRELOAD_HOOK int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	int error;

	if (!tsc_option_is(level, option))
		return preload_real_getsockopt(fd, level, option, value, length);
	error = preload_option_get(fd, option, value, length);
	if (error == 0)
		return 0;
	errno = -error;
	return -1;
}
