/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch_sessions.h - `tscf-server sessions --watch`: the tunnels and what they carry, live.
 */
#ifndef TSCF_SERVER_WATCH_SESSIONS_H
#define TSCF_SERVER_WATCH_SESSIONS_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/** Show the sessions that --identity and --outer ask for.  @return the exit status of the program. */
int watch_sessions(const struct tscf_cli *cli, const struct server_config *config);

#endif
