/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/certificate.h"

#include "common/auth/identity.h"
#include "common/base/file.h"
#include "common/base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define COMMON_NAME "tscf-server"

/** Where the certificate and its key are. */
struct files {
	const char *cert, *key;
	char own_cert[PATH_MAX], own_key[PATH_MAX];
};

/** Find the files that @p config names, or else the pair in @p state_dir. @return whether it is the pair, or -errno. */
static int find_files(struct files *files, const struct server_config *config, const char *state_dir)
{
	files->cert = config->cert;
	files->key = config->key;
	if (config->cert && config->key)
		return 0;
	if (snprintf(files->own_cert, PATH_MAX, "%s/server.crt", state_dir) >= PATH_MAX ||
	    snprintf(files->own_key, PATH_MAX, "%s/server.key", state_dir) >= PATH_MAX) {
		tscf_error("the name of the state directory is too long: %s", state_dir);
		return -ENAMETOOLONG;
	}
	files->cert = files->own_cert;
	files->key = files->own_key;
	return 1;
}

/** Make the pair in the state directory if it is missing.  @return 0 or -errno. */
static int make_own(const struct files *files, const char *state_dir)
{
	char error[TSCF_TLS_ERROR];
	int err = tscf_directory_make(state_dir);

	if (err < 0) {
		tscf_error("cannot make the state directory %s: %s", state_dir, strerror(-err));
		return err;
	}
	err = tscf_tls_make_identity(files->cert, files->key, COMMON_NAME, error);
	if (err < 0)
		tscf_error("cannot make a certificate: %s", error);
	return err;
}

/** The TLS context for connections, the identity for plain tunnels, and the pin. */
struct loaded {
	struct tscf_tls *tls;
	struct tscf_identity *identity;
	char pin[TSCF_PIN_TEXT];
};

/** @return 0, or -EINVAL (logged). */
static int load(const struct files *files, struct loaded *out)
{
	char error[TSCF_TLS_ERROR];
	int err = -EINVAL;

	*out = (struct loaded){.tls = tscf_tls_server(files->cert, files->key, error)};
	if (out->tls)
		out->identity = tscf_identity_read(files->cert, files->key, error, sizeof(error));
	if (out->identity) {
		err = tscf_tls_pin_of_file(files->cert, out->pin);
		snprintf(error, sizeof(error), "%s: cannot compute the pin: %s", files->cert, strerror(-err));
	}
	if (err == 0)
		return 0;
	tscf_error("cannot use the certificate: %s", error);
	tscf_tls_free(out->tls);
	tscf_identity_free(out->identity);
	return -EINVAL;
}

int server_certificate_open(struct server *server, const struct server_config *config)
{
	/* The directory of the start: it never changes. */
	const char *state_dir = server->config->state_dir;
	struct loaded loaded;
	struct files files;
	int own = find_files(&files, config, state_dir);
	int err = own > 0 ? make_own(&files, state_dir) : own;

	if (err < 0)
		return err;
	if (load(&files, &loaded) < 0)
		return -EINVAL;
	server->tls = loaded.tls;
	server->identity = loaded.identity;
	memcpy(server->pin, loaded.pin, sizeof(server->pin));
	tscf_info("certificate %s; clients may use --pin %s", files.cert, server->pin);
	return 0;
}

int server_certificate_renew(struct server *server, const struct server_config *fresh)
{
	struct loaded loaded;
	struct files files;

	/* The state directory is that of the start. A pair that is gone from there is not made again, because clients
	 * know its pin.
	 */
	if (find_files(&files, fresh, server->config->state_dir) < 0)
		return -EINVAL;
	if (load(&files, &loaded) < 0)
		return -EINVAL;
	tscf_tls_renew(server->tls, loaded.tls);
	tscf_identity_renew(server->identity, loaded.identity);
	if (strcmp(loaded.pin, server->pin) != 0)
		tscf_warning("reload: the server has another key now: clients that know it by its pin need --pin %s",
			     loaded.pin);
	memcpy(server->pin, loaded.pin, sizeof(server->pin));
	tscf_info("reload: new tunnels use certificate %s", files.cert);
	return 0;
}

void server_certificate_close(struct server *server)
{
	tscf_tls_free(server->tls);
	tscf_identity_free(server->identity);
	server->tls = NULL;
	server->identity = NULL;
}
