/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join_files.h - the files that join writes and leave removes: a configuration, and the key beside it.
 *
 * The key is in a file of the same name with .psk instead of .conf.  The first line of the configuration has a checksum
 * of the others, so that leave sees whether it has been changed.
 */
#ifndef TSCF_CLIENT_JOIN_FILES_H
#define TSCF_CLIENT_JOIN_FILES_H

#include "common/auth/invitation.h"

#include <limits.h>
#include <stdbool.h>

struct join_files {
	const char *config; /**< borrowed */
	char key[PATH_MAX];
};

/** Name the files.  @return 0, or -ENAMETOOLONG (logged). */
int join_files_name(struct join_files *files, const char *config);

/**
 * Write both, each with mode 0600.
 *
 * @param force  replace those that exist
 * @return 0, or -errno (logged) with nothing written: -EEXIST if one of them exists.
 */
int join_files_write(const struct join_files *files, const struct tscf_invitation *invitation, bool force);

/**
 * Check that both can be removed: join has written the configuration, and it has not been changed, unless @p force.
 *
 * @return 0, or -errno (logged).
 */
int join_files_check(const struct join_files *files, bool force);

/** Remove both.  @return 0, or -errno (logged). */
int join_files_remove(const struct join_files *files);

#endif
