/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inspect.h - will the loader really put the library into this program?
 *
 * It carries on without a word where it cannot or must not, so this has to be known before.
 */
#ifndef TSCF_RUN_INSPECT_H
#define TSCF_RUN_INSPECT_H

#include <limits.h>

enum run_obstacle {
	RUN_OBSTACLE_NONE,
	RUN_OBSTACLE_SET_ID,       /**< set-user-ID or set-group-ID to somebody else */
	RUN_OBSTACLE_CAPABILITIES, /**< file capabilities */
	RUN_OBSTACLE_STATIC,       /**< no dynamic loader at all */
	RUN_OBSTACLE_MACHINE,      /**< other processor or word size than the library */
	RUN_OBSTACLE_LOADER,       /**< another C library's loader */
	RUN_OBSTACLE_GO,           /**< makes its system calls without libc */
	RUN_OBSTACLE_UNREADABLE,   /**< may be executed, but not looked into */
	RUN_OBSTACLE_UNKNOWN,      /**< neither ELF file nor script */
};

struct run_inspection {
	enum run_obstacle obstacle;
	char file[PATH_MAX]; /**< what the kernel executes in the end: the program, or the interpreter of a script */
};

/**
 * Look into the executable at @p path, following scripts to their interpreter, and compare it with @p library.
 *
 * @return 0, or -errno: -ENOENT if an interpreter is missing, -ELOOP if scripts go too deep, -ELIBACC if it is the
 * library that cannot be used.
 */
int run_inspect(const char *path, const char *library, struct run_inspection *out);

/** @return what stands in the way, as the end of a sentence that begins with the file's name. */
const char *run_obstacle_text(enum run_obstacle obstacle);

#endif
