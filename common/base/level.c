/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/level.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [TSCF_LEVEL_DEFAULT] = "default",
    [TSCF_LEVEL_UNENCRYPTED] = "unencrypted",
    [TSCF_LEVEL_ENCRYPTED_ONLY] = "encrypted-only",
    [TSCF_LEVEL_ENCRYPTED_PREFERRED] = "encrypted-preferred",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

const char *tscf_level_name(enum tscf_level level)
{
	return (size_t)level < NAMES ? names[level] : "invalid";
}

int tscf_level_parse(const char *name, enum tscf_level *out)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum tscf_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool tscf_level_wants_encryption(enum tscf_level level)
{
	return level == TSCF_LEVEL_ENCRYPTED_ONLY || level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
}

static unsigned mask_shift(uint32_t mask)
{
	return (unsigned)__builtin_ctz(mask);
}

bool tscf_mark_mask_valid(uint32_t mask)
{
	uint32_t run;

	if (mask == 0)
		return false;
	run = mask >> mask_shift(mask);
	/* An unbroken run of low bits plus 1 shares no bit with the run; for all 32 bits it wraps to 0. */
	return run >= 7 && (run & (run + 1)) == 0;
}

unsigned tscf_mark_policies(uint32_t mask)
{
	return (mask >> mask_shift(mask)) >> TSCF_MARK_POLICY_SHIFT;
}

uint32_t tscf_mark_set(uint32_t mark, uint32_t mask, uint32_t value)
{
	if (mask == 0)
		return mark;
	return (mark & ~mask) | ((value << mask_shift(mask)) & mask);
}

uint32_t tscf_mark_get(uint32_t mark, uint32_t mask)
{
	if (mask == 0)
		return 0;
	return (mark & mask) >> mask_shift(mask);
}

enum tscf_level tscf_mark_level(uint32_t mark, uint32_t mask)
{
	return (enum tscf_level)(tscf_mark_get(mark, mask) & TSCF_MARK_LEVEL);
}

uint32_t tscf_mark_explicit(enum tscf_level level)
{
	return level == TSCF_LEVEL_DEFAULT ? 0 : TSCF_MARK_EXPLICIT | level;
}
