/* SPDX-License-Identifier: GPL-3.0-or-later */
/* numbered.h - packets that hold their number, and then bytes that follow from it. */
#ifndef TSCF_TESTS_NUMBERED_H
#define TSCF_TESTS_NUMBERED_H

#include "common/packet/batch.h"

/** Make @p packet the one with @p number, of @p length bytes, at least 4. */
void numbered_fill(struct tscf_packet *packet, uint32_t number, uint32_t length);
/** Check that it is the one with @p number, whole. */
void numbered_check(const struct tscf_packet *packet, uint32_t number, uint32_t length);

#endif
