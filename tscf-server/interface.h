/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interface.h - tscf-interface sections of the configuration as running interfaces.
 */
#ifndef TSCF_SERVER_INTERFACE_H
#define TSCF_SERVER_INTERFACE_H

#include "context.h"

/** Make the state's settings and interfaces, without transports, from server->config.  @return 0 or -errno (logged). */
int server_interfaces_make(struct server *server);
/** @return whether any interface has encrypted tunnels. */
bool server_interfaces_encrypt(const struct server *server);
/** Listen on every interface.  @return 0 or -errno (logged). */
int server_interfaces_listen(struct server *server);
/** Close every transport; no session may be left. */
void server_interfaces_close(struct server *server);

/** Take over from @p fresh what can change while running; a warning names what cannot. */
void server_interfaces_reload(struct server *server, const struct server_config *fresh);

#endif
