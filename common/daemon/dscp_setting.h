/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dscp_setting.h - sets of DSCPs (packet/dscp.h) as text: in settings and policies.
 */
#ifndef TSCF_DSCP_SETTING_H
#define TSCF_DSCP_SETTING_H

#include "common/daemon/settings.h"

#include <stdint.h>

/** The values that tscf_setting_dscps accepts, for messages. */
#define TSCF_DSCPS_EXPECTED "none, or DSCPs separated by commas: 0 to 63, CS0 to CS7, AF11 to AF43, EF, VA, LE"

/** Parse a set of DSCPs, by name or number; case does not matter.  @return 0 with *out set, or -EINVAL. */
int tscf_dscps_parse(const char *text, uint64_t *out);

/** uint64_t: like tscf_dscps_parse; for settings.h. */
int tscf_setting_dscps(const struct tscf_setting *s, const char *text, void *field);

#endif
