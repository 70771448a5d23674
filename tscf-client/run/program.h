/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program.h - from the name of a program to its file.
 */
#ifndef TSCF_RUN_PROGRAM_H
#define TSCF_RUN_PROGRAM_H

#include <stddef.h>

/**
 * Find @p name as execvp(3) would: with a slash it is a path, else it is looked for in the directories of @p search
 * ($PATH; NULL: the system's default).
 *
 * @return 0 with the path in @p path; -ENOENT if there is none, -EACCES if there is only what may not be executed,
 * -ENAMETOOLONG.
 */
int run_program_find(const char *name, const char *search, char *path, size_t size);

#endif
