/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network_manager_none.c - a build without D-Bus. */
#include "tscf-client/kernel/network_manager.h"

void network_manager_look(struct network_manager *m)
{
	network_manager_stop(m);
}

void network_manager_stop(struct network_manager *m)
{
	m->metered = CONDITION_UNKNOWN;
	m->connection[0] = '\0';
}
