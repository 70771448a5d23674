/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - asking a daemon from the command line.
 */
#ifndef TSCF_QUERY_H
#define TSCF_QUERY_H

#include "common/control/control.h"

#include <jansson.h>
#include <stdio.h>

/** How long a daemon may take to answer a simple question. */
#define TSCF_QUERY_MS 10000

/**
 * Ask the daemon @p program at @p path.  Errors are logged.
 *
 * @param reply gets what it said (json_decref), NULL if nothing or after an error; may be NULL.
 *
 * @return 0; a positive errno that the daemon answered; or a negative one if it was not reached.
 */
int tscf_query(const char *program, const char *path, const struct tscf_control_request *request, int timeout_ms,
	       json_t **reply);

/** Log what went wrong when @p op was asked of @p program at @p path; @p err as tscf_query returns it. */
void tscf_query_report(const char *program, const char *path, enum tscf_control_op op, int err);

/** Ask the daemon to stop and wait until its process is gone.  @return 0, or nonzero with the error logged. */
int tscf_query_stop(const char *program, const char *path);

/** Print as indented JSON text.  @return 0, or -EIO. */
int tscf_query_print_json(const json_t *json, FILE *out);

/** @return milliseconds of a monotonic clock. */
int64_t tscf_query_now(void);

/** Wait @p ms milliseconds: between two looks at something that sends no event. */
void tscf_query_pause(int ms);

#endif
