/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * random.h - random bytes for keys, identifiers and secrets.
 */
#ifndef TSCF_RANDOM_H
#define TSCF_RANDOM_H

#include <stddef.h>

/** Fill with random bytes from the kernel (getrandom(2)); never fails: without random bytes the process aborts. */
void tscf_random(void *buffer, size_t length);

#endif
