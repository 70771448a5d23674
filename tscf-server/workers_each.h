/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workers_each.h - the main thread runs an action in every worker.
 */
#ifndef TSCF_SERVER_WORKERS_EACH_H
#define TSCF_SERVER_WORKERS_EACH_H

struct server;
struct server_worker;

/** Run @p action with @p data in every worker, one after another; it may use everything that belongs to that worker. */
void server_workers_each(struct server *server, void (*action)(struct server_worker *worker, void *data), void *data);

#endif
