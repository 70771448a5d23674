/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate_files.h - where the server's certificate and key are.
 */
#ifndef TSCF_SERVER_CERTIFICATE_FILES_H
#define TSCF_SERVER_CERTIFICATE_FILES_H

#include "tscf-server/settings/config.h"

#include <limits.h>

struct server_certificate_files {
	const char *cert, *key; /**< file names: those of the configuration, or the two below */
	char own_cert[PATH_MAX], own_key[PATH_MAX];
};

/**
 * Find the files that @p config names, or else the pair in @p state_dir.
 *
 * @return 0: those that it names; 1: the pair; or -ENAMETOOLONG (logged).
 */
int server_certificate_files_find(struct server_certificate_files *files, const struct server_config *config,
				  const char *state_dir);

/** Make the pair in the state directory, and the directory, if they are missing.  @return 0, or -errno (logged). */
int server_certificate_files_make(const struct server_certificate_files *files, const char *state_dir);

#endif
