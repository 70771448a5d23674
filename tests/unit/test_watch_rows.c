/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Live tables without a terminal: rates between two readings, order, filter, and pictures that fit the screen.
 */
#include "common/daemon/watch_rows.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1000000

static const struct tscf_watch_column columns[] = {
    {"NAME", "name", TSCF_WATCH_TEXT, 'n'},
    {"PKT/S", "packets", TSCF_WATCH_PACKETS, 'p'},
    {"SINCE", "since", TSCF_WATCH_SINCE, 's'},
    {"TUNNEL", "tunnel", TSCF_WATCH_TEXT, 't'},
};

static struct tscf_watch_view view_by(unsigned sort)
{
	return (struct tscf_watch_view){.columns = columns, .count = 4, .sort = sort};
}

static json_t *row(const char *id, const char *name, int packets, int since)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:s}", "id", id, "name", name, "packets", packets, "since", since,
			 "tunnel", "plain");
}

static json_t *three(int a, int b, int c)
{
	return json_pack("[o, o, o]", row("1", "anna", a, NOW - 5), row("2", "Bert", b, NOW - 7200),
			 row("3", "carl\n", c, NOW - 90));
}

/** The names of the chosen rows, by their first letters. */
static void ck_order(const json_t *rows, const struct tscf_watch_view *view, const char *expected)
{
	json_t *chosen = tscf_watch_choose(rows, view, NOW), *one;
	char letters[8] = "";
	size_t i;

	json_array_foreach(chosen, i, one) strncat(letters, json_string_value(json_object_get(one, "name")), 1);
	ck_assert_str_eq(letters, expected);
	json_decref(chosen);
}

/** What is on the screen: the text without its escape sequences; the caller frees it. */
static char *picture(const json_t *rows, struct tscf_watch_view *view, unsigned lines, unsigned width, bool colours)
{
	const struct tscf_watch_screen screen = {.title = "title of the table",
						 .summary = "summary",
						 .prompt = "q quit",
						 .lines = lines,
						 .columns = width,
						 .colours = colours,
						 .now = NOW};
	json_t *chosen = tscf_watch_choose(rows, view, NOW);
	char *text = NULL, *to;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	tscf_watch_draw(chosen, view, &screen, out);
	fclose(out);
	json_decref(chosen);
	to = text;
	for (char *from = text; *from != '\0'; from++) {
		if (*from == '\033')
			from += strcspn(from, "HKJm");
		else if (*from != '\r')
			*to++ = *from;
	}
	*to = '\0';
	return text;
}

START_TEST(rates)
{
	struct tscf_watch_view view = view_by(1);
	json_t *before = three(100, 100, 100), *rows = three(150, 100, 50);
	char *text;

	tscf_watch_rates(rows, before, 2, &view);
	/* A counter that went back has no rate, and what has none comes last. */
	ck_order(rows, &view, "aBc");
	text = picture(rows, &view, 10, 80, false);
	ck_assert_ptr_nonnull(strstr(text, "25 "));
	ck_assert_ptr_nonnull(strstr(text, "0.0 "));
	ck_assert_ptr_nonnull(strstr(text, " - "));
	free(text);
	json_decref(before);
	json_decref(rows);
}
END_TEST

START_TEST(rates_need_two_readings)
{
	struct tscf_watch_view view = view_by(1);
	json_t *rows = three(1, 2, 3);

	tscf_watch_rates(rows, NULL, 1, &view);
	ck_assert_ptr_null(json_object_get(json_array_get(rows, 0), "packets/s"));
	json_decref(rows);
}
END_TEST

START_TEST(order)
{
	struct tscf_watch_view view = view_by(0);
	json_t *rows = three(1, 2, 3);

	ck_order(rows, &view, "aBc");
	view.reversed = true;
	ck_order(rows, &view, "cBa");
	/* The newest first. */
	view = view_by(2);
	ck_order(rows, &view, "acB");
	json_decref(rows);
}
END_TEST

START_TEST(filter)
{
	struct tscf_watch_view view = view_by(0);
	json_t *rows = three(1, 2, 3);

	strcpy(view.filter, "bERT");
	ck_order(rows, &view, "B");
	strcpy(view.filter, "2h00m");
	ck_order(rows, &view, "B");
	strcpy(view.filter, "nobody");
	ck_order(rows, &view, "");
	json_decref(rows);
}
END_TEST

/** No line is longer than the screen, and there are not more of them. */
START_TEST(fits)
{
	struct tscf_watch_view view = view_by(0);
	json_t *rows = three(1, 2, 3);

	for (unsigned width = 1; width < 60; width++) {
		char *text = picture(rows, &view, 5, width, width % 2 == 0), *rest = text, *line;
		unsigned lines = 0;

		while ((line = strsep(&rest, "\n"))) {
			/* The last line is reached by its number. */
			ck_assert_uint_le(strlen(line), lines == 4 ? 6 : width);
			lines++;
		}
		ck_assert_uint_le(lines, 5);
		free(text);
	}
	json_decref(rows);
}
END_TEST

START_TEST(scrolls)
{
	struct tscf_watch_view view = view_by(0);
	json_t *rows = three(1, 2, 3);
	char *text;

	view.first = 100;
	text = picture(rows, &view, 6, 40, false);
	ck_assert_uint_eq(view.first, 1);
	ck_assert_ptr_null(strstr(text, "anna"));
	/* What a program calls itself does not control the terminal. */
	ck_assert_ptr_nonnull(strstr(text, "carl?"));
	free(text);
	json_decref(rows);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("watch_rows");
	TCase *tcase = tcase_create("watch_rows");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, rates);
	tcase_add_test(tcase, rates_need_two_readings);
	tcase_add_test(tcase, order);
	tcase_add_test(tcase, filter);
	tcase_add_test(tcase, fits);
	tcase_add_test(tcase, scrolls);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
