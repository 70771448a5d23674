/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - the commands of tscf-server that ask the running daemon.
 *
 * Each returns the exit status of the program: 0, or 1 when the daemon could not be reached or refused (logged).
 */
#ifndef TSCF_SERVER_QUERY_H
#define TSCF_SERVER_QUERY_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/** Print the state of the server. */
int query_status(const struct tscf_cli *cli, const struct server_config *config);
/** Print how many tunnels have ended. */
int query_disconnect(const struct tscf_cli *cli, const struct server_config *config);
/** Write what is in the tunnels to a file. */
int query_capture(const struct tscf_cli *cli, const struct server_config *config);
/** Have the daemon read its configuration again, and wait until it has. */
int query_reload(const struct server_config *config);
/** Have the daemon end, and wait until it has. */
int query_stop(const struct server_config *config);

#endif
