/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolled.h - the record of used one-time invitations (common/auth/enrolments.h) in the state directory.
 */
#ifndef TSCF_SERVER_ENROLLED_H
#define TSCF_SERVER_ENROLLED_H

#include "tscf-server/settings/config.h"

#include "common/auth/enrolments.h"

#include <limits.h>

/** Write the name of the record's file into @p file.  @return 0, or -ENAMETOOLONG. */
int server_enrolled_name(const char *state_dir, char file[PATH_MAX]);

/**
 * Open the record, and make it if there is none.
 *
 * @return the record, or NULL (logged): clients that were invited once are refused.
 */
struct tscf_enrolments *server_enrolled_open(const char *state_dir);

/** Have the interfaces of @p config use @p record, before any worker does. */
void server_enrolled_take(const struct server_config *config, struct tscf_enrolments *record);

#endif
