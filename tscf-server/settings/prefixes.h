/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prefixes.h - a list of prefixes, used in the settings.
 */
#ifndef TSCF_SERVER_PREFIXES_H
#define TSCF_SERVER_PREFIXES_H

#include "common/base/addr.h"

/** Prefixes in the order in which they were given. */
struct server_prefixes {
	struct tscf_prefix *list; /**< owned */
	unsigned count;
};

/** Add one.  @return 0 or -ENOMEM. */
int server_prefixes_add(struct server_prefixes *p, const struct tscf_prefix *prefix);
/** Remove all. */
void server_prefixes_clear(struct server_prefixes *p);

#endif
