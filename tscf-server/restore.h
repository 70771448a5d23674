/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * restore.h - what the server knew in its run before.
 *
 * tscf(7), "RESTART".
 */
#ifndef TSCF_SERVER_RESTORE_H
#define TSCF_SERVER_RESTORE_H

#include "tscf-server/context.h"

/**
 * Open the store and take over what is in it: every worker has its transports, and none has begun.  From then on
 * changes go to the store.  Errors are logged, and the server runs without a store or without what could not be taken
 * over.
 */
void server_restore(struct server *server);
/** Write what waits and close the store; no worker runs any more. */
void server_restore_end(struct server *server);

#endif
