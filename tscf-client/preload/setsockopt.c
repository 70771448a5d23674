/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/option.h"
#include "tscf-client/preload/level.h"
#include "tscf-client/preload/mark.h"
#include "tscf-client/preload/real.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

/* Policies may depend on the DSCP that a program sets: SIP clients mark their media with it. */
static bool sets_dscp(int level, int option)
{
	return (level == IPPROTO_IP && option == IP_TOS) || (level == IPPROTO_IPV6 && option == IPV6_TCLASS);
}

/* Set the mark, but leave the client's bits unchanged. */
static int set_mark(int fd, uint32_t mark)
{
	int error = preload_mark_merge(fd, mark, &mark);

	if (error == 0)
		return preload_real_setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	errno = -error;
	return -1;
}

PRELOAD_HOOK int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	uint32_t mark;
	int error;

	if (level == SOL_SOCKET && option == SO_MARK && value && length >= sizeof(mark)) {
		memcpy(&mark, value, sizeof(mark));
		return set_mark(fd, mark);
	}
	if (!tsc_option_is(level, option)) {
		int result = preload_real_setsockopt(fd, level, option, value, length);

		return result == 0 && sets_dscp(level, option) ? preload_reported(fd, result) : result;
	}
	error = preload_option_set(fd, option, value, length);
	if (error == 0)
		return 0;
	errno = -error;
	return -1;
}
