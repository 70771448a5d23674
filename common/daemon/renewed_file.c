/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/renewed_file.h"

#include "common/base/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct tscf_file_sight *a, const struct tscf_file_sight *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && same_time(&a->modified, &b->modified) &&
	       same_time(&a->changed, &b->changed);
}

/** @return whether the file is another than at the last look. */
static bool look(struct tscf_renewed_file *f)
{
	struct tscf_file_sight now = {.ino = 0};
	struct stat st;
	bool changed;

	if (!f->name)
		return false;
	tscf_reading_note(f->name);
	if (stat(f->name, &st) == 0)
		now = (struct tscf_file_sight){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
	changed = !same(&now, &f->last);
	f->last = now;
	return changed;
}

int tscf_renewed_file_begin(struct tscf_renewed_file *f, const char *name)
{
	*f = (struct tscf_renewed_file){.name = name ? strdup(name) : NULL};
	if (name && !f->name)
		return -ENOMEM;
	/* The file may have changed since it was read, at the start or a reload. */
	look(f);
	f->is_new = f->last.changed.tv_sec >= time(NULL) - TSCF_RENEWAL_UNSURE;
	return 0;
}

bool tscf_renewed_files_settled(struct tscf_renewed_file *files, unsigned count)
{
	bool was_new = false, is_new = false;

	for (unsigned n = 0; n < count; n++) {
		was_new |= files[n].is_new;
		files[n].is_new = look(&files[n]);
		is_new |= files[n].is_new;
	}
	return was_new && !is_new;
}

void tscf_renewed_file_end(struct tscf_renewed_file *f)
{
	free(f->name);
	f->name = NULL;
}
