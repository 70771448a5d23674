/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/run/inherited.h"

#include "common/base/log.h"
#include "common/control/control.h"
#include "common/control/socket_level.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static bool is_inherited(int fd)
{
	int flags = fcntl(fd, F_GETFD), domain;

	return flags >= 0 && !(flags & FD_CLOEXEC) && tscf_socket_ask(fd, SO_DOMAIN, &domain) == 0 &&
	       tscf_socket_has_level(domain);
}

/* @return 0; 1 if nobody answers, so that it is of no use to go on; or -1 after an error message. */
static int give(const char *control, int fd, enum tscf_level level)
{
	int error = tscf_socket_tell_level(control, fd, level, TSCF_CONTROL_FLAG_DEFAULT);

	if (error == 0)
		return 0;
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY) {
		tscf_error("descriptor %d is a socket that cannot be made encrypted-only: %s; not run", fd,
			   strerror(abs(error)));
		return -1;
	}
	tscf_warning("descriptor %d is a socket that does not get the level: %s", fd, strerror(abs(error)));
	return error < 0 ? 1 : 0;
}

/* @return as give(). */
static int give_all(const char *control, DIR *open_files, enum tscf_level level)
{
	const struct dirent *entry;
	int result = 0;

	while (result == 0 && (entry = readdir(open_files))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_inherited(fd))
			result = give(control, fd, level);
	}
	return result;
}

int run_inherited(const char *control, enum tscf_level level)
{
	DIR *open_files;
	int result;

	if (level == TSCF_LEVEL_DEFAULT)
		return 0;
	open_files = opendir("/proc/self/fd");
	if (!open_files && level == TSCF_LEVEL_ENCRYPTED_ONLY) {
		tscf_error("/proc/self/fd: %s; not run, since sockets may be inherited", strerror(errno));
		return -1;
	}
	if (!open_files)
		return 0;
	result = give_all(control, open_files, level);
	closedir(open_files);
	return result < 0 ? -1 : 0;
}
