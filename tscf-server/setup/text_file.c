/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/text_file.h"

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE 20000000L /* nanoseconds */

/** @return 0, or -errno: -EBUSY if another program has the lock until the deadline. */
static int wait_for(int fd, uint64_t deadline)
{
	const struct timespec pause = {.tv_nsec = PAUSE};

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (tscf_clock_now() >= deadline)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/** A program removes the lock file before it unlocks it.  @return whether @p fd is still the file @p name. */
static bool is_file(int fd, const char *name)
{
	struct stat st, now;

	return fstat(fd, &st) == 0 && lstat(name, &now) == 0 && now.st_ino == st.st_ino && now.st_dev == st.st_dev;
}

static void lock_name(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s.lock", name);
}

/**
 * A file can be locked by every user who can open it, so not the text is locked, which others may read, but a file
 * beside it that only its owner can open.
 *
 * @return the lock's descriptor, or -errno.
 */
static int lock_file(const char *name)
{
	const uint64_t deadline = tscf_clock_now() + 1000 * TEXT_FILE_WAIT;
	char lock[PATH_MAX];

	if (strlen(name) + sizeof(".lock") > sizeof(lock))
		return -ENAMETOOLONG;
	lock_name(name, lock);
	for (;;) {
		int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		int err = fd < 0 ? -errno : wait_for(fd, deadline);

		if (err == 0 && is_file(fd, lock))
			return fd;
		if (fd >= 0)
			close(fd);
		if (err < 0)
			return err;
	}
}

static void unlock(const struct text_file *f)
{
	char lock[PATH_MAX];

	lock_name(f->name, lock);
	unlink(lock);
	close(f->fd);
}

/** Make the file if it is missing and is to be made; look at what replaces it later. */
static int look_at(struct text_file *f, int flags, mode_t mode, size_t *size)
{
	struct stat st;
	int fd = open(f->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, mode);
	int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (err < 0)
		return err;
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	*size = (size_t)st.st_size;
	return 0;
}

static int read_text(struct text_file *f, size_t size)
{
	int length;

	f->text = calloc(1, size + 1);
	if (!f->text)
		return -ENOMEM;
	length = tscf_file_read(f->name, f->text, size + 1);
	if (length < 0)
		return length;
	f->length = (size_t)length;
	f->text[f->length] = '\0';
	/* A NUL byte would hide what comes after it. */
	return strlen(f->text) == f->length ? 0 : -EINVAL;
}

int text_file_open(struct text_file *f, const char *name, int flags, mode_t mode)
{
	size_t size;
	int err;

	*f = (struct text_file){.name = name};
	f->fd = lock_file(name);
	if (f->fd == -EBUSY)
		tscf_error("%s: another program has been changing it for %d seconds: it has locked %s.lock", name,
			   TEXT_FILE_WAIT, name);
	else if (f->fd < 0)
		tscf_error("%s: %s", name, strerror(-f->fd));
	if (f->fd < 0)
		return f->fd;
	err = look_at(f, flags, mode, &size);
	if (err == 0)
		err = read_text(f, size);
	if (err < 0) {
		tscf_error("%s: %s", name, strerror(-err));
		text_file_close(f);
	}
	return err;
}

void text_file_close(struct text_file *f)
{
	if (f->text)
		explicit_bzero(f->text, f->length);
	free(f->text);
	f->text = NULL;
	unlock(f);
}

int text_file_write(const struct text_file *f, const char *text, size_t length)
{
	int err = tscf_file_replace_as(f->name, f->mode, f->uid, f->gid, text, length);

	if (err < 0)
		tscf_error("cannot write %s: %s", f->name, strerror(-err));
	return err;
}
