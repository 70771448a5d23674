/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - files that are taken when they change, without a reload: certificate and key of the server; the clients'
 * keys, CAs, revocation lists and denied names; limits of clients.
 *
 * A thread looks at them (renewed_file.h, reader.h), since a file system may not answer; the main thread takes what was
 * read.  If a file cannot be used, the log says so, and what was read before stays in use.
 */
#ifndef TSCF_SERVER_RENEWAL_H
#define TSCF_SERVER_RENEWAL_H

#include "tscf-server/settings/config.h"

struct server;
struct server_renewal;
/** The files that are watched. */
struct server_watched;

/**
 * Look at the files that @p config names, which have been read; any thread may.
 *
 * @param state_dir  that of the start
 * @return the files, or NULL when out of memory.
 */
struct server_watched *server_watched_new(const struct server_config *config, const char *state_dir);
/** NULL is allowed. */
void server_watched_free(struct server_watched *watched);

/** Watch these files, which are the server's from now on, instead of those before.  NULL: there was no memory. */
void server_renewal_follow(struct server *server, struct server_watched *watched);
/** Watch no file any more; what waits is not read. */
void server_renewal_stop(struct server *server);

#endif
