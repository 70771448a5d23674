/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload.h - reading the configuration again while the server runs; tscf-server(8), reload.
 */
#ifndef TSCF_SERVER_RELOAD_H
#define TSCF_SERVER_RELOAD_H

#include "tscf-server/context.h"

/**
 * Read the configuration again and apply it.  No tunnel ends whose client is still allowed to have it.  Errors, and
 * settings that change only with a restart, are logged.
 *
 * @return 0, or -errno with nothing changed: -EINVAL when the configuration or a file that it names has errors.
 */
int server_reload(struct server *server);

#endif
