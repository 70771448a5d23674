/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/table.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>

struct tscf_table {
	unsigned columns;
	size_t count, room;
	char **cells;
	int width[TSCF_TABLE_COLUMNS];
};

struct tscf_table *tscf_table_new(unsigned columns, const char *const *head)
{
	struct tscf_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	for (unsigned i = 0; i < columns; i++)
		tscf_table_cell(t, head[i]);
	return t;
}

/** The text may come from a process that names itself: it must not move the cursor or colour the terminal. */
static char *clean_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		tscf_text_hide_controls(copy, strlen(copy));
	return copy;
}

void tscf_table_cell(struct tscf_table *t, const char *text)
{
	char *copy = clean_copy(text);
	int width = copy ? (int)strlen(copy) : 0;

	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		char **cells = reallocarray(t->cells, room, sizeof(*cells));

		if (!cells) {
			free(copy);
			return;
		}
		t->cells = cells;
		t->room = room;
	}
	if (width > t->width[t->count % t->columns])
		t->width[t->count % t->columns] = width;
	t->cells[t->count++] = copy;
}

void tscf_table_print(struct tscf_table *t, FILE *out)
{
	for (size_t i = 0; i < t->count; i++) {
		unsigned column = (unsigned)(i % t->columns);
		const char *text = t->cells[i] ? t->cells[i] : "";

		if (column + 1 == t->columns)
			fprintf(out, "%s\n", text);
		else
			fprintf(out, "%-*s  ", t->width[column], text);
	}
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}
