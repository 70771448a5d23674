/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inspect.h - finds out whether the loader will really preload the library into a program.
 *
 * The loader reports nothing if it cannot or must not do so, so tscf-run checks before.
 */
#ifndef TSCF_RUN_INSPECT_H
#define TSCF_RUN_INSPECT_H

#include <limits.h>

enum run_obstacle {
	RUN_OBSTACLE_NONE,
	RUN_OBSTACLE_SET_ID,       /**< set-user-ID or set-group-ID to another user or group */
	RUN_OBSTACLE_CAPABILITIES, /**< file capabilities */
	RUN_OBSTACLE_STATIC,       /**< no dynamic loader at all */
	RUN_OBSTACLE_MACHINE,      /**< other processor or word size than the library */
	RUN_OBSTACLE_LOADER,       /**< another C library's loader */
	RUN_OBSTACLE_GO,           /**< makes its system calls without libc */
	RUN_OBSTACLE_UNREADABLE,   /**< may be executed, but not read */
	RUN_OBSTACLE_UNKNOWN,      /**< neither ELF file nor script */
};

struct run_inspection {
	enum run_obstacle obstacle;
	char file[PATH_MAX]; /**< what the kernel executes in the end: the program, or the interpreter of a script */
};

/**
 * Read the executable at @p path, or the interpreter if it is a script, and compare it with @p library.
 *
 * @return 0, or -errno: -ENOENT if an interpreter is missing, -ELOOP if scripts go too deep, -ELIBACC if the library
 * cannot be used.
 */
int run_inspect(const char *path, const char *library, struct run_inspection *out);

/** @return the obstacle, as the end of a sentence that begins with the file's name. */
const char *run_obstacle_text(enum run_obstacle obstacle);

#endif
