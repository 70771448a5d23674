/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key_file.h - changes a file of pre-shared keys (psk.h), one program at a time.
 *
 * The file is locked from open to close.  Other lines of it stay as they are, comments too.  It is replaced atomically.
 */
#ifndef TSCF_SERVER_KEY_FILE_H
#define TSCF_SERVER_KEY_FILE_H

#include "common/auth/psk.h"
#include "tscf-server/setup/text_file.h"

#include <stdbool.h>
#include <stddef.h>

struct key_file {
	struct text_file file;
	struct tscf_psks psks; /**< what is in the file */
};

/**
 * Lock the file, waiting for others that have it (text_file.h), and read it.
 *
 * @param make  make it, empty and with mode 0600, if it is missing
 * @return 0, or -errno (logged) with nothing to close.
 */
int key_file_open(struct key_file *f, const char *name, bool make);
/** Wipe, free, and unlock. */
void key_file_close(struct key_file *f);

/** Write the file with @p count keys more.  @return 0, or -errno with nothing changed (logged). */
int key_file_add(const struct key_file *f, const struct tscf_psk *more, size_t count);
/** Write the file without the keys of @p count identities, which are in it.  @return as key_file_add. */
int key_file_remove(const struct key_file *f, const char *const *identities, size_t count);
/** Write it again as it was when it was opened.  @return as key_file_add. */
int key_file_put_back(const struct key_file *f);

#endif
