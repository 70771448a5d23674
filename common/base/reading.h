/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reading.h - which file a thread reads, for another thread that waits for it.
 *
 * A file system may not answer, as NFS whose server is gone.  Whoever opens a file, or looks at it, notes its name
 * before, so that the log can say which file does not answer.
 */
#ifndef TSCF_READING_H
#define TSCF_READING_H

#include <limits.h>

/** The notes of one thread; any thread may use it.  Zero: there is none yet. */
struct tscf_reading {
	char file[PATH_MAX];
};

/** From now on the notes of this thread go to @p reading; NULL, as at first: nowhere. */
void tscf_reading_begin(struct tscf_reading *reading);
/** This thread is about to use @p file; a name that is too long is cut. */
void tscf_reading_note(const char *file);
/** Write the last note into @p file; "": there is none. */
void tscf_reading_last(const struct tscf_reading *reading, char file[PATH_MAX]);

#endif
