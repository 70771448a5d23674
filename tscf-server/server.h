/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server.h - the tunnel server daemon as its main() sees it.
 */
#ifndef TSCF_SERVER_SERVER_H
#define TSCF_SERVER_SERVER_H

#include "tscf-server/settings/config.h"

/**
 * Run until stopped (SIGTERM, SIGINT, `tscf-server stop`).  SIGHUP and `tscf-server reload` call @p reread.
 *
 * @param ready called once when everything is set up.
 * @param reread makes a fresh configuration from the same file and options, or returns NULL (errors are logged, the old
 * configuration stays).  A thread calls it, which may still work when this returns (tscf_readers_linger).  The server
 * applies what can change while running and frees the fresh one with server_config_free and free().
 *
 * @return 0 after a clean stop, or -errno if it cannot start (the reason has been logged, nothing is left behind).
 */
int server_run(const struct server_config *config, void (*ready)(void *context),
	       struct server_config *(*reread)(void *context), void *context);

#endif
