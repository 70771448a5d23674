/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options.h - the command line of tscf-client.
 */
#ifndef TSCF_CLIENT_OPTIONS_H
#define TSCF_CLIENT_OPTIONS_H

#include "common/daemon/cli.h"
#include "tscf-client/settings/config.h"

/** What the command line asks the program to do. */
enum client_command {
	CLIENT_COMMAND_RUN, /**< no command word: be the daemon */
	CLIENT_COMMAND_STATUS,
	CLIENT_COMMAND_SOCKETS,
	CLIENT_COMMAND_SIP,
	CLIENT_COMMAND_LEVEL,
	CLIENT_COMMAND_REDUNDANCY,
	CLIENT_COMMAND_DATAGRAM,
	CLIENT_COMMAND_RELOAD,
	CLIENT_COMMAND_STOP,
	CLIENT_COMMAND_FLUSH,
	CLIENT_COMMAND_JOIN,
	CLIENT_COMMAND_LEAVE,
	CLIENT_COMMAND_CAPTURE,
};

/** --help: at most 24 lines. */
extern const char client_help[];

/** As tscf_cli_parse; every value has been checked as far as it can be without the configuration file. */
int client_options_parse(int argc, char **argv, struct tscf_cli *out);

/** The file of --config, or else the default one, which need not exist.  *is_default says which. */
const char *client_options_file(const struct tscf_cli *cli, bool *is_default);

/**
 * Make the configuration: defaults, then the file (--config, or the default one if it exists), then the options, which
 * win.  join and leave, which make and remove the file, do not read it.  Errors are logged. *c is valid (for
 * client_config_free) also after an error.
 *
 * @return 0, -EINVAL, or -errno.
 */
int client_options_config(const struct tscf_cli *cli, struct client_config *c);

#endif
