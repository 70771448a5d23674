/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/prefixes.h"

#include <errno.h>
#include <stdlib.h>

int server_prefixes_add(struct server_prefixes *p, const struct tscf_prefix *prefix)
{
	struct tscf_prefix *grown = reallocarray(p->list, p->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->list = grown;
	p->list[p->count++] = *prefix;
	return 0;
}

void server_prefixes_clear(struct server_prefixes *p)
{
	free(p->list);
	*p = (struct server_prefixes){0};
}
