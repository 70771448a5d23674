/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * survey.h - what init finds out about this host.
 */
#ifndef TSCF_SERVER_SURVEY_H
#define TSCF_SERVER_SURVEY_H

#include "tscf-server/settings/prefixes.h"

#include <stdbool.h>

struct survey {
	struct server_prefixes taken;  /**< IPv4 networks of its addresses and routes, except default routes */
	struct server_prefixes inside; /**< networks of its devices but loopback and the one towards clients */
	bool forwards;                 /**< it forwards IPv4 packets already */
};

/**
 * Look at addresses and routes.
 *
 * @param towards  an address of this host that clients reach, or NULL: the device of the default route leads to them
 * @return 0, or -errno (logged).  Free *out in any case.
 */
int survey_make(const struct tscf_addr *towards, struct survey *out);
void survey_free(struct survey *survey);

#endif
