/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of options may have any length: its last option is known by its name and its letter.  Too many words that
 * are options are an error, and none is left out. */
#include "common/daemon/cli.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 200

static char names[MANY][16];
static struct tscf_cli_option options[MANY + 1];
static const struct tscf_cli_command commands[] = {{.name = "the program"}, {.name = NULL}};
static const struct tscf_cli_spec spec = {.program = "test", .options = options, .commands = commands};
static struct tscf_cli cli;
static char *line[MANY];
static int words;

/** Add a word to the command line. */
static void add(const char *word)
{
	line[words++] = strdup(word);
	ck_assert_ptr_nonnull(line[words - 1]);
}

static void set_up(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "option-%03u", i);
		options[i] = (struct tscf_cli_option){.name = names[i], .has_value = true, .commands = 1};
	}
	options[MANY - 1].letter = 'z';
	add("test");
}

static void tear_down(void)
{
	tscf_cli_free(&cli);
	while (words > 0)
		free(line[--words]);
}

START_TEST(last_of_many)
{
	add("--option-063");
	add("a");
	add("--option-064");
	add("b");
	add("--option-199=c");
	ck_assert_int_eq(tscf_cli_parse(&spec, words, line, &cli), 0);
	ck_assert_str_eq(tscf_cli_value(&cli, "option-063"), "a");
	ck_assert_str_eq(tscf_cli_value(&cli, "option-064"), "b");
	ck_assert_str_eq(tscf_cli_value(&cli, "option-199"), "c");
}
END_TEST

START_TEST(letter_of_the_last)
{
	add("-z");
	add("c");
	ck_assert_int_eq(tscf_cli_parse(&spec, words, line, &cli), 0);
	ck_assert_str_eq(tscf_cli_value(&cli, "option-199"), "c");
}
END_TEST

START_TEST(too_many_words)
{
	for (unsigned i = 0; i < TSCF_CLI_MAX; i++)
		add("-z1");
	ck_assert_int_eq(tscf_cli_parse(&spec, words, line, &cli), 0);
	ck_assert_uint_eq(cli.count, TSCF_CLI_MAX);
	tscf_cli_free(&cli);
	add("-z1");
	ck_assert_int_eq(tscf_cli_parse(&spec, words, line, &cli), -EINVAL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("command line");
	TCase *c = tcase_create("command line");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, last_of_many);
	tcase_add_test(c, letter_of_the_last);
	tcase_add_test(c, too_many_words);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return tscf_test_main(suite);
}
