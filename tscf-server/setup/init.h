/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init.h - the command init: sets a server up on a host where there is none.
 */
#ifndef TSCF_SERVER_INIT_H
#define TSCF_SERVER_INIT_H

#include "tscf-server/settings/config.h"

#include <stdbool.h>

/**
 * Find out what @p config, made from the command line, does not say; write the configuration @p file, the files of
 * keys and of denied clients, and the certificate; print what is left to do.
 *
 * @param is_default  it is the file that the server reads without --config
 * @param apply  do that: forwarding and the way back, now and when the service starts
 * @return the exit status of the program; after EXIT_FAILURE (logged) nothing has been changed.
 */
int init_run(struct server_config *config, const char *file, bool is_default, bool apply);

#endif
