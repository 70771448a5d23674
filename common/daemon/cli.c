/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/cli.h"

#include "common/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The value of getopt_long for an option without a letter: this plus the index in the table. */
#define LONG_ONLY 0x100

/** What getopt_long wants. */
struct getopt_tables {
	struct option *longs; /**< owned */
	char *shorts;         /**< owned */
};

static void free_tables(struct getopt_tables *tables)
{
	free(tables->longs);
	free(tables->shorts);
}

/** Free the result with free_tables, also after an error.  @return 0 or -ENOMEM. */
static int make_tables(const struct tscf_cli_option *options, struct getopt_tables *out)
{
	size_t count = 0;
	char *s;

	while (options[count].name)
		count++;
	out->longs = calloc(count + 1, sizeof(*out->longs));
	out->shorts = calloc(2 + 2 * count + 1, 1);
	if (!out->longs || !out->shorts)
		return -ENOMEM;
	s = out->shorts;
	/*
	 * '-': arguments are returned in place, whatever POSIXLY_CORRECT says; ':': a missing value has its own result.
	 */
	*s++ = '-';
	*s++ = ':';
	for (size_t i = 0; i < count; i++) {
		out->longs[i].name = options[i].name;
		out->longs[i].has_arg = options[i].has_value ? required_argument : no_argument;
		out->longs[i].val = LONG_ONLY + (int)i;
		if (options[i].letter == 0)
			continue;
		*s++ = options[i].letter;
		if (options[i].has_value)
			*s++ = ':';
	}
	return 0;
}

static const struct tscf_cli_option *option_of(const struct tscf_cli_option *options, int value)
{
	if (value >= LONG_ONLY)
		return &options[value - LONG_ONLY];
	for (const struct tscf_cli_option *o = options; o->name; o++)
		if (o->letter != 0 && o->letter == value)
			return o;
	return NULL;
}

static char *absolute_path(const char *path)
{
	char directory[PATH_MAX];
	char *joined;

	if (path[0] == '/' || path[0] == '\0')
		return strdup(path);
	if (!getcwd(directory, sizeof(directory)) || asprintf(&joined, "%s/%s", directory, path) < 0)
		return NULL;
	return joined;
}

static int add_option(struct tscf_cli *cli, const struct tscf_cli_option *option, const char *value)
{
	char *copy = NULL;

	if (cli->count == TSCF_CLI_MAX) {
		tscf_error("too many options");
		return -EINVAL;
	}
	if (option->has_value) {
		copy = option->is_path ? absolute_path(value) : strdup(value);
		if (!copy)
			return -ENOMEM;
	}
	cli->given[cli->count].option = option;
	cli->given[cli->count++].value = copy;
	return 0;
}

static int add_argument(const struct tscf_cli_spec *spec, struct tscf_cli *cli, const char *text)
{
	const struct tscf_cli_command *commands = spec->commands;

	if (cli->command == 0) {
		for (unsigned i = 1; commands[i].name; i++)
			if (strcmp(commands[i].name, text) == 0)
				cli->command = i;
		if (cli->command != 0)
			return 0;
		tscf_error("unknown command '%s'", text);
		return -EINVAL;
	}
	if (!commands[cli->command].argument || (cli->argument && !(commands[cli->command].flags & TSCF_CLI_MANY))) {
		tscf_error("extra argument '%s'", text);
		return -EINVAL;
	}
	if (!cli->argument)
		cli->argument = text;
	cli->arguments[cli->argument_count++] = text;
	return 0;
}

static unsigned matches(const struct tscf_cli_option *options, const char *prefix)
{
	unsigned count = 0;

	for (; options->name; options++)
		count += strncmp(options->name, prefix, strlen(prefix)) == 0;
	return count;
}

/** getopt_long returned '?': report what is wrong with @p word. */
static void complain(const struct tscf_cli_option *options, const char *word)
{
	const struct tscf_cli_option *o = option_of(options, optopt);

	if (optopt != 0 && o)
		tscf_error("option '--%s' takes no value", o->name);
	else if (optopt != 0)
		tscf_error("unknown option '-%c'", optopt);
	else if (matches(options, word + 2) > 1)
		tscf_error("option '%s' is ambiguous", word);
	else
		tscf_error("unknown option '%s'", word);
}

static int check(const struct tscf_cli_spec *spec, const struct tscf_cli *cli)
{
	const struct tscf_cli_command *command = &spec->commands[cli->command];

	for (unsigned i = 0; i < cli->count; i++) {
		const struct tscf_cli_option *o = cli->given[i].option;

		if ((o->commands & (1U << cli->command)) != 0)
			continue;
		tscf_error("option '--%s' does not go with %s", o->name, command->name);
		return -EINVAL;
	}
	if (command->argument && !cli->argument && !(command->flags & TSCF_CLI_OPTIONAL)) {
		tscf_error("%s: expected %s", command->name, command->argument);
		return -EINVAL;
	}
	return 0;
}

static int read_words(const struct tscf_cli_spec *spec, int argc, char **argv, struct tscf_cli *out)
{
	struct getopt_tables tables = {.longs = NULL};
	int value, err = make_tables(spec->options, &tables);

	optind = 0; /* start over, also after an earlier parse in this program */
	opterr = 0;
	while (err == 0 && (value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (value == 1) {
			err = add_argument(spec, out, optarg);
		} else if (value == ':') {
			tscf_error("option '%s' needs a value", argv[optind - 1]);
			err = -EINVAL;
		} else if (value == '?') {
			complain(spec->options, argv[optind - 1]);
			err = -EINVAL;
		} else {
			err = add_option(out, option_of(spec->options, value), optarg);
		}
	}
	for (; err == 0 && optind < argc; optind++)
		err = add_argument(spec, out, argv[optind]);
	free_tables(&tables);
	return err;
}

void tscf_cli_hint(const struct tscf_cli_spec *spec)
{
	fprintf(stderr, "Try '%s --help'.\n", spec->program);
}

int tscf_cli_parse(const struct tscf_cli_spec *spec, int argc, char **argv, struct tscf_cli *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	out->arguments = calloc((size_t)argc + 1, sizeof(*out->arguments));
	err = out->arguments ? read_words(spec, argc, argv, out) : -ENOMEM;
	/* --help works even if the combination is otherwise wrong. */
	if (err == 0 && !tscf_cli_has(out, "help") && !tscf_cli_has(out, "version"))
		err = check(spec, out);
	if (err == -EINVAL)
		tscf_cli_hint(spec);
	else if (err != 0)
		tscf_error("%s", strerror(-err));
	return err;
}

void tscf_cli_free(struct tscf_cli *cli)
{
	for (unsigned i = 0; i < cli->count; i++)
		free(cli->given[i].value);
	cli->count = 0;
	free(cli->arguments);
	cli->arguments = NULL;
	cli->argument_count = 0;
	cli->argument = NULL;
}

static int find_given(const struct tscf_cli *cli, const char *name)
{
	for (unsigned i = cli->count; i > 0; i--)
		if (strcmp(cli->given[i - 1].option->name, name) == 0)
			return (int)i - 1;
	return -1;
}

bool tscf_cli_has(const struct tscf_cli *cli, const char *name)
{
	return find_given(cli, name) >= 0;
}

const char *tscf_cli_value(const struct tscf_cli *cli, const char *name)
{
	int i = find_given(cli, name);

	return i >= 0 ? cli->given[i].value : NULL;
}
