/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - sends a query from the command line to a daemon.
 */
#ifndef TSCF_QUERY_H
#define TSCF_QUERY_H

#include "common/control/control.h"

#include <jansson.h>
#include <stdio.h>

/** Time limit for the answer to a simple query. */
#define TSCF_QUERY_MS 10000

/**
 * Send a query to the daemon @p program at @p path.  Errors are logged.
 *
 * @param reply set to the daemon's reply (json_decref), NULL if there is none or after an error; may be NULL.
 *
 * @return 0; a positive errno that the daemon answered; or a negative one if it was not reached.
 */
int tscf_query(const char *program, const char *path, const struct tscf_control_request *request, int timeout_ms,
	       json_t **reply);

/** The same with a @p question that goes with the request. */
int tscf_query_ask(const char *program, const char *path, const struct tscf_control_request *request,
		   const char *question, int timeout_ms, json_t **reply);

/**
 * The same, for a request that may be fulfilled in part: a refusal that comes with a reply sets @p reply, too, and is
 * not logged.
 */
int tscf_query_partly(const char *program, const char *path, const struct tscf_control_request *request, int timeout_ms,
		      json_t **reply);

/** The same, but nothing is logged: for a caller whose screen is no log. */
int tscf_query_quietly(const char *path, const struct tscf_control_request *request, const char *question,
		       int timeout_ms, json_t **reply);

/** Log the failure of @p op sent to @p program at @p path; @p err is the result of tscf_query. */
void tscf_query_report(const char *program, const char *path, enum tscf_control_op op, int err);

/** Ask the daemon to stop and wait until its process is gone.  @return 0, or nonzero with the error logged. */
int tscf_query_stop(const char *program, const char *path);

/** Print as indented JSON text.  @return 0, or -EIO. */
int tscf_query_print_json(const json_t *json, FILE *out);

/** @return milliseconds of a monotonic clock. */
int64_t tscf_query_now(void);

/** Wait @p ms milliseconds before checking again something that sends no event. */
void tscf_query_pause(int ms);

#endif
