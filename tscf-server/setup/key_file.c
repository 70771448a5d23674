/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/key_file.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** @return the file, open and locked, or -errno. */
static int lock_once(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

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

static int lock_file(const char *name, int flags, struct stat *st)
{
	for (;;) {
		int fd = lock_once(name, flags);

		if (fd < 0 || is_file(fd, name, st))
			return fd;
		close(fd);
	}
}

static int read_text(struct key_file *f, size_t size)
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

int key_file_open(struct key_file *f, const char *name, bool make)
{
	char error[512];
	struct stat st;
	int err;

	*f = (struct key_file){.name = name};
	f->fd = lock_file(name, make ? O_CREAT : 0, &st);
	if (f->fd < 0) {
		tscf_error("%s: %s", name, strerror(-f->fd));
		return f->fd;
	}
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	err = tscf_psks_read(name, &f->psks, error, sizeof(error));
	if (err < 0) {
		tscf_error("%s", error);
	} else {
		err = read_text(f, (size_t)st.st_size);
		if (err < 0)
			tscf_error("%s: %s", name, strerror(-err));
	}
	if (err < 0)
		key_file_close(f);
	return err;
}

void key_file_close(struct key_file *f)
{
	tscf_psks_free(&f->psks);
	if (f->text)
		explicit_bzero(f->text, f->length);
	free(f->text);
	close(f->fd);
	f->text = NULL;
}

static int write_text(const struct key_file *f, const char *text, size_t length)
{
	int err = tscf_file_replace_as(f->name, 0600, f->uid, f->gid, text, length);

	if (err < 0)
		tscf_error("cannot write %s: %s", f->name, strerror(-err));
	return err;
}

int key_file_put_back(const struct key_file *f)
{
	return write_text(f, f->text, f->length);
}

int key_file_add(const struct key_file *f, const struct tscf_psk *more, size_t count)
{
	const size_t size = f->length + 1 + count * TSCF_PSK_LINE;
	char *text = calloc(1, size), *at;
	int err;

	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	memcpy(text, f->text, f->length);
	at = text + f->length;
	if (f->length > 0 && at[-1] != '\n')
		*at++ = '\n';
	for (size_t i = 0; i < count; i++) {
		at += tscf_psk_format(&more[i], at);
		*at++ = '\n';
	}
	err = write_text(f, text, (size_t)(at - text));
	explicit_bzero(text, size);
	free(text);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** @return whether the line of @p length bytes is that of one of the sorted @p names. */
static bool is_of(const char *line, size_t length, const char *const *names, size_t count)
{
	char identity[TSCF_PSK_IDENTITY_MAX + 1];
	const char *key = identity, *colon = memchr(line, ':', length);

	if (!colon || line[0] == '#' || colon - line > TSCF_PSK_IDENTITY_MAX)
		return false;
	memcpy(identity, line, (size_t)(colon - line));
	identity[colon - line] = '\0';
	return bsearch(&key, names, count, sizeof(*names), by_name) != NULL;
}

int key_file_remove(const struct key_file *f, const char *const *identities, size_t count)
{
	const char **names = calloc(count, sizeof(*names));
	char *text = malloc(f->length + 1), *at = text;
	int err = -ENOMEM;

	if (names && text) {
		memcpy(names, identities, count * sizeof(*names));
		qsort(names, count, sizeof(*names), by_name);
		for (const char *line = f->text; *line != '\0';) {
			size_t length = strcspn(line, "\n");

			length += line[length] == '\n';
			if (!is_of(line, length, names, count))
				at = mempcpy(at, line, length);
			line += length;
		}
		err = write_text(f, text, (size_t)(at - text));
		explicit_bzero(text, f->length);
	} else {
		tscf_error("%s", strerror(ENOMEM));
	}
	free(text);
	free(names);
	return err;
}
