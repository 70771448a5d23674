/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorised.h - a worker gets the decisions of the RADIUS server (session/authorisation.h), and handles the requests
 * that have waited for them; and those that have waited for the record of used invitations (session/enrolling.h).
 */
#ifndef TSCF_SERVER_AUTHORISED_H
#define TSCF_SERVER_AUTHORISED_H

#include "tscf-server/radius/asker.h"

struct server;
struct server_worker;

/** A server_ruling_handler, in a thread of the asker: pass the ruling on to its worker.  @p context is the server. */
void server_authorised_pass(void *context, unsigned worker, const struct server_ruling *ruling);
/** In the thread of the record: something was written there, or cannot be.  @p context is the server. */
void server_authorised_recorded(void *context);

struct server_config;

/** Make an asker for the server if @p config needs one and there is none.  @return 0, or -ENOMEM (logged). */
int server_authorised_prepare(struct server *server, const struct server_config *config);
/** Have the asker use the file of @p config, which is read again. */
void server_authorised_change(struct server *server, const struct server_config *config);
/** From now on the worker asks, or does not ask, as @p config says. */
void server_authorised_take(struct server_worker *worker, const struct server_config *config);
/** Refuse requests that have waited for too long; call it about once a second. */
void server_authorised_tick(struct server_worker *worker, uint64_t now);

#endif
