/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_file.h - the SQLite file of the store; used by one thread at a time.
 */
#ifndef TSCF_SERVER_STORE_FILE_H
#define TSCF_SERVER_STORE_FILE_H

#include "tscf-server/store/store.h"

struct store_file;

/** @return 0 with the file in *out, or -errno (logged); see server_store_open. */
int store_file_open(const char *state_dir, struct store_file **out, struct server_store_past *past);
/** Tell everything; rows that nobody can have written are skipped. */
void store_file_read(struct store_file *file, const struct server_store_reader *reader);
/** Write all of it, in one transaction, and that the server is alive.  @return 0, or -EIO (logged) with none of it
 * written. */
int store_file_write(struct store_file *file, const struct server_change *const *changes, unsigned count);
/** @p clean: nothing was left unwritten. */
void store_file_close(struct store_file *file, bool clean);
/** Close it and remove it: it is out of date from now on. */
void store_file_abandon(struct store_file *file);

#endif
