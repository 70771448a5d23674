/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/enrolled.h"

#include "common/auth/proof.h"
#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int server_enrolled_name(const char *state_dir, char file[PATH_MAX])
{
	return snprintf(file, PATH_MAX, "%s/" TSCF_ENROLMENTS_FILE, state_dir) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

struct tscf_enrolments *server_enrolled_open(const char *state_dir)
{
	char file[PATH_MAX], error[PATH_MAX + 80];
	struct tscf_enrolments *record = NULL;
	int err = server_enrolled_name(state_dir, file);

	if (err == 0)
		err = tscf_enrolments_make(file);
	if (err == 0)
		record = tscf_enrolments_open(file, true, error, sizeof(error));
	else
		snprintf(error, sizeof(error), "%s/" TSCF_ENROLMENTS_FILE ": %s", state_dir, strerror(-err));
	if (!record)
		tscf_warning("%s: clients with one-time invitations are refused", error);
	return record;
}

void server_enrolled_take(const struct server_config *config, struct tscf_enrolments *record)
{
	for (const struct server_interface_config *i = config->interfaces; i; i = i->next)
		if (i->client_auth)
			tscf_client_auth_record(i->client_auth, record);
}
