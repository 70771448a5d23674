/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query_sessions.h - the command `tscf-server sessions`: it asks the daemon for one page after the other.
 */
#ifndef TSCF_SERVER_QUERY_SESSIONS_H
#define TSCF_SERVER_QUERY_SESSIONS_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/**
 * Print the sessions that the options --client, --identity, --outer, --sort, --limit, --after and --json ask for.  JSON
 * that is not sorted is printed page by page, so that any number of sessions needs little memory.
 *
 * @return the exit status of the program; errors are logged.
 */
int query_sessions(const struct tscf_cli *cli, const struct server_config *config);

#endif
