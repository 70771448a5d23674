/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - files that are taken when they change, without a reload: certificate and key of the server, revocation
 * lists, limits of clients.
 *
 * The main thread looks at them every SERVER_RENEWAL_MS.  A file is taken when it has stayed as it is since the last
 * look, so that one that is being written is not read too early.  If it cannot be used, the log says so, and what was
 * read before stays in use.
 */
#ifndef TSCF_SERVER_RENEWAL_H
#define TSCF_SERVER_RENEWAL_H

#include "tscf-server/settings/config.h"

struct server;
struct server_renewal;

#define SERVER_RENEWAL_MS 2000
/** A file that has changed so many seconds before it is watched is read again: perhaps it was read before that. */
#define SERVER_RENEWAL_UNSURE 10

/** Begin to watch the files that @p config names, which have been read, instead of those before. */
void server_renewal_follow(struct server *server, const struct server_config *config);
void server_renewal_stop(struct server *server);

#endif
