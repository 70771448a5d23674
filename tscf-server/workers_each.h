/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workers_each.h - something that is to be done in every worker, by the main thread's order.
 */
#ifndef TSCF_SERVER_WORKERS_EACH_H
#define TSCF_SERVER_WORKERS_EACH_H

struct server;
struct server_worker;

/** In every worker, one after another, do @p action with @p data; it may use what is of that worker. */
void server_workers_each(struct server *server, void (*action)(struct server_worker *worker, void *data), void *data);

#endif
