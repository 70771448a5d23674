/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/watch_rows.h"

#include "common/daemon/show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** Title, summary, head and prompt. */
#define OTHER_LINES 4
/** Most columns of a table. */
#define COLUMNS 16

static bool is_rate(const struct tscf_watch_column *column)
{
	return column->kind == TSCF_WATCH_PACKETS || column->kind == TSCF_WATCH_BYTES;
}

/* --- rates --- */

static const char *rate_name(const struct tscf_watch_column *column, char name[64])
{
	snprintf(name, 64, "%s/s", column->member);
	return name;
}

static void set_rate(json_t *row, const json_t *before, double seconds, const struct tscf_watch_column *column)
{
	json_int_t now = json_integer_value(json_object_get(row, column->member));
	json_int_t then = json_integer_value(json_object_get(before, column->member));
	char name[64];

	if (json_object_get(row, column->member) && now >= then)
		json_object_set_new(row, rate_name(column, name), json_real((double)(now - then) / seconds));
}

/** @return the rows as an object whose keys are their ids; the caller frees it. */
static json_t *by_id(const json_t *rows)
{
	json_t *map = json_object(), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *id = json_string_value(json_object_get(row, "id"));

		if (id)
			json_object_set(map, id, row);
	}
	return map;
}

void tscf_watch_rates(json_t *rows, const json_t *before, double seconds, const struct tscf_watch_view *view)
{
	json_t *map = by_id(before), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *id = json_string_value(json_object_get(row, "id"));
		const json_t *old = id ? json_object_get(map, id) : NULL;

		for (unsigned c = 0; old && seconds > 0 && c < view->count; c++)
			if (is_rate(&view->columns[c]))
				set_rate(row, old, seconds, &view->columns[c]);
	}
	json_decref(map);
}

/* --- cells --- */

/** "42s", "5m", "3h12m", "2d4h": as short as can be. */
static void short_duration(long long s, char *buf)
{
	if (s < 0)
		s = 0;
	if (s < 60)
		snprintf(buf, TSCF_SHOW_TEXT, "%llds", s);
	else if (s < 3600)
		snprintf(buf, TSCF_SHOW_TEXT, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, TSCF_SHOW_TEXT, "%lldh%02lldm", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, TSCF_SHOW_TEXT, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
}

/** @return the value that a column shows of a row, or NULL. */
static const json_t *value_of(const json_t *row, const struct tscf_watch_column *column)
{
	char name[64];

	return json_object_get(row, is_rate(column) ? rate_name(column, name) : column->member);
}

static void cell(const json_t *row, const struct tscf_watch_column *column, time_t now, char *buf)
{
	const json_t *value = value_of(row, column);

	if (!json_is_number(value) || column->kind == TSCF_WATCH_TEXT || column->kind == TSCF_WATCH_NUMBER)
		tscf_show_value(value, buf);
	else if (column->kind == TSCF_WATCH_PACKETS)
		snprintf(buf, TSCF_SHOW_TEXT, "%.*f", json_number_value(value) < 10 ? 1 : 0, json_number_value(value));
	else if (column->kind == TSCF_WATCH_BYTES)
		tscf_show_bytes((json_int_t)json_number_value(value), buf);
	else if (column->kind == TSCF_WATCH_DURATION)
		short_duration((long long)json_number_value(value), buf);
	else
		short_duration((long long)now - (long long)json_number_value(value), buf);
	/* Each byte takes a column of the screen. */
	for (char *c = buf; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
}

/* --- which rows, in which order --- */

static bool is_chosen(const json_t *row, const struct tscf_watch_view *view, time_t now)
{
	char text[TSCF_SHOW_TEXT];

	if (view->filter[0] == '\0')
		return true;
	for (unsigned c = 0; c < view->count; c++) {
		cell(row, &view->columns[c], now, text);
		if (strcasestr(text, view->filter))
			return true;
	}
	return false;
}

static const char *text_of(const json_t *value)
{
	const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);

	return text ? text : "";
}

static int compare_values(const json_t *a, const json_t *b, enum tscf_watch_kind kind)
{
	double x, y;

	if (kind == TSCF_WATCH_TEXT)
		return strcasecmp(text_of(a), text_of(b));
	/* What has no value comes last. */
	x = json_is_number(a) ? json_number_value(a) : -1;
	y = json_is_number(b) ? json_number_value(b) : -1;
	return (x < y) - (x > y);
}

static int compare(const void *a, const void *b, void *context)
{
	const struct tscf_watch_view *view = context;
	const struct tscf_watch_column *column = &view->columns[view->sort];
	const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
	int order = compare_values(value_of(one, column), value_of(other, column), column->kind);

	if (view->reversed)
		order = -order;
	/* Rows that are equal must not change places from one picture to the next. */
	return order != 0 ? order : strcmp(text_of(json_object_get(one, "id")), text_of(json_object_get(other, "id")));
}

json_t *tscf_watch_choose(const json_t *rows, const struct tscf_watch_view *view, time_t now)
{
	json_t **all = calloc(json_array_size(rows) + 1, sizeof(json_t *)), *chosen = json_array(), *row;
	size_t i, count = 0;

	if (!all || !chosen) {
		free(all);
		json_decref(chosen);
		return NULL;
	}
	json_array_foreach(rows, i, row)
	{
		if (is_chosen(row, view, now))
			all[count++] = row;
	}
	qsort_r(all, count, sizeof(json_t *), compare, (void *)(uintptr_t)view);
	for (i = 0; i < count; i++)
		json_array_append(chosen, all[i]);
	free(all);
	return chosen;
}

/* --- the picture --- */

/** A line that is written from left to right and ends at the edge of the screen. */
struct line {
	FILE *out;
	unsigned left; /**< columns that are free */
};

static void put(struct line *l, const char *text, unsigned width, bool to_right)
{
	unsigned length = (unsigned)strlen(text), pad = length < width ? width - length : 0;

	if (pad + length > l->left)
		pad = length > l->left ? 0 : l->left - length;
	if (length > l->left)
		length = l->left;
	fprintf(l->out, "%*s%.*s%*s", to_right ? (int)pad : 0, "", (int)length, text, to_right ? 0 : (int)pad, "");
	l->left -= pad + length;
}

static void whole_line(const char *text, const struct tscf_watch_screen *s, FILE *out)
{
	struct line l = {out, s->columns};

	fputs("\033[2K", out);
	put(&l, text, 0, false);
}

/** In which tunnel a socket is, is what the eye looks for. */
static const char *colour_of(const char *text)
{
	if (strcmp(text, "encrypted") == 0)
		return "\033[32m";
	if (strcmp(text, "prohibited") == 0)
		return "\033[31m";
	return strcmp(text, "plain") == 0 ? "\033[33m" : "";
}

static bool to_right(const struct tscf_watch_column *column)
{
	return column->kind != TSCF_WATCH_TEXT;
}

static void draw_head(const struct tscf_watch_view *view, const unsigned *width, const struct tscf_watch_screen *s,
		      FILE *out)
{
	struct line l = {out, s->columns};
	char text[TSCF_SHOW_TEXT];

	fputs(s->colours ? "\033[2K\033[7m" : "\033[2K", out);
	for (unsigned c = 0; c < view->count; c++) {
		/* The column that the table is sorted by has a sign. */
		snprintf(text, sizeof(text), "%s%s", view->columns[c].head,
			 c != view->sort  ? ""
			 : view->reversed ? "^"
					  : "*");
		put(&l, text, width[c], to_right(&view->columns[c]));
		put(&l, c + 1 < view->count ? " " : "", 0, false);
	}
	put(&l, "", l.left, false);
	fputs(s->colours ? "\033[0m" : "", out);
}

static void draw_row(const json_t *row, const struct tscf_watch_view *view, const unsigned *width,
		     const struct tscf_watch_screen *s, FILE *out)
{
	struct line l = {out, s->columns};
	char text[TSCF_SHOW_TEXT];

	fputs("\033[2K", out);
	for (unsigned c = 0; c < view->count; c++) {
		const char *colour;

		cell(row, &view->columns[c], s->now, text);
		colour = s->colours ? colour_of(text) : "";
		fputs(colour, out);
		put(&l, text, width[c], to_right(&view->columns[c]));
		fputs(colour[0] ? "\033[0m" : "", out);
		put(&l, c + 1 < view->count ? " " : "", 0, false);
	}
}

/** The width of each column: that of its widest cell among the rows on the screen. */
static void measure(const json_t *chosen, const struct tscf_watch_view *view, size_t end,
		    const struct tscf_watch_screen *s, unsigned *width)
{
	char text[TSCF_SHOW_TEXT];

	for (unsigned c = 0; c < view->count; c++) {
		width[c] = (unsigned)strlen(view->columns[c].head) + (c == view->sort);
		for (size_t i = view->first; i < end; i++) {
			cell(json_array_get(chosen, i), &view->columns[c], s->now, text);
			if (strlen(text) > width[c])
				width[c] = (unsigned)strlen(text);
		}
	}
}

unsigned tscf_watch_page(const struct tscf_watch_screen *s)
{
	return s->lines > OTHER_LINES ? s->lines - OTHER_LINES : 1;
}

void tscf_watch_draw(const json_t *chosen, struct tscf_watch_view *view, const struct tscf_watch_screen *s, FILE *out)
{
	size_t count = json_array_size(chosen), page = tscf_watch_page(s), end;
	unsigned width[COLUMNS];

	if (view->count > COLUMNS)
		return;
	if (view->first + page > count)
		view->first = count > page ? count - page : 0;
	end = view->first + page < count ? view->first + page : count;
	measure(chosen, view, end, s, width);
	fputs("\033[H", out);
	whole_line(s->title, s, out);
	fputs("\r\n", out);
	whole_line(s->summary, s, out);
	fputs("\r\n", out);
	draw_head(view, width, s, out);
	for (size_t i = view->first; i < end; i++) {
		fputs("\r\n", out);
		draw_row(json_array_get(chosen, i), view, width, s, out);
	}
	/* Nothing of an older picture stays; the prompt is in the last line. */
	fprintf(out, "\r\n\033[J\033[%u;1H", s->lines);
	whole_line(s->prompt, s, out);
}
