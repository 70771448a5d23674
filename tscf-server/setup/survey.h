/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * survey.h - what init finds out about this host.
 */
#ifndef TSCF_SERVER_SURVEY_H
#define TSCF_SERVER_SURVEY_H

#include "tscf-server/settings/prefixes.h"

#include <net/if.h>
#include <stdbool.h>

struct survey {
	struct server_prefixes taken; /**< IPv4 networks of its addresses and routes, except default routes */
	/** Networks behind its devices, except those of loopback, of the one towards clients, and of virtual ones. */
	struct server_prefixes inside;
	char device[IF_NAMESIZE]; /**< of the last one of these */
	char virtual_ones[256];   /**< "docker0 (bridge), tun0 (tun)": left out, as far as they fit */
	bool forwards;            /**< it forwards IPv4 packets already */
};

/**
 * Look at addresses and routes.
 *
 * A device that this host has made itself, such as a bridge of containers, leads to no network of others.  A veth
 * device does if the one towards clients is one, too: then this host is a container.
 *
 * @param towards  an address of this host that clients reach, or NULL: the device of the default route leads to them
 * @return 0, or -errno (logged).  Free *out in any case.
 */
int survey_make(const struct tscf_addr *towards, struct survey *out);
void survey_free(struct survey *survey);

#endif
