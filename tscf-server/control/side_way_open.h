/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * side_way_open.h - a client opens a side way that it was offered (session/side_way.h), and proves its address there.
 */
#ifndef TSCF_SERVER_SIDE_WAY_OPEN_H
#define TSCF_SERVER_SIDE_WAY_OPEN_H

#include "tscf-server/session/request.h"

/** If the request opens a side way, which it says by a source or connection that is no session's yet, open it and
 * answer.  @return whether it did. */
bool server_side_way_attach(const struct server_request *r);

/** A message of r->session has come, perhaps by a side way, and perhaps with the cookie that proves it. */
void server_side_way_heard(const struct server_request *r);

#endif
