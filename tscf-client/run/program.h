/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program.h - finds the file of a program by name.
 */
#ifndef TSCF_RUN_PROGRAM_H
#define TSCF_RUN_PROGRAM_H

#include <stddef.h>

/**
 * Find @p name as shells do: a name with a slash is a path, else the directories of @p search are searched ($PATH;
 * NULL: the system's default).  Unlike execvp(3), a directory that may not be searched is as good as empty.
 *
 * @return 0 with the path in @p path; -ENOENT if there is none, -EACCES if none of those found may be executed,
 * -ENAMETOOLONG.
 */
int run_program_find(const char *name, const char *search, char *path, size_t size);

#endif
