/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/certificate_files.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMMON_NAME "tscf-server"

int server_certificate_files_find(struct server_certificate_files *files, const struct server_config *config,
				  const char *state_dir)
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

int server_certificate_files_make(const struct server_certificate_files *files, const char *state_dir)
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
