/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.h - the life of a worker (context.h).
 */
#ifndef TSCF_SERVER_WORKER_H
#define TSCF_SERVER_WORKER_H

#include "tscf-server/context.h"

/**
 * Make all workers of @p server: loops, states with interfaces, mailboxes.  No worker listens yet.  Errors are logged.
 *
 * @return 0, or -errno; server_workers_close then frees what was made.
 */
int server_workers_open(struct server *server, unsigned count);
/** Close and free everything without notifying clients; the threads have ended. */
void server_workers_close(struct server *server);

/** Open the transports of all workers and start watching their devices.  Errors are logged.  @return 0 or -errno. */
int server_workers_listen(struct server *server);

/** Start the threads; if one cannot be started, the others are ended.  Errors are logged.  @return 0 or -errno. */
int server_workers_start(struct server *server);
/** Stop the threads and wait until they have ended. */
void server_workers_stop(struct server *server);

#endif
