/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/show.h"

#include "common/base/text.h"
#include "common/daemon/table.h"

#include <stdbool.h>
#include <string.h>

static void append(char *buf, const char *text)
{
	size_t used = strlen(buf);

	if (used < TSCF_SHOW_TEXT - 1)
		snprintf(buf + used, TSCF_SHOW_TEXT - used, "%s%s", used > 0 ? " " : "", text);
}

static void append_scalar(char *buf, const json_t *value)
{
	char number[32];

	if (json_is_string(value)) {
		append(buf, json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		append(buf, number);
	} else if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.1f", json_real_value(value));
		append(buf, number);
	} else if (json_is_boolean(value)) {
		append(buf, json_is_true(value) ? "yes" : "no");
	}
}

const char *tscf_show_value(const json_t *value, char *buf)
{
	buf[0] = '\0';
	if (json_is_object(json_array_get(value, 0)))
		snprintf(buf, TSCF_SHOW_TEXT, "%zu", json_array_size(value));
	else if (json_is_array(value))
		for (size_t i = 0; i < json_array_size(value); i++)
			append_scalar(buf, json_array_get(value, i));
	else
		append_scalar(buf, value);
	if (buf[0] == '\0')
		strcpy(buf, "-");
	tscf_text_hide_controls(buf, strlen(buf));
	return buf;
}

const char *tscf_show_short_level(const char *level)
{
	static const char prefix[] = "encrypted-";
	const size_t length = sizeof(prefix) - 1;

	return strncmp(level, prefix, length) == 0 ? level + length : level;
}

const char *tscf_show_duration(json_int_t seconds, char *buf)
{
	long long s = seconds < 0 ? 0 : (long long)seconds;

	if (s < 60)
		snprintf(buf, TSCF_SHOW_TEXT, "%lld s", s);
	else if (s < 3600)
		snprintf(buf, TSCF_SHOW_TEXT, "%lld min", s / 60);
	else if (s < 86400)
		snprintf(buf, TSCF_SHOW_TEXT, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, TSCF_SHOW_TEXT, "%lld d %lld h", s / 86400, s % 86400 / 3600);
	return buf;
}

const char *tscf_show_bytes(json_int_t bytes, char *buf)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	unsigned unit = 0;

	/* What would be rounded to 1000.0 has the next unit. */
	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, TSCF_SHOW_TEXT, "%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
	return buf;
}

const char *tscf_show_since(const json_t *since, time_t now, char *buf)
{
	char duration[TSCF_SHOW_TEXT], date[32];
	time_t then;
	struct tm tm;

	buf[0] = '\0';
	if (!json_is_number(since) || json_number_value(since) <= 0)
		return buf;
	then = (time_t)json_number_value(since);
	if (!localtime_r(&then, &tm) || strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return buf;
	snprintf(buf, TSCF_SHOW_TEXT, "%s (%.40s)", date,
		 tscf_show_duration((json_int_t)now - (json_int_t)then, duration));
	return buf;
}

void tscf_show_table(const json_t *rows, unsigned count, const char *const *keys, const char *const *heads, FILE *out)
{
	struct tscf_table *table = tscf_table_new(count, heads);
	char text[TSCF_SHOW_TEXT];

	if (!table)
		return;
	for (size_t i = 0; i < json_array_size(rows); i++)
		for (unsigned k = 0; k < count; k++)
			tscf_table_cell(table,
					tscf_show_value(json_object_get(json_array_get(rows, i), keys[k]), text));
	tscf_table_print(table, out);
}

void tscf_show_counters(json_t *counters, const char *label, FILE *out)
{
	const char *separator = label;
	const char *key;
	json_t *value;
	char text[TSCF_SHOW_TEXT];

	json_object_foreach(counters, key, value)
	{
		if (!json_is_number(value) || json_number_value(value) == 0)
			continue;
		fprintf(out, "%s%s %s", separator, key, tscf_show_value(value, text));
		separator = ", ";
	}
	if (separator != label)
		fputc('\n', out);
}

/** @return how many bytes of a line of @p length bytes fit: up to a blank, or to the end of the first word. */
static size_t fitting(const char *line, size_t length, size_t room)
{
	size_t end = room < length ? room : length;

	if (length <= room)
		return length;
	while (end > 0 && line[end] != ' ')
		end--;
	if (end > 0)
		return end;
	while (end < length && line[end] != ' ')
		end++;
	return end;
}

void tscf_show_wrapped(const char *text, unsigned width, FILE *out)
{
	static const char indent[] = "    ";

	while (*text != '\0') {
		size_t length = strcspn(text, "\n"), room = width;
		bool columns = memmem(text + strspn(text, " "), length - strspn(text, " "), "  ", 2);
		const char *next = text + length + (text[length] == '\n');

		if (length == 0)
			fputc('\n', out);
		while (length > 0) {
			size_t n = columns ? length : fitting(text, length, room);

			fprintf(out, "%s%.*s\n", room < width ? indent : "", (int)n, text);
			n += n < length;
			text += n;
			length -= n;
			room = width - (sizeof(indent) - 1);
		}
		text = next;
	}
}

void tscf_show_key_log(const json_t *status, FILE *out)
{
	const char *file = json_string_value(json_object_get(status, "key_log"));

	if (file)
		fprintf(out, "WARNING: the keys of all encrypted tunnels are written to %s\n", file);
}
