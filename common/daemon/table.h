/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - text in aligned columns, for people.
 */
#ifndef TSCF_TABLE_H
#define TSCF_TABLE_H

#include <stdio.h>

#define TSCF_TABLE_COLUMNS 12

struct tscf_table;

/**
 * Make a table whose first row is the @p columns (at most TSCF_TABLE_COLUMNS) texts of @p head.  @return NULL when out
 * of memory.
 */
struct tscf_table *tscf_table_new(unsigned columns, const char *const *head);
/** Append one cell, row by row; the text is copied with control characters replaced.  Out of memory: the cell is left
 * out. */
void tscf_table_cell(struct tscf_table *t, const char *text);
/** Write all rows, columns two blanks apart, and free the table. */
void tscf_table_print(struct tscf_table *t, FILE *out);

#endif
