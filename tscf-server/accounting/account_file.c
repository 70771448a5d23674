/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/account_file.h"

#include "tscf-server/accounting/account_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE 0640
/** A pipe without a reader is an error instead of a wait. */
#define FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

struct account_file {
	char *name;
	int fd; /**< negative: not open */
};

static void close_file(struct account_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static int open_file(struct account_file *f)
{
	if (f->fd >= 0)
		return 0;
	f->fd = open(f->name, FLAGS | O_CREAT | O_EXCL, MODE);
	if (f->fd < 0 && errno == EEXIST) {
		f->fd = open(f->name, FLAGS);
	} else if (f->fd >= 0 && fchmod(f->fd, MODE) < 0) {
		/* The umask of a service is narrower, so that its group could not read the file. */
		int err = -errno;

		close_file(f);
		return err;
	}
	return f->fd >= 0 ? 0 : -errno;
}

/** Write a line whole or not at all.  @return 0 or -errno. */
static int write_line(int fd, const char *line, size_t length)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	const ssize_t written = write(fd, line, length);

	if (written == (ssize_t)length)
		return 0;
	if (written < 0)
		return -errno;
	/* The disk is full.  A pipe takes a line whole. */
	if (end >= 0 && ftruncate(fd, end) < 0)
		return -errno;
	return -ENOSPC;
}

static int write_account(void *context, const struct server_account *account)
{
	struct account_file *f = context;
	int err = open_file(f);
	char *line;
	size_t length;

	if (err < 0)
		return err;
	line = server_account_text(account);
	if (!line)
		return -ENOMEM;
	length = strlen(line);
	line[length] = '\n';
	err = write_line(f->fd, line, length + 1);
	free(line);
	/* What stays open is good for another try; the rest may be another file by now. */
	if (err < 0 && err != -EAGAIN && err != -ENOSPC && err != -EDQUOT && err != -EINTR)
		close_file(f);
	return err;
}

static void change_name(void *context, char *name)
{
	struct account_file *f = context;

	close_file(f);
	free(f->name);
	f->name = name;
}

static void file_free(void *context)
{
	struct account_file *f = context;

	close_file(f);
	free(f->name);
	free(f);
}

static const struct server_recorder_ops ops = {
    .what = "accounting-log", .change = change_name, .write = write_account, .free = file_free};

struct server_recorder *server_account_file_new(void)
{
	struct account_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->fd = -1;
	return server_recorder_new(&ops, f);
}
