/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client.h - the tunnel client daemon as its main() sees it.
 */
#ifndef TSCF_CLIENT_CLIENT_H
#define TSCF_CLIENT_CLIENT_H

#include "tscf-client/settings/config.h"

/**
 * Run until stopped (SIGTERM, SIGINT, `tscf-client stop`).  Sets up devices, rules and routes, and removes them at the
 * end.
 *
 * @param ready called once when everything is set up and the control socket answers (not: when the tunnel is up).
 * @param reread  reads the configuration again, for SIGHUP and `tscf-client reload`: 0, or -errno with the reason
 * logged; in either case @p fresh must be freed.  The settings that can change while the client runs are copied into @p
 * config.
 *
 * @return 0 after a clean stop, or -errno if it cannot start (the reason has been logged, nothing is left behind).
 */
int client_run(struct client_config *config, void (*ready)(void *context),
	       int (*reread)(void *context, struct client_config *fresh), void *context);
/**
 * Read the files that @p config names: certificates, keys and revocation lists, as client_run does.  Changes nothing.
 *
 * @return 0, or -EINVAL if one cannot be used (the reason has been logged).
 */
int client_check(const struct client_config *config);

#endif
