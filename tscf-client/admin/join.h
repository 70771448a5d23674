/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.h - the commands join, which sets this client up by an invitation, and leave, which undoes that.
 */
#ifndef TSCF_CLIENT_JOIN_H
#define TSCF_CLIENT_JOIN_H

#include "common/daemon/cli.h"
#include "tscf-client/settings/config.h"

/* Each returns the exit status of the program; errors are logged. */

/** Write the configuration, start the service where systemd runs, and wait until its tunnel is up. */
int join_run(const struct tscf_cli *cli, const struct client_config *config);
/** Stop the service where systemd runs, and remove what join has written. */
int join_leave(const struct tscf_cli *cli, const struct client_config *config);

#endif
