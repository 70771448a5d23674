/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accept.h - which of the routes that a server sends this host accepts: accept-route of tscf-client.conf(5).
 */
#ifndef TSCF_CLIENT_ACCEPT_H
#define TSCF_CLIENT_ACCEPT_H

#include "common/base/addr.h"
#include "common/daemon/settings.h"

#include <stdbool.h>

/** Prefixes at most. */
#define ACCEPT_ROUTES_MAX 16

/** All zero: every route is accepted. */
struct accept_routes {
	bool limited; /**< only routes within one of the prefixes are accepted */
	unsigned count;
	struct tscf_prefix prefixes[ACCEPT_ROUTES_MAX];
};

/** A `parse` function as in settings.h: "all", "none", or one more prefix; @p field is a struct accept_routes. */
int accept_routes_parse(const struct tscf_setting *s, const char *text, void *field);
/** @return whether the whole of @p route is accepted. */
bool accept_routes_allow(const struct accept_routes *a, const struct tscf_prefix *route);

#endif
