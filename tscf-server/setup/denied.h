/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * denied.h - the commands deny and allow: they change the files of denied clients that the configuration names.
 */
#ifndef TSCF_SERVER_DENIED_H
#define TSCF_SERVER_DENIED_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/* Each returns the exit status of the program; errors are logged. */

/** Enter the names into the file of each interface.  A running server ends the tunnels of these clients. */
int denied_add(const struct tscf_cli *cli, const struct server_config *c);
/** Remove the names from the file of each interface; one that is in none of them is an error, and nothing changes. */
int denied_remove(const struct tscf_cli *cli, const struct server_config *c);

#endif
