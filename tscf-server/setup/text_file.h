/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text_file.h - a text file that is changed by one program at a time.
 *
 * From open to close, a file beside it, with .lock at the end of its name and mode 0600, is there and locked: other
 * users, who may read the text, cannot hold it up.  The text is replaced atomically.
 */
#ifndef TSCF_SERVER_TEXT_FILE_H
#define TSCF_SERVER_TEXT_FILE_H

#include <stddef.h>
#include <sys/types.h>

/** How long to wait for another program that changes the file, in seconds. */
#define TEXT_FILE_WAIT 15

struct text_file {
	const char *name; /**< borrowed */
	int fd;           /**< the lock */
	mode_t mode;      /**< of the file that is written */
	uid_t uid;        /**< its owner */
	gid_t gid;
	char *text; /**< content, NUL-terminated */
	size_t length;
};

/**
 * Lock the file, waiting TEXT_FILE_WAIT for others that have it, and read it.  A symbolic link is refused.
 *
 * @param flags  O_CREAT: make it, empty and with @p mode, if it is missing; or 0
 * @return 0, or -errno (logged) with nothing to close: -EBUSY if another program has the lock.
 */
int text_file_open(struct text_file *f, const char *name, int flags, mode_t mode);
/** Wipe, free, and unlock. */
void text_file_close(struct text_file *f);
/** Replace the content on the disk.  @return 0, or -errno with nothing changed (logged). */
int text_file_write(const struct text_file *f, const char *text, size_t length);

#endif
