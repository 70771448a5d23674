/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/redundancy.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {"none", "1", "2", "3", "4"};

_Static_assert(sizeof(names) / sizeof(names[0]) == TSCF_REDUNDANCY_MAX + 1, "one for each factor");

bool tscf_redundancy_valid(unsigned redundancy)
{
	return redundancy <= TSCF_REDUNDANCY_MAX || redundancy == TSCF_REDUNDANCY_BALANCE ||
	       redundancy == TSCF_REDUNDANCY_AUTO;
}

const char *tscf_redundancy_name(uint8_t redundancy)
{
	if (redundancy <= TSCF_REDUNDANCY_MAX)
		return names[redundancy];
	return redundancy == TSCF_REDUNDANCY_BALANCE ? "balance" : "auto";
}

bool tscf_redundancy_repairs(uint8_t redundancy)
{
	return redundancy != TSCF_REDUNDANCY_NONE && redundancy != TSCF_REDUNDANCY_BALANCE;
}

unsigned tscf_redundancy_streams(uint8_t redundancy)
{
	if (redundancy == TSCF_REDUNDANCY_NONE)
		return 1;
	/* The more there are, the smaller is the share of one that stalls. */
	if (redundancy == TSCF_REDUNDANCY_BALANCE)
		return TSCF_REDUNDANCY_STREAMS;
	/* Less than two would be none. */
	return redundancy > 2 && redundancy <= TSCF_REDUNDANCY_STREAMS ? redundancy : 2;
}

int tscf_redundancy_parse(const char *name, uint8_t *out)
{
	for (uint8_t i = 0; i <= TSCF_REDUNDANCY_MAX; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	if (strcmp(name, "balance") == 0)
		*out = TSCF_REDUNDANCY_BALANCE;
	else if (strcmp(name, "auto") == 0)
		*out = TSCF_REDUNDANCY_AUTO;
	else
		return -EINVAL;
	return 0;
}
