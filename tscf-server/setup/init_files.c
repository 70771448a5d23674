/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/init_files.h"

#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what, const char *name, int err)
{
	tscf_error("cannot %s %s: %s", what, name, strerror(-err));
	return err;
}

void init_files_keep(struct init_files *files)
{
	for (unsigned i = 0; i < files->count; i++)
		free(files->made[i]);
	files->count = 0;
}

void init_files_undo(struct init_files *files)
{
	/* A directory that is not empty stays. */
	for (unsigned i = files->count; i > 0; i--)
		if (remove(files->made[i - 1]) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			fail("remove", files->made[i - 1], -errno);
	init_files_keep(files);
}

int init_files_note(struct init_files *files, const char *name)
{
	char *copy = files->count < INIT_FILES_MAX ? strdup(name) : NULL;

	if (!copy)
		return fail("make", name, -ENOMEM);
	files->made[files->count++] = copy;
	return 0;
}

/** Make the directory, which is known not to exist. */
static int make_one_directory(struct init_files *files, const char *name, mode_t mode)
{
	if (mkdir(name, mode) < 0)
		return fail("make", name, -errno);
	return init_files_note(files, name);
}

/** Make the missing directories above @p name. */
static int make_above(struct init_files *files, const char *name)
{
	char *part = strdup(name);
	int err = part ? 0 : -ENOMEM;

	for (char *slash = part ? strchr(part + 1, '/') : NULL; slash && err == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (access(part, F_OK) < 0)
			err = make_one_directory(files, part, 0755);
		*slash = '/';
	}
	free(part);
	return err;
}

int init_files_give(const struct init_files *files, const char *name)
{
	return lchown(name, files->uid, files->gid) < 0 ? fail("give away", name, -errno) : 0;
}

int init_files_directory(struct init_files *files, const char *name)
{
	int err = make_above(files, name);

	if (err < 0 || access(name, F_OK) == 0)
		return err;
	err = make_one_directory(files, name, 0700);
	return err < 0 ? err : init_files_give(files, name);
}

int init_files_make(struct init_files *files, const char *name, mode_t mode, const char *text, size_t length)
{
	int err = make_above(files, name);

	if (err < 0)
		return err;
	err = tscf_file_create(name, mode, text, length);
	if (err < 0)
		return fail("make", name, err);
	return init_files_note(files, name);
}
