/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tscf-client(8): the daemon, and the commands that talk to it. */
#include "common/daemon/daemon.h"
#include "common/daemon/settings.h"
#include "tscf-client/admin/capture.h"
#include "tscf-client/admin/join.h"
#include "tscf-client/admin/query.h"
#include "tscf-client/client.h"
#include "tscf-client/settings/options.h"
#include "tscf-client/sockets/searches.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct program {
	struct tscf_daemon daemon;
	const struct tscf_cli *cli;
};

static void ready(void *context)
{
	tscf_daemon_ready(&((struct program *)context)->daemon);
}

static int reread(void *context, struct client_config *fresh)
{
	const struct tscf_cli *cli = ((struct program *)context)->cli;
	bool is_default;
	int err = tscf_settings_check_again(client_options_file(cli, &is_default));

	if (err == 0)
		return client_options_config(cli, fresh);
	memset(fresh, 0, sizeof(*fresh));
	return err;
}

static int run(const struct tscf_cli *cli, struct client_config *config)
{
	struct program program = {.cli = cli};
	int status, err;

	signal(SIGPIPE, SIG_IGN);
	err = tscf_daemon_start(&program.daemon, config->foreground, &status);
	if (err > 0)
		return status;
	if (err == 0)
		err = client_run(config, ready, reread, &program);
	tscf_daemon_end();
	status = err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	/* A thread that waits for a file uses the configuration and the options: they stay. */
	if (searches_linger())
		_exit(status);
	return status;
}

/** --check-config: as the start does, without a change to this host. */
static int check(const struct client_config *config)
{
	if (client_check(config) < 0)
		return EXIT_FAILURE;
	return puts("The configuration is valid.") < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int act(const struct tscf_cli *cli, struct client_config *config)
{
	switch ((enum client_command)cli->command) {
	case CLIENT_COMMAND_RUN:
		return tscf_cli_has(cli, "check-config") ? check(config) : run(cli, config);
	case CLIENT_COMMAND_STATUS:
		return query_status(cli, config);
	case CLIENT_COMMAND_SOCKETS:
		return query_sockets(cli, config);
	case CLIENT_COMMAND_SIP:
		return query_sip(cli, config);
	case CLIENT_COMMAND_LEVEL:
		return query_level(cli, config);
	case CLIENT_COMMAND_REDUNDANCY:
		return query_redundancy(cli, config);
	case CLIENT_COMMAND_DATAGRAM:
		return query_datagram(cli, config);
	case CLIENT_COMMAND_RELOAD:
		return query_reload(config);
	case CLIENT_COMMAND_STOP:
		return query_stop(config);
	case CLIENT_COMMAND_FLUSH:
		return query_flush(config);
	case CLIENT_COMMAND_JOIN:
		return join_run(cli, config);
	case CLIENT_COMMAND_LEAVE:
		return join_leave(cli, config);
	case CLIENT_COMMAND_CAPTURE:
		return capture_run(cli, config);
	}
	return EXIT_FAILURE;
}

static int start(const struct tscf_cli *cli)
{
	struct client_config config;
	int status = EXIT_FAILURE, err = client_options_config(cli, &config);

	if (err == 0) {
		tscf_log_set_level(config.log_level);
		status = act(cli, &config);
	} else if (err == -ENOMEM) {
		tscf_error("cannot start: %s", strerror(ENOMEM));
	}
	client_config_free(&config);
	return status;
}

int main(int argc, char **argv)
{
	struct tscf_cli cli;
	int err, status;

	tscf_log_init("tscf-client", TSCF_LOG_INFO);
	err = client_options_parse(argc, argv, &cli);
	if (err != 0)
		status = err == -EINVAL ? TSCF_EXIT_USAGE : EXIT_FAILURE;
	else if (tscf_cli_has(&cli, "help"))
		status = fputs(client_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else if (tscf_cli_has(&cli, "version"))
		status = puts("tscf-client " PACKAGE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		status = start(&cli);
	tscf_cli_free(&cli);
	return status;
}
