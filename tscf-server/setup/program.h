/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program.h - runs another program and waits for it.
 */
#ifndef TSCF_SERVER_PROGRAM_H
#define TSCF_SERVER_PROGRAM_H

#include <stddef.h>

/**
 * Run @p words (NULL-terminated; the first is looked for in PATH).
 *
 * @param output  of @p size bytes: takes what it prints, cut off, NUL-terminated; NULL: it prints to where we do
 * @return its exit status; or -errno: -ENOENT if it is not installed, -EIO if it was killed.
 */
int program_run(const char *const *words, char *output, size_t size);

#endif
