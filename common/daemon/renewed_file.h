/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewed_file.h - files that a daemon takes when they change, without a reload.
 *
 * The daemon looks at them every TSCF_RENEWAL_MS.  A file is taken when it has stayed as it is since the last look, so
 * that one that is being written is not read too early.
 */
#ifndef TSCF_RENEWED_FILE_H
#define TSCF_RENEWED_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#define TSCF_RENEWAL_MS 2000
/** A file that has changed so many seconds before it is watched is read again: perhaps it was read before that. */
#define TSCF_RENEWAL_UNSURE 10

/** What is seen of a file when it changes; all zero: it is not there. */
struct tscf_file_sight {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified, changed;
};

struct tscf_renewed_file {
	char *name; /**< NULL: none, which never changes */
	struct tscf_file_sight last;
	bool is_new; /**< it has changed at the last look, or may have since it was read */
};

/** Watch @p name, which has been read; NULL: none.  @return 0, or -ENOMEM: nothing is watched. */
int tscf_renewed_file_begin(struct tscf_renewed_file *f, const char *name);
/** Look at files that are taken together.  @return whether to take them: none has changed since one did. */
bool tscf_renewed_files_settled(struct tscf_renewed_file *files, unsigned count);
/** Watch nothing any more. */
void tscf_renewed_file_end(struct tscf_renewed_file *f);

#endif
