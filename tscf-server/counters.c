/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/counters.h"

#define COUNTER_NAME(constant, name) [SERVER_COUNT_##constant] = name,
static const char *const names[] = {SERVER_COUNTERS(COUNTER_NAME)};
#undef COUNTER_NAME

const char *server_counter_name(enum server_counter which)
{
	return names[which];
}
