/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_file.h - the SQLite file of the store; used by one thread at a time.
 */
#ifndef TSCF_SERVER_STORE_FILE_H
#define TSCF_SERVER_STORE_FILE_H

#include "tscf-server/store/store.h"

struct store_file;

/** @return 0 with the file in *out, or -errno with the reason in @p error; see server_store_open. */
int store_file_open(const char *state_dir, struct store_file **out, struct server_store_past *past, char *error);
/** Pass all entries to @p reader; rows that the server cannot have written are skipped. */
void store_file_read(struct store_file *file, const struct server_store_reader *reader);
/**
 * Write all @p changes and the time of this sign of life in one transaction.  After a failure the file is marked as
 * incomplete, until store_file_complete.
 *
 * @return 0; -EAGAIN if it may succeed later, as on a full disk; or -EIO if the file cannot be used any more; with
 * nothing written.  The first error is logged.
 */
int store_file_write(struct store_file *file, const struct server_change *const *changes, unsigned count);
/** All changes have been written again after a failure.  @return whether the file could be marked so. */
bool store_file_complete(struct store_file *file);
/** Close the file.  @p clean: all changes were written. */
void store_file_close(struct store_file *file, bool clean);
/** Close and remove the file: from now on it would be out of date. */
void store_file_abandon(struct store_file *file);

#endif
