/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - prints the daemon's JSON answers as text for people.
 *
 * Members that are missing or have another type than expected are left out: the daemon may be older or newer.
 */
#ifndef TSCF_CLIENT_SHOW_H
#define TSCF_CLIENT_SHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/** The answer to STATUS: a line for each tunnel, the number of sockets of each level, the counters that are not 0. */
void show_status(json_t *status, time_t now, FILE *out);
/** An array of sockets, as a table. */
void show_sockets(const json_t *sockets, FILE *out);
/** The answer to LEVEL_OF: how many sockets were moved to @p level, how long it took, and which. */
void show_moved(const json_t *moved, const char *level, FILE *out);
/** Of the same, the sockets that could not be changed, and why. */
void show_missed(const json_t *moved, FILE *out);

#endif
