/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interface.h - tscf-interface sections of the configuration as running interfaces.
 */
#ifndef TSCF_SERVER_INTERFACE_H
#define TSCF_SERVER_INTERFACE_H

#include "tscf-server/context.h"

/** Make the worker's interface, without transports and closed for tunnels, of each allocator that has none, from @p
 * config.  @return 0 or -ENOMEM. */
int server_interfaces_make(struct server_worker *worker, const struct server_config *config);
/** Listen on every interface where that is not yet so.  @return 0 or -errno (logged). */
int server_interfaces_listen(struct server_worker *worker);
/** Close every transport; no session may be left. */
void server_interfaces_close(struct server_worker *worker);
/** Free the interfaces whose allocators are behind @p last, with their transports and sessions. */
void server_interfaces_retract(struct server_worker *worker, const struct server_allocator *last);

/** Let the worker go by @p config, as far as that can change while running. */
void server_interfaces_take(struct server_worker *worker, const struct server_config *config);
/** Say what of @p fresh has no effect on interfaces that were begun with something else, and which of them take no
 * tunnels now. */
void server_interfaces_review(const struct server *server, const struct server_config *fresh);

#endif
