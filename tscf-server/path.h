/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.h - the path of a packet: device -> batch -> decision (dtte.h) -> transport, and back.
 */
#ifndef TSCF_SERVER_PATH_H
#define TSCF_SERVER_PATH_H

#include "tscf-server/context.h"

/** Callbacks for the transports of an interface; their context is the struct server_interface. */
extern const struct tscf_transport_handler server_path_handler;

/** Start reading the worker's device queues.  @return 0 or -errno. */
int server_path_start(struct server_worker *worker);
void server_path_stop(struct server_worker *worker);

/** Send the answers that waited for the changes that the store has written now. */
void server_path_written(struct ev_loop *loop, struct ev_async *watcher, int events);

#endif
