/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISREG(status.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return -EACCES;
	return 0;
}

/* An empty entry in a search path is the current directory.  In one that may not be searched nothing is found. */
static int try_directory(const char *directory, int length, const char *name, char *path, size_t size)
{
	struct stat status;
	int printed =
	    length == 0 ? snprintf(path, size, "./%s", name) : snprintf(path, size, "%.*s/%s", length, directory, name);

	if (printed < 0 || (size_t)printed >= size)
		return -ENAMETOOLONG;
	return stat(path, &status) == 0 ? check_executable(path) : -ENOENT;
}

int run_program_find(const char *name, const char *search, char *path, size_t size)
{
	char standard[256];
	int result = -ENOENT;

	if (name[0] == '\0')
		return -ENOENT;
	if (strchr(name, '/')) {
		int printed = snprintf(path, size, "%s", name);

		return printed < 0 || (size_t)printed >= size ? -ENAMETOOLONG : check_executable(path);
	}
	if (!search) {
		confstr(_CS_PATH, standard, sizeof(standard));
		search = standard;
	}
	for (;;) {
		size_t length = strcspn(search, ":");
		int error = try_directory(search, (int)length, name, path, size);

		if (error == 0)
			return 0;
		if (error == -EACCES)
			result = -EACCES;
		if (search[length] == '\0')
			return result;
		search += length + 1;
	}
}
