/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - shows the daemon's JSON in readable form.
 *
 * A member that is missing or has an unexpected type is shown as "-": the daemon may be older or newer.
 */
#ifndef TSCF_SERVER_SHOW_H
#define TSCF_SERVER_SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/** The answer to STATUS: since when, the pin, two lines for each interface, bindings, the counters that are not 0. */
void show_status(json_t *status, time_t now, FILE *out);
/** An array of sessions, as a table, and how many more there are, behind which place; NULL: that is not known. */
void show_sessions(const json_t *sessions, uint64_t more, const char *next, FILE *out);

#endif
