/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/text_file.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** @return the file, open and locked, or -errno. */
static int lock_once(const char *name, int flags, mode_t mode)
{
	int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, mode);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		int err = -errno;

		if (err == -EINTR)
			continue;
		close(fd);
		return err;
	}
	return fd;
}

/** Whoever had the lock has perhaps replaced the file: then the lock is that of the old one. */
static bool is_file(int fd, const char *name, struct stat *st)
{
	struct stat now;

	return fstat(fd, st) == 0 && stat(name, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

static int lock_file(const char *name, int flags, mode_t mode, struct stat *st)
{
	for (;;) {
		int fd = lock_once(name, flags, mode);

		if (fd < 0 || is_file(fd, name, st))
			return fd;
		close(fd);
	}
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
	struct stat st;
	int err;

	*f = (struct text_file){.name = name};
	f->fd = lock_file(name, flags, mode, &st);
	if (f->fd < 0) {
		tscf_error("%s: %s", name, strerror(-f->fd));
		return f->fd;
	}
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	err = read_text(f, (size_t)st.st_size);
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
	close(f->fd);
	f->text = NULL;
}

int text_file_write(const struct text_file *f, const char *text, size_t length)
{
	int err = tscf_file_replace_as(f->name, f->mode, f->uid, f->gid, text, length);

	if (err < 0)
		tscf_error("cannot write %s: %s", f->name, strerror(-err));
	return err;
}
