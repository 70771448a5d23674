/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interface.h - tscf-interface sections of the configuration as running interfaces.
 */
#ifndef TSCF_SERVER_INTERFACE_H
#define TSCF_SERVER_INTERFACE_H

#include "tscf-server/context.h"

/** For each allocator that has no interface in this worker yet, make one from @p config, without transports and closed
 * for tunnels.  @return 0 or -ENOMEM. */
int server_interfaces_make(struct server_worker *worker, const struct server_config *config);
/** Listen on every interface that does not listen yet.  @return 0 or -errno (logged). */
int server_interfaces_listen(struct server_worker *worker);
/** Close every transport; no session may be left. */
void server_interfaces_close(struct server_worker *worker);
/** Free the interfaces whose allocators come after @p last, with their transports and sessions. */
void server_interfaces_retract(struct server_worker *worker, const struct server_allocator *last);

/** Apply the settings of @p config that can change while running to the worker. */
void server_interfaces_take(struct server_worker *worker, const struct server_config *config);
/** Log which settings of @p fresh have no effect on interfaces that were started with other values, and which
 * interfaces accept no tunnels now. */
void server_interfaces_review(const struct server *server, const struct server_config *fresh);

#endif
