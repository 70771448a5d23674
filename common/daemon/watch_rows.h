/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch_rows.h - the rows of a live table: how they are measured, chosen, sorted and drawn.  No I/O but the stream that
 * is given, and no clock.
 *
 * A row is a JSON object.  Its member "id" is a text that is the same in every reading, and belongs to no other row.
 */
#ifndef TSCF_WATCH_ROWS_H
#define TSCF_WATCH_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define TSCF_WATCH_FILTER 64

/** What a column shows.  Texts are sorted upwards, numbers downwards. */
enum tscf_watch_kind {
	TSCF_WATCH_TEXT,     /**< a text, or the texts of an array */
	TSCF_WATCH_NUMBER,   /**< a number as it is */
	TSCF_WATCH_PACKETS,  /**< how many a second, of a counter */
	TSCF_WATCH_BYTES,    /**< the same, in units of bytes */
	TSCF_WATCH_DURATION, /**< seconds */
	TSCF_WATCH_SINCE,    /**< how long ago, of seconds since 1970 */
};

struct tscf_watch_column {
	const char *head, *member;
	enum tscf_watch_kind kind;
	char key; /**< the table is sorted by this column when this key is pressed */
};

/** What the user has chosen, and the table that it is chosen for. */
struct tscf_watch_view {
	const struct tscf_watch_column *columns;
	unsigned count;
	unsigned sort; /**< a column */
	bool reversed;
	char filter[TSCF_WATCH_FILTER]; /**< only rows that show this text somewhere; "" shows all */
	size_t first;                   /**< the row at the top */
};

/** One picture of the screen. */
struct tscf_watch_screen {
	const char *title, *summary; /**< two lines; the summary is cut at the edge as every line is */
	const char *prompt;          /**< the last line */
	unsigned lines, columns;     /**< the size */
	bool colours;
	time_t now;
};

/**
 * Give each row of @p rows the rates of its counters, @p seconds after the rows @p before were read (NULL: none were).
 * A counter that went back has no rate this time.
 */
void tscf_watch_rates(json_t *rows, const json_t *before, double seconds, const struct tscf_watch_view *view);
/** @return a new array with the rows that the filter lets through, sorted; NULL when out of memory. */
json_t *tscf_watch_choose(const json_t *rows, const struct tscf_watch_view *view, time_t now);
/** Draw the chosen rows; corrects view->first if it is beyond the last page. */
void tscf_watch_draw(const json_t *chosen, struct tscf_watch_view *view, const struct tscf_watch_screen *screen,
		     FILE *out);
/** @return how many rows the screen has room for. */
unsigned tscf_watch_page(const struct tscf_watch_screen *screen);

#endif
