/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * force.h - what was written into a file holds in the running server, too.
 */
#ifndef TSCF_SERVER_FORCE_H
#define TSCF_SERVER_FORCE_H

#include "tscf-server/settings/config.h"

/** Have a running server read its files again.  @return 0: it has, or none runs; or nonzero (logged). */
int force_files(const struct server_config *c);

#endif
