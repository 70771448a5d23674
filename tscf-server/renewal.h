/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - files that are taken when they change, without a reload: certificate and key of the server; the clients'
 * keys, CAs, revocation lists and denied names; limits of clients.
 *
 * The main thread looks at them (renewed_file.h).  If one cannot be used, the log says so, and what was read before
 * stays in use.
 */
#ifndef TSCF_SERVER_RENEWAL_H
#define TSCF_SERVER_RENEWAL_H

#include "tscf-server/settings/config.h"

struct server;
struct server_renewal;

/** Begin to watch the files that @p config names, which have been read, instead of those before. */
void server_renewal_follow(struct server *server, const struct server_config *config);
/** Watch no file any more; what waits is not read. */
void server_renewal_stop(struct server *server);

#endif
