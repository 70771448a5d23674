/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_limits.h - the file client-limits: what each client may use at most.
 *
 * tscf-server.conf(5), "client-limits".  Lines "IDENTITY KEY=NUMBER ...".  The identity * is every client; what the
 * line of an identity does not name, it has from there.
 */
#ifndef TSCF_SERVER_CLIENT_LIMITS_H
#define TSCF_SERVER_CLIENT_LIMITS_H

#include "tscf-server/settings/limits.h"

#include <stddef.h>
#include <stdio.h>

/** The content of a file.  It does not change, so several threads may use it at a time. */
struct server_client_limits;

/** @return the lines of @p f, held once, or NULL with an error of @p size bytes: with line, and @p name for the file.
 */
struct server_client_limits *server_client_limits_parse(FILE *f, const char *name, char *error, size_t size);
/** @return the content of @p file, held once, or NULL with an error of @p size bytes: with file and line. */
struct server_client_limits *server_client_limits_read(const char *file, char *error, size_t size);
/** Hold once more; NULL is allowed.  @return @p l. */
struct server_client_limits *server_client_limits_hold(struct server_client_limits *l);
/** Drop one hold; the last one frees.  NULL is allowed. */
void server_client_limits_drop(struct server_client_limits *l);
/**
 * @param l     NULL: there are no limits
 * @param name  the identity that the client has proved, with its kind ("psk NAME"); NULL: none
 * @return the limits of that client.
 */
struct server_limits server_client_limits_of(const struct server_client_limits *l, const char *name);

#endif
