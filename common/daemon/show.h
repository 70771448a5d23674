/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - pieces of JSON as text for a person; what is missing or of another type becomes "-".
 */
#ifndef TSCF_SHOW_H
#define TSCF_SHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define TSCF_SHOW_TEXT 256

/** A string or number, or an array of such separated by blanks, or of an array of objects their number, into @p buf of
 * TSCF_SHOW_TEXT bytes.  Control characters are replaced.  @return buf. */
const char *tscf_show_value(const json_t *value, char *buf);
/** @p seconds as "42 s", "5 min", "3 h 12 min", "2 d 4 h", into @p buf of TSCF_SHOW_TEXT bytes.  @return buf. */
const char *tscf_show_duration(json_int_t seconds, char *buf);
/** "2026-01-31 12:00:00 (5 min)" of a time in seconds since 1970, into @p buf; "" if @p since is no time.  @return buf.
 */
const char *tscf_show_since(const json_t *since, time_t now, char *buf);
/** Write an array of objects as a table: one column for each of the @p count members @p keys, headed by @p heads. */
void tscf_show_table(const json_t *rows, unsigned count, const char *const *keys, const char *const *heads, FILE *out);
/** Write the members of an object that are numbers and not 0, in a line that begins with @p label; nothing if there are
 * none. */
void tscf_show_counters(json_t *counters, const char *label, FILE *out);

#endif
