/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/certificate.h"

#include "common/auth/identity.h"
#include "common/base/log.h"
#include "common/tls/tls_dates.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void server_certificate_drop(struct server_certificate *read)
{
	tscf_tls_free(read->tls);
	tscf_identity_free(read->identity);
	*read = (struct server_certificate){.tls = NULL};
}

int server_certificate_read(const struct server_certificate_files *files, struct server_certificate *out)
{
	char error[TSCF_TLS_ERROR];
	int err = -EINVAL;

	*out = (struct server_certificate){.tls = tscf_tls_server(files->cert, files->key, error)};
	if (out->tls)
		out->identity = tscf_identity_read(files->cert, files->key, error, sizeof(error));
	if (out->identity) {
		err = tscf_tls_pin_of_file(files->cert, out->pin);
		snprintf(error, sizeof(error), "%s: cannot compute the pin: %s", files->cert, strerror(-err));
	}
	if (err == 0) {
		tscf_tls_dates_warn(files->cert, time(NULL));
		tscf_tls_dates_of(files->cert, &out->from, &out->until);
		return 0;
	}
	tscf_error("cannot use the certificate: %s", error);
	server_certificate_drop(out);
	return -EINVAL;
}

int server_certificate_open(struct server *server, const struct server_config *config)
{
	/* The directory of the start: it never changes. */
	const char *state_dir = server->config->state_dir;
	struct server_certificate loaded;
	struct server_certificate_files files;
	int own = server_certificate_files_find(&files, config, state_dir);
	int err = own > 0 ? server_certificate_files_make(&files, state_dir) : own;

	if (err < 0)
		return err;
	if (server_certificate_read(&files, &loaded) < 0)
		return -EINVAL;
	server->tls = loaded.tls;
	tscf_tls_log_keys(server->tls, server->key_log);
	server->identity = loaded.identity;
	memcpy(server->pin, loaded.pin, sizeof(server->pin));
	server->certificate_from = loaded.from;
	server->certificate_until = loaded.until;
	tscf_info("certificate %s; clients may use --pin %s", files.cert, server->pin);
	return 0;
}

int server_certificate_check(const struct server_config *config)
{
	struct server_certificate_files files;
	struct server_certificate loaded;
	int own = server_certificate_files_find(&files, config, config->state_dir);

	if (own < 0)
		return own;
	/* The first start makes the pair.  A user without access to it cannot check it. */
	if (own > 0 && (access(files.cert, R_OK) < 0 || access(files.key, R_OK) < 0))
		return 0;
	if (server_certificate_read(&files, &loaded) < 0)
		return -EINVAL;
	server_certificate_drop(&loaded);
	return 0;
}

void server_certificate_renew(struct server *server, struct server_certificate *read, const char *file)
{
	tscf_tls_renew(server->tls, read->tls);
	tscf_identity_renew(server->identity, read->identity);
	if (strcmp(read->pin, server->pin) != 0)
		tscf_warning("the server has another key now: clients that know it by its pin need --pin %s",
			     read->pin);
	memcpy(server->pin, read->pin, sizeof(server->pin));
	server->certificate_from = read->from;
	server->certificate_until = read->until;
	*read = (struct server_certificate){.tls = NULL};
	tscf_info("new tunnels use certificate %s", file);
}

void server_certificate_close(struct server *server)
{
	tscf_tls_free(server->tls);
	tscf_identity_free(server->identity);
	server->tls = NULL;
	server->identity = NULL;
}
