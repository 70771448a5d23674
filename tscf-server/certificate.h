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
/** What was read of a certificate and its key; zero: nothing. */
struct server_certificate {
	struct tscf_tls *tls;           /**< for connections */
	struct tscf_identity *identity; /**< for plain tunnels */
	char pin[TSCF_PIN_TEXT];
	int64_t from, until; /**< when it is valid */
};

/**
 * Read the certificate and key, from @p files; any thread may.  A pair that is gone from the state directory is not
 * made again, because clients know its pin.  Errors are logged.
 *
 * @return 0 with *out, which server_certificate_drop frees, or -EINVAL with nothing in it.
 */
int server_certificate_read(const struct server_certificate_files *files, struct server_certificate *out);
/** New connections use what was read of @p file, and it is taken from @p read; existing connections go on. */
void server_certificate_renew(struct server *server, struct server_certificate *read, const char *file);
/** Forget what was read and not taken. */
void server_certificate_drop(struct server_certificate *read);
void server_certificate_close(struct server *server);

#endif
