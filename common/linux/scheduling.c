/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/scheduling.h"

#include "common/base/log.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

void tscf_scheduling_set(unsigned priority, bool pass_on)
{
	const struct sched_param param = {.sched_priority = (int)priority};

	if (priority > 0 && sched_setscheduler(0, SCHED_RR | (pass_on ? 0 : SCHED_RESET_ON_FORK), &param) < 0)
		tscf_debug("no real-time priority: %s", strerror(errno));
}

void tscf_scheduling_reset(void)
{
	const struct sched_param param = {.sched_priority = 0};

	sched_setscheduler(0, SCHED_OTHER, &param);
}
