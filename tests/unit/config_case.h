/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config_case.h - configuration files for tests, and what is said on standard error about them.
 */
#ifndef TSCF_TESTS_CONFIG_CASE_H
#define TSCF_TESTS_CONFIG_CASE_H

#include <stddef.h>

/** A text that is wrong: where, and two things that the message must say. */
struct config_case {
	const char *text;
	int line;
	const char *says, *expects;
};

/** Write @p text into a new file below the directory for temporary files; its name stays valid until
 * config_file_remove. */
const char *config_file_make(const char *text);
void config_file_remove(void);

/** From here on standard error is kept. */
void capture_begin(void);
/** Give standard error back.  @return what was written there, valid until the next capture. */
const char *capture_end(void);

/**
 * Read the file of @p c with @p reader into @p config and prove that it is refused with one line that names file, line,
 * problem and expectation.
 */
void config_case_check(const struct config_case *c, int (*reader)(void *config, const char *file), void *config);

#endif
