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
/** Read no more, and free what reading needs; no effect if it was not started. */
void server_path_stop(struct server_worker *worker);

/** Close the worker's part of a device that another program has removed; packets for it are dropped and counted. */
void server_path_detach(struct server_worker *worker, struct server_device *device);
/** Use @p part of the new device from now on; its counters go on. */
void server_path_attach(struct server_worker *worker, struct server_device *device, const struct tscf_tun *part);

/** Send the answers that waited for the changes that the store has written now. */
void server_path_written(struct ev_loop *loop, struct ev_async *watcher, int events);

#endif
