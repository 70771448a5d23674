/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interface.h - tscf-interface sections of the configuration as running interfaces.
 */
#ifndef TSCF_SERVER_INTERFACE_H
#define TSCF_SERVER_INTERFACE_H

#include "context.h"

/** Make what the workers will share of each interface: server->stocks.  @return 0 or -errno (logged). */
int server_stocks_make(struct server *server, unsigned workers);
/** The workers have been closed. */
void server_stocks_free(struct server *server);

/** Make the worker's settings and interfaces, without transports, from the configuration.  @return 0 or -ENOMEM. */
int server_interfaces_make(struct server_worker *worker);
/** @return whether any interface has encrypted tunnels. */
bool server_interfaces_encrypt(const struct server_config *config);
/** Listen on every interface.  @return 0 or -errno (logged). */
int server_interfaces_listen(struct server_worker *worker);
/** Close every transport; no session may be left. */
void server_interfaces_close(struct server_worker *worker);

/** Take over from @p fresh what can change while running. */
void server_interfaces_reload(struct server_worker *worker, const struct server_config *fresh);
/** Warn of what has no effect in @p fresh on a server that was started with @p old. */
void server_interfaces_review(const struct server_config *old, const struct server_config *fresh);

#endif
