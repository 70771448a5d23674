/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cli.h - a command line: options, at most one command word, arguments of the command.
 *
 * Options may stand before and after the command; the table says which options each command accepts.  An error is
 * reported in one line that names the wrong word, with a hint at --help.
 */
#ifndef TSCF_CLI_H
#define TSCF_CLI_H

#include <stdbool.h>

/** Most options on one command line. */
#define TSCF_CLI_MAX 128
/** Exit status for a wrong command line. */
#define TSCF_EXIT_USAGE 2

struct tscf_cli_option {
	const char *name; /**< without dashes; NULL ends the table */
	char letter;      /**< short form, or 0 */
	bool has_value;
	bool is_path;      /**< the value is a file name, which is made absolute */
	unsigned commands; /**< bits 1 << command: the commands that accept it */
};

/** The command takes any number of arguments, at least one. */
#define TSCF_CLI_MANY 0x01U
/** The argument may be left out. */
#define TSCF_CLI_OPTIONAL 0x02U

struct tscf_cli_command {
	const char *name;     /**< NULL ends the table; entry 0 is "no command", and its name is for messages only */
	const char *argument; /**< description of the argument, for messages; NULL: takes none */
	unsigned flags;       /**< TSCF_CLI_* */
};

struct tscf_cli_spec {
	const char *program;
	const struct tscf_cli_option *options;
	const struct tscf_cli_command *commands;
};

struct tscf_cli {
	unsigned command;       /**< index in the table of commands; 0 if none was given */
	const char *argument;   /**< of the command, the first one, or NULL; points into argv */
	const char **arguments; /**< all of them */
	unsigned argument_count;
	unsigned count;
	struct {
		const struct tscf_cli_option *option;
		char *value;   /**< NULL if the option has none */
	} given[TSCF_CLI_MAX]; /**< in the order of the command line */
};

/**
 * Parse a command line.  Free the result with tscf_cli_free, also after an error.
 *
 * @return 0, -EINVAL after a usage error (message and hint are on standard error), or -ENOMEM.
 */
int tscf_cli_parse(const struct tscf_cli_spec *spec, int argc, char **argv, struct tscf_cli *out);
void tscf_cli_free(struct tscf_cli *cli);
/** @return whether the option was given. */
bool tscf_cli_has(const struct tscf_cli *cli, const char *name);
/** @return the value of the last occurrence, or NULL. */
const char *tscf_cli_value(const struct tscf_cli *cli, const char *name);
/** Print "Try 'PROGRAM --help'." on standard error. */
void tscf_cli_hint(const struct tscf_cli_spec *spec);

#endif
