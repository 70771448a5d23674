/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/file.h"

#include "common/base/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tscf_directory_make_above(const char *path)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	strcpy(part, path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int tscf_directory_make(const char *path)
{
	int err = tscf_directory_make_above(path);

	if (err < 0)
		return err;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int tscf_file_write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t wrote = write(fd, at, length);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		if (wrote > 0) {
			at += wrote;
			length -= (size_t)wrote;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/** Write a temporary file beside @p file.  @return its name, which the caller frees, or NULL with *err. */
static char *write_beside(const char *file, mode_t mode, uid_t uid, gid_t gid, const void *data, size_t length,
			  int *err)
{
	char *temporary;
	int fd;

	*err = -ENOMEM;
	if (asprintf(&temporary, "%s.XXXXXX", file) < 0)
		return NULL;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		*err = -errno;
		free(temporary);
		return NULL;
	}
	*err = fchmod(fd, mode) < 0 || fchown(fd, uid, gid) < 0 ? -errno : tscf_file_write_all(fd, data, length);
	close(fd);
	if (*err == 0)
		return temporary;
	unlink(temporary);
	free(temporary);
	return NULL;
}

/**
 * After a power failure the directory has the new name of @p file.  A directory that cannot be read or synced does not
 * undo the change, which has been made.
 */
static void sync_above(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *directory = slash ? strndup(file, slash == file ? 1 : (size_t)(slash - file)) : strdup(".");
	int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(directory);
	if (fd < 0)
		return;
	(void)!fsync(fd);
	close(fd);
}

int tscf_file_replace(const char *file, mode_t mode, const void *data, size_t length)
{
	return tscf_file_replace_as(file, mode, (uid_t)-1, (gid_t)-1, data, length);
}

int tscf_file_replace_as(const char *file, mode_t mode, uid_t uid, gid_t gid, const void *data, size_t length)
{
	int err;
	char *temporary = write_beside(file, mode, uid, gid, data, length, &err);

	if (!temporary)
		return err;
	if (rename(temporary, file) < 0) {
		err = -errno;
		unlink(temporary);
	} else {
		sync_above(file);
	}
	free(temporary);
	return err;
}

int tscf_file_create(const char *file, mode_t mode, const void *data, size_t length)
{
	int err;
	char *temporary = write_beside(file, mode, (uid_t)-1, (gid_t)-1, data, length, &err);

	if (!temporary)
		return err;
	/* Unlike rename, link replaces nothing. */
	if (link(temporary, file) < 0)
		err = -errno;
	unlink(temporary);
	free(temporary);
	if (err == 0)
		sync_above(file);
	return err;
}

int tscf_file_open(const char *file)
{
	int fd, err = 0;
	struct stat st;

	tscf_reading_note(file);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = -EOPNOTSUPP;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

FILE *tscf_file_stream(const char *file)
{
	int fd = tscf_file_open(file);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd < 0) {
		errno = -fd;
	} else if (!stream) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return stream;
}

int tscf_file_read(const char *file, void *data, size_t size)
{
	size_t length = 0;
	int fd = tscf_file_open(file);

	if (fd < 0)
		return fd;
	while (length < size) {
		ssize_t got = read(fd, (char *)data + length, size - length);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR) {
			int err = -errno;

			close(fd);
			return err;
		}
		if (got > 0)
			length += (size_t)got;
	}
	close(fd);
	return length < size ? (int)length : -EFBIG;
}
