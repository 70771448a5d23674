/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init_files.h - files that are made together: all of them, or none.
 */
#ifndef TSCF_SERVER_INIT_FILES_H
#define TSCF_SERVER_INIT_FILES_H

#include <stddef.h>
#include <sys/types.h>

#define INIT_FILES_MAX 12

struct init_files {
	char *made[INIT_FILES_MAX]; /**< names of files and directories, in the order in which they were made */
	unsigned count;
	uid_t uid; /**< owner of files that the server reads or writes; -1: the user of this process */
	gid_t gid;
};

/** Forget what was made, and free. */
void init_files_keep(struct init_files *files);
/** Remove what was made, and free. */
void init_files_undo(struct init_files *files);

/* Each of these returns 0, or -errno (logged). */

/** Make a file with the @p length bytes at @p text, and missing directories above it.  -EEXIST if it exists. */
int init_files_make(struct init_files *files, const char *name, mode_t mode, const char *text, size_t length);
/** Give a file or directory to the server's user. */
int init_files_give(const struct init_files *files, const char *name);
/** Make the state directory unless it exists, for the server's user. */
int init_files_directory(struct init_files *files, const char *name);
/** A file that something else is going to make belongs to the rest. */
int init_files_note(struct init_files *files, const char *name);

#endif
