/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/run/inspect.h"

#include "tscf-client/run/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/** The kernel's limits: how deep scripts may interpret scripts, and how much of the first line it reads (execve(2)). */
#define SCRIPT_DEPTH_MAX 5
#define SCRIPT_LINE_MAX  255

/* @return 1 with the interpreter in @p path (PATH_MAX bytes), 0 if the file is no script, or -errno. */
static int read_interpreter(int fd, char *path)
{
	char line[SCRIPT_LINE_MAX + 1];
	ssize_t got = pread(fd, line, sizeof(line) - 1, 0);
	const char *start;
	size_t length;

	if (got < 0)
		return -errno;
	line[got] = '\0';
	if (strncmp(line, "#!", 2) != 0)
		return 0;
	start = line + 2 + strspn(line + 2, " \t");
	length = strcspn(start, " \t\n");
	if (length == 0)
		return -ENOEXEC;
	memcpy(path, start, length);
	path[length] = '\0';
	return 1;
}

/* Rights that make the kernel set AT_SECURE, with which the loader ignores LD_PRELOAD: only those that change the user,
 * the group or the capabilities.
 */
static enum run_obstacle check_rights(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return RUN_OBSTACLE_UNREADABLE;
	if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid())
		return RUN_OBSTACLE_SET_ID;
	if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getgid())
		return RUN_OBSTACLE_SET_ID;
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return RUN_OBSTACLE_CAPABILITIES;
	return RUN_OBSTACLE_NONE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int check_format(int fd, const struct run_elf *library, enum run_obstacle *obstacle)
{
	const char *own_loader = run_elf_own_loader();
	struct run_elf elf;
	int error = run_elf_read(fd, &elf);

	if (error == -ENOEXEC)
		*obstacle = RUN_OBSTACLE_UNKNOWN;
	else if (error != 0)
		return error;
	else if (elf.class != library->class || elf.data != library->data || elf.machine != library->machine)
		*obstacle = RUN_OBSTACLE_MACHINE;
	else if (elf.loader[0] == '\0')
		*obstacle = RUN_OBSTACLE_STATIC;
	else if (own_loader && strcmp(base_name(own_loader), base_name(elf.loader)) != 0)
		*obstacle = RUN_OBSTACLE_LOADER;
	else if (elf.is_go)
		*obstacle = RUN_OBSTACLE_GO;
	return 0;
}

static int read_library(const char *path, struct run_elf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -ELIBACC;
	error = run_elf_read(fd, out);
	close(fd);
	return error == 0 && out->native ? 0 : -ELIBACC;
}

/* @return 1 if out->file was a script and is now its interpreter, 0 if the file has been inspected, or -errno. */
static int inspect_file(const struct run_elf *library, struct run_inspection *out)
{
	int fd = open(out->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int result;

	if (fd < 0 && errno == EACCES) {
		out->obstacle = RUN_OBSTACLE_UNREADABLE;
		return 0;
	}
	if (fd < 0)
		return -errno;
	result = read_interpreter(fd, out->file);
	if (result == 0) {
		out->obstacle = check_rights(fd);
		if (out->obstacle == RUN_OBSTACLE_NONE)
			result = check_format(fd, library, &out->obstacle);
	}
	close(fd);
	return result;
}

int run_inspect(const char *path, const char *library, struct run_inspection *out)
{
	struct run_elf library_elf;
	int depth, result;

	*out = (struct run_inspection){.obstacle = RUN_OBSTACLE_NONE};
	if (strlen(path) >= sizeof(out->file))
		return -ENAMETOOLONG;
	strcpy(out->file, path);
	result = read_library(library, &library_elf);
	if (result != 0)
		return result;
	for (depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
		result = inspect_file(&library_elf, out);
		if (result <= 0)
			return result;
	}
	return -ELOOP;
}

const char *run_obstacle_text(enum run_obstacle obstacle)
{
	switch (obstacle) {
	case RUN_OBSTACLE_SET_ID:
		return "is set-user-ID or set-group-ID, and is not given the library";
	case RUN_OBSTACLE_CAPABILITIES:
		return "has file capabilities, and is not given the library";
	case RUN_OBSTACLE_STATIC:
		return "is statically linked, and is not given the library";
	case RUN_OBSTACLE_MACHINE:
		return "is for another processor or word size than the library";
	case RUN_OBSTACLE_LOADER:
		return "uses another C library than the preload library does";
	case RUN_OBSTACLE_GO:
		return "is a Go program, which opens its sockets without the C library";
	case RUN_OBSTACLE_UNREADABLE:
		return "cannot be read to see whether it can be given the library";
	case RUN_OBSTACLE_UNKNOWN:
		return "is neither a program nor a script that names its interpreter";
	case RUN_OBSTACLE_NONE:
		break;
	}
	return "can be given the library";
}
