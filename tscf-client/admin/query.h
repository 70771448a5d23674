/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - the commands of tscf-client that ask the running daemon.
 *
 * Each returns the exit status of the program: 0, or 1 when the daemon could not be reached or refused (logged).
 */
#ifndef TSCF_CLIENT_QUERY_H
#define TSCF_CLIENT_QUERY_H

#include "common/daemon/cli.h"
#include "tscf-client/settings/config.h"

/** With --wait-up: first wait for the daemon and for the plain tunnel; exit status 1 if the time is over before that.
 */
int query_status(const struct tscf_cli *cli, const struct client_config *config);
/** Print the sockets that have a level or ask for a service. */
int query_sockets(const struct tscf_cli *cli, const struct client_config *config);
/** The SIP servers that the server announces, one a line.  Exit status 1 also if there are none. */
int query_sip(const struct tscf_cli *cli, const struct client_config *config);
/** Exit status 1 also if there is no such socket. */
int query_level(const struct tscf_cli *cli, const struct client_config *config);
/** Exit status 1 also if there is no such socket. */
int query_redundancy(const struct tscf_cli *cli, const struct client_config *config);
/** The same. */
int query_datagram(const struct tscf_cli *cli, const struct client_config *config);
/** Have the daemon read its configuration again, and wait until it has. */
int query_reload(const struct client_config *config);
/** Have the daemon end, and wait until it has. */
int query_stop(const struct client_config *config);
/** Also works without a daemon: removes what a dead one left. */
int query_flush(const struct client_config *config);

/**
 * Wait until the daemon at the control socket @p path runs and reports that the tunnel is up, its server verified.
 *
 * @return 0, or nonzero with the error logged: positive if a daemon answers.
 */
int query_wait_up(const char *path, unsigned long seconds);

#endif
