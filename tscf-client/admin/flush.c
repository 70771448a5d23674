/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/flush.h"

#include "common/control/control.h"
#include "tscf-client/guard/guard_set.h"
#include "tscf-client/kernel/routing.h"

int client_flush(const struct client_config *config)
{
	struct tscf_netlink *netlink;
	struct routing routing;
	int error = tscf_netlink_open(&netlink);
	if (error < 0)
		return error;
	error = routing_adopt(&routing, netlink, config);
	if (error == 0)
		routing_remove(&routing, false);
	if (error == 0)
		error = guard_set_flush();
	if (error == 0)
		tscf_control_flush(config->control);
	tscf_netlink_close(netlink);
	return error;
}
