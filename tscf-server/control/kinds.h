/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kinds.h - the functions that answer one kind of request each; dispatch.c calls them.
 */
#ifndef TSCF_SERVER_KINDS_H
#define TSCF_SERVER_KINDS_H

#include "tscf-server/session/request.h"

/* configure.c */
/** Configuration_Request on a plain transport. */
void server_configure_plain(const struct server_request *r);
/** Chain_Request, by any plain transport; the server stores nothing about it. */
void server_send_chain(const struct server_request *r);
/** Configuration_Request on an encrypted connection that is not configured. */
void server_configure_encrypted(const struct server_request *r);

/* services.c */
/** Service_Request, on a tunnel.  It calls those below. */
void server_serve(const struct server_request *r);

/* reserve.c */
/** ENABLE_DTTE on a plain tunnel: reserve an encrypted one. */
void server_reserve(const struct server_request *r);

/* bindings.c */
/** BIND on an encrypted tunnel. */
void server_bind_sockets(const struct server_request *r);
/** SHIELD on a plain tunnel. */
void server_shield_sockets(const struct server_request *r);
/** UNSHIELD on a plain tunnel: only with the key of the lock. */
void server_unshield_sockets(const struct server_request *r);

/* socket_services.c */
/** SOCKETS, on either tunnel. */
void server_ask_for_sockets(const struct server_request *r);

#endif
