/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * restore.h - takes over what the server knew in its previous run.
 *
 * tscf(7), "RESTART".
 */
#ifndef TSCF_SERVER_RESTORE_H
#define TSCF_SERVER_RESTORE_H

#include "tscf-server/context.h"

/**
 * Open the store and take over its contents.  Call it when every worker has its transports and no worker has started.
 * From then on changes go to the store.  Errors are logged; the server then runs without a store, or without the
 * entries that could not be taken over.
 */
void server_restore(struct server *server);
/** From now on changes of this worker go to @p store. */
void server_restore_begin(struct server_worker *worker, struct server_store *store);
/** Write the changes that still wait and close the store; no worker runs any more. */
void server_restore_end(struct server *server);

#endif
