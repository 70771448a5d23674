/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch_sockets.h - `tscf-client sockets --watch`: the sockets and what they carry, live.
 */
#ifndef TSCF_CLIENT_WATCH_SOCKETS_H
#define TSCF_CLIENT_WATCH_SOCKETS_H

#include "tscf-client/settings/config.h"

/** @return the exit status of the program. */
int watch_sockets(const struct client_config *config);

#endif
