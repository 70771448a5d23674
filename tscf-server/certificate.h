/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate.h - the certificate by which clients recognise the server.
 */
#ifndef TSCF_SERVER_CERTIFICATE_H
#define TSCF_SERVER_CERTIFICATE_H

#include "tscf-server/context.h"
#include "tscf-server/settings/certificate_files.h"

/**
 * Load the certificate and key that @p config names, and warn if it is not valid now.  If it names none, the first
 * start makes a pair in the state directory, and later starts use that pair.  Logs the pin; errors are logged.
 *
 * @return 0 with server->tls, server->identity and server->pin, or -errno.
 */
int server_certificate_open(struct server *server, const struct server_config *config);
/**
 * Load the certificate and key as server_certificate_open would, and warn of the same.  Nothing is made.  Errors are
 * logged.
 *
 * @return 0, also if the first start would make the pair, or -errno.
 */
int server_certificate_check(const struct server_config *config);
/**
 * Read the certificate and key again, from @p files.  A pair that is gone from the state directory is not made again,
 * because clients know its pin.  New connections use what was read; existing connections go on.  Errors are logged.
 *
 * @return 0, or -EINVAL with nothing changed.
 */
int server_certificate_renew(struct server *server, const struct server_certificate_files *files);
void server_certificate_close(struct server *server);

#endif
