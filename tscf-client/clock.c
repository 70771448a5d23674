/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.c - the client's clock, which also shows when the host was asleep. */
#include "common/base/clock.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

void client_clock(struct client *c)
{
	c->now = tscf_clock_now();
	if (monitor_clock(&c->monitor, c->now, tscf_clock_boot()))
		tscf_info("this host was asleep, or this process stood still");
}
