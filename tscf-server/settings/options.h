/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options.h - the command line of tscf-server.
 */
#ifndef TSCF_SERVER_OPTIONS_H
#define TSCF_SERVER_OPTIONS_H

#include "common/daemon/cli.h"
#include "tscf-server/settings/config.h"

/** Days in which a one-time invitation can be used, unless --valid-for says another number, and the most. */
#define SERVER_VALID_DAYS     7
#define SERVER_VALID_DAYS_MAX 3650

/** What the program is asked to do. */
enum server_command {
	SERVER_COMMAND_RUN, /**< no command word: be the daemon */
	SERVER_COMMAND_STATUS,
	SERVER_COMMAND_SESSIONS,
	SERVER_COMMAND_DISCONNECT,
	SERVER_COMMAND_DENY,
	SERVER_COMMAND_ALLOW,
	SERVER_COMMAND_RELOAD,
	SERVER_COMMAND_STOP,
	SERVER_COMMAND_ADD_CLIENT,
	SERVER_COMMAND_LIST_CLIENTS,
	SERVER_COMMAND_REMOVE_CLIENT,
	SERVER_COMMAND_INIT,
	SERVER_COMMAND_CAPTURE,
};

/** --help: at most 24 lines. */
extern const char server_help[];

/** As tscf_cli_parse; every value is checked as far as possible without the configuration file. */
int server_options_parse(int argc, char **argv, struct tscf_cli *out);
/** Print the hint at --help that follows a usage error. */
void server_options_hint(void);

/** The file of --config, or else the default one, which need not exist.  *is_default says which. */
const char *server_options_file(const struct tscf_cli *cli, bool *is_default);

/**
 * Make the configuration: defaults, then the file (--config, or the default file if it exists; init, which makes it,
 * does not read it), then the options, which override both.  Options of an interface apply to the first one.  Errors
 * are logged. *c is valid for server_config_free even after an error.
 *
 * @return 0, -EINVAL, or -errno.
 */
int server_options_config(const struct tscf_cli *cli, struct server_config *c);

#endif
