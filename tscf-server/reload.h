/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload.h - the configuration is read again while the server runs; tscf-server(8), reload.
 */
#ifndef TSCF_SERVER_RELOAD_H
#define TSCF_SERVER_RELOAD_H

#include "tscf-server/context.h"

/**
 * Read the configuration again and go by it, without an end to any tunnel whose client has still the right to it.  Errors, and what
 * changes only with a restart, are logged.
 *
 * @return 0, or -errno and everything is as it was: -EINVAL when the configuration or a file that it names has errors.
 */
int server_reload(struct server *server);

#endif
