/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusal.h - a server refuses to configure a tunnel.
 *
 * Anybody on the way can refuse in the server's name.  So the refusal ends only this try, unless the server proves who
 * it is as in an answer that configures a tunnel (trust.h).  Then it is known that this server does not accept this
 * client, and nobody need wait for it.  The search goes on nevertheless, since the administrator may change that.
 */
#ifndef TSCF_CLIENT_REFUSAL_H
#define TSCF_CLIENT_REFUSAL_H

#include "common/packet/message.h"

#include <stdbool.h>

struct connector_try;

/** @return whether a refusal with this code says that the server does not accept this client, or not more of it. */
bool refusal_is_final(enum tscf_response code);

/** The try has failed, for @p reason. */
typedef void (*refusal_done)(struct connector_try *try, const char *reason);
/**
 * The server has refused the request of @p try with @p code and @p text.  @p done is called later, or before this
 * returns, unless the try ends.
 */
void refusal_take(struct connector_try *try, const struct tscf_message *response, enum tscf_response code,
		  const char *text, refusal_done done);

#endif
