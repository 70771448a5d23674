/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file.h - small files that outlive the program: keys, identities, and their directory.
 */
#ifndef TSCF_FILE_H
#define TSCF_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/** Make the directory @p path (0700) and missing parent directories (0755).  @return 0 or -errno. */
int tscf_directory_make(const char *path);

/** Make missing directories above the file @p path (0755).  @return 0 or -errno. */
int tscf_directory_make_above(const char *path);

/** Write all of @p data to a descriptor, and sync it to the disk.  @return 0 or -errno. */
int tscf_file_write_all(int fd, const void *data, size_t length);

/** Replace @p file atomically by a file with this content and mode, and sync both to the disk.  @return 0 or -errno. */
int tscf_file_replace(const char *file, mode_t mode, const void *data, size_t length);

/**
 * The same, and the file belongs to @p uid and @p gid, either of which may be -1: as a new file would.
 */
int tscf_file_replace_as(const char *file, mode_t mode, uid_t uid, gid_t gid, const void *data, size_t length);

/** Make @p file with this content and mode, atomically.  @return 0 or -errno: -EEXIST when it is there already. */
int tscf_file_create(const char *file, mode_t mode, const void *data, size_t length);

/**
 * Open a file to read it.  Only an ordinary file: opening or reading another one may block the daemon, or never end.
 *
 * @return a descriptor, or -errno: -EISDIR, or -EOPNOTSUPP when it is neither a file nor a directory.
 */
int tscf_file_open(const char *file);

/** The same as a stream.  @return NULL with errno. */
FILE *tscf_file_stream(const char *file);

/** Read a file of less than @p size bytes.  @return its length, or -errno: -EFBIG when it is larger. */
int tscf_file_read(const char *file, void *data, size_t size);

#endif
