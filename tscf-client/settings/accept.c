/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/accept.h"

#include <errno.h>
#include <string.h>

int accept_routes_parse(const struct tscf_setting *s, const char *text, void *field)
{
	struct accept_routes *a = field;
	struct tscf_prefix prefix;
	bool all = strcmp(text, "all") == 0, none = strcmp(text, "none") == 0;

	(void)s;
	if (!all && !none && tscf_prefix_parse(text, &prefix) != 0)
		return -EINVAL;
	if (!a)
		return 0;
	if (all) {
		*a = (struct accept_routes){.limited = false};
		return 0;
	}
	a->limited = true;
	if (none)
		return 0;
	if (a->count == ACCEPT_ROUTES_MAX)
		return -EINVAL;
	tscf_prefix_normalize(&prefix);
	a->prefixes[a->count++] = prefix;
	return 0;
}

bool accept_routes_allow(const struct accept_routes *a, const struct tscf_prefix *route)
{
	bool allowed = !a->limited;

	for (unsigned i = 0; i < a->count && !allowed; i++)
		allowed = tscf_prefix_covers(&a->prefixes[i], route);
	return allowed;
}
