/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate.h - the certificate by which clients know the server.
 */
#ifndef TSCF_SERVER_CERTIFICATE_H
#define TSCF_SERVER_CERTIFICATE_H

#include "tscf-server/context.h"

/**
 * Take the certificate and key of @p config; without them make a pair in the state directory on the first start
 * and keep it.  Logs the pin; errors are logged.
 *
 * @return 0 with server->tls, server->identity and server->pin, or -errno.
 */
int server_certificate_open(struct server *server, const struct server_config *config);
/**
 * Read certificate and key again, those that the configuration @p fresh names, or the pair in the state directory.  New
 * connections use them; those that there are go on.  Errors are logged.
 *
 * @return 0, or -EINVAL with everything as it was.
 */
int server_certificate_renew(struct server *server, const struct server_config *fresh);
void server_certificate_close(struct server *server);

#endif
