/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/force.h"

#include "common/base/log.h"
#include "common/daemon/query.h"

#include <errno.h>
#include <stdlib.h>

#define PROGRAM "tscf-server"

int force_files(const struct server_config *c)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_RELOAD};
	char *text = NULL;
	int err = tscf_control_query(c->control, &request, TSCF_QUERY_MS, &text);

	free(text);
	if (err == -ENOENT || err == -ECONNREFUSED) {
		tscf_info("no server answers at %s: this holds from its next start on", c->control);
		return 0;
	}
	if (err != 0)
		tscf_query_report(PROGRAM, c->control, TSCF_CONTROL_RELOAD, err);
	return err;
}
