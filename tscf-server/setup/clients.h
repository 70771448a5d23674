/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clients.h - the commands add-client, list-clients and remove-client.
 *
 * They change the psk-file of the first enabled interface that has one, and have a running server read it.
 */
#ifndef TSCF_SERVER_CLIENTS_H
#define TSCF_SERVER_CLIENTS_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/* Each returns the exit status of the program; errors are logged. */

/**
 * Make a key for each name, put it into force, and print an invitation for each.  All of them, or none.  With
 * --one-time, the key can be used once, to get a lasting one.
 */
int clients_add(const struct tscf_cli *cli, const struct server_config *c);
/** Print the names, and with --long how each client is let in. */
int clients_list(const struct tscf_cli *cli, const struct server_config *c);
/** Remove each name.  A running server ends their tunnels.  All of them, or none. */
int clients_remove(const struct tscf_cli *cli, const struct server_config *c);

#endif
