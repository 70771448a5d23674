/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - formats JSON values as text for people; a value that is missing or of another type becomes "-".
 */
#ifndef TSCF_SHOW_H
#define TSCF_SHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define TSCF_SHOW_TEXT 256

/**
 * Format a value into @p buf of TSCF_SHOW_TEXT bytes: a string or number, an array of these separated by blanks, or the
 * number of objects in an array.  Control characters are replaced.  @return buf.
 */
const char *tscf_show_value(const json_t *value, char *buf);
/** @return the name of a level without "encrypted-", for columns that have no room for it. */
const char *tscf_show_short_level(const char *level);
/** Format @p seconds as "42 s", "5 min", "3 h 12 min", "2 d 4 h", into @p buf of TSCF_SHOW_TEXT bytes.  @return buf. */
const char *tscf_show_duration(json_int_t seconds, char *buf);
/** Format @p bytes as "999 B", "1.2 kB", "34.5 MB" ..., into @p buf of TSCF_SHOW_TEXT bytes.  @return buf. */
const char *tscf_show_bytes(json_int_t bytes, char *buf);
/**
 * Format a time in seconds since 1970 as "2026-01-31 12:00:00 (5 min)" into @p buf; "" if @p since is not a time.
 * @return buf.
 */
const char *tscf_show_since(const json_t *since, time_t now, char *buf);
/**
 * Write an array of objects as a table: one column for each of the @p count members @p keys, with the headings @p
 * heads.
 */
void tscf_show_table(const json_t *rows, unsigned count, const char *const *keys, const char *const *heads, FILE *out);
/**
 * Write the nonzero numbers among the members of an object in one line that begins with @p label; nothing if there are
 * none.
 */
void tscf_show_counters(json_t *counters, const char *label, FILE *out);

/** Write a warning if the member "key_log" of a daemon's status names a file. */
void tscf_show_key_log(const json_t *status, FILE *out);

/**
 * Write @p text with no line of more than @p width bytes, if blanks permit that: a line is broken at a blank, and goes
 * on with four blanks.  Lines whose words stand in columns (two blanks) are written as they are.
 */
void tscf_show_wrapped(const char *text, unsigned width, FILE *out);

#endif
