/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path.h - the way of a packet: device -> batch -> decision (dtte.h) -> transport, and back.
 */
#ifndef TSCF_SERVER_PATH_H
#define TSCF_SERVER_PATH_H

#include "tscf-server/context.h"

/** What the transports of an interface call; their context is the struct server_interface. */
extern const struct tscf_transport_handler server_path_handler;

/** Start to read the worker's queues of the devices.  @return 0 or -errno. */
int server_path_start(struct server_worker *worker);
void server_path_stop(struct server_worker *worker);

/** Send the answers that waited for what the store has written. */
void server_path_written(struct ev_loop *loop, struct ev_async *watcher, int events);

#endif
