/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "identity.h"

#include "common/file.h"
#include "common/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define COMMON_NAME "tscf-server"

/** Names of the pair in the state directory, made if need be.  @return 0 or -errno. */
static int own_identity(const struct server_config *config, char cert[PATH_MAX], char key[PATH_MAX])
{
	char error[TSCF_TLS_ERROR];
	int err = tscf_directory_make(config->state_dir);

	if (err < 0) {
		tscf_error("cannot make the state directory %s: %s", config->state_dir, strerror(-err));
		return err;
	}
	if (snprintf(cert, PATH_MAX, "%s/server.crt", config->state_dir) >= PATH_MAX ||
	    snprintf(key, PATH_MAX, "%s/server.key", config->state_dir) >= PATH_MAX) {
		tscf_error("the name of the state directory is too long: %s", config->state_dir);
		return -ENAMETOOLONG;
	}
	err = tscf_tls_make_identity(cert, key, COMMON_NAME, error);
	if (err < 0)
		tscf_error("cannot make a certificate: %s", error);
	return err;
}

int server_identity_open(struct server *server)
{
	const struct server_config *config = server->config;
	char cert_file[PATH_MAX], key_file[PATH_MAX], error[TSCF_TLS_ERROR];
	const char *cert = config->cert, *key = config->key;
	int err;

	if (!cert || !key) {
		err = own_identity(config, cert_file, key_file);
		if (err < 0)
			return err;
		cert = cert_file;
		key = key_file;
	}
	server->tls = tscf_tls_server(cert, key, error);
	if (!server->tls) {
		tscf_error("cannot use the certificate: %s", error);
		return -EINVAL;
	}
	err = tscf_tls_pin_of_file(cert, server->pin);
	if (err < 0) {
		tscf_error("%s: cannot compute the pin: %s", cert, strerror(-err));
		return err;
	}
	tscf_info("certificate %s; clients may use --pin %s", cert, server->pin);
	return 0;
}

void server_identity_close(struct server *server)
{
	if (server->tls)
		tscf_tls_free(server->tls);
	server->tls = NULL;
}
