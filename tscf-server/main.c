/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tscf-server(8): the daemon, and the commands that talk to it. */
#include "common/daemon/daemon.h"
#include "common/daemon/reader.h"
#include "common/daemon/settings.h"
#include "tscf-server/admin/query.h"
#include "tscf-server/admin/query_sessions.h"
#include "tscf-server/certificate.h"
#include "tscf-server/server.h"
#include "tscf-server/settings/host_check.h"
#include "tscf-server/settings/options.h"
#include "tscf-server/setup/clients.h"
#include "tscf-server/setup/denied.h"
#include "tscf-server/setup/init.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct program {
	struct tscf_cli cli;
	struct tscf_daemon daemon;
};

static void ready(void *context)
{
	struct program *p = context;

	tscf_daemon_ready(&p->daemon);
}

static struct server_config *reread(void *context)
{
	struct program *p = context;
	bool is_default;
	struct server_config *config;

	if (tscf_settings_check_again(server_options_file(&p->cli, &is_default)) < 0)
		return NULL;
	config = calloc(1, sizeof(*config));
	if (!config)
		return NULL;
	if (server_options_config(&p->cli, config) == 0)
		return config;
	server_config_free(config);
	free(config);
	return NULL;
}

static int run(struct program *p, const struct server_config *config)
{
	int status, err;

	signal(SIGPIPE, SIG_IGN);
	err = tscf_daemon_start(&p->daemon, config->foreground, &status);
	if (err > 0)
		return status;
	if (err == 0)
		err = server_run(config, ready, reread, p);
	tscf_daemon_end();
	status = err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	/* A thread that waits for a file uses the configuration and the options: they stay. */
	if (tscf_readers_linger())
		_exit(status);
	return status;
}

/** --check-config: as the start does, without a change to this host. */
static int check(const struct server_config *config)
{
	if (server_certificate_check(config) < 0)
		return EXIT_FAILURE;
	server_config_warn(config);
	return puts("The configuration is valid.") < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int init(const struct program *p, struct server_config *config)
{
	bool is_default;
	const char *file = server_options_file(&p->cli, &is_default);

	return init_run(config, file, is_default, tscf_cli_has(&p->cli, "apply"));
}

static int act(struct program *p, struct server_config *config)
{
	switch ((enum server_command)p->cli.command) {
	case SERVER_COMMAND_RUN:
		return tscf_cli_has(&p->cli, "check-config") ? check(config) : run(p, config);
	case SERVER_COMMAND_STATUS:
		return query_status(&p->cli, config);
	case SERVER_COMMAND_SESSIONS:
		return query_sessions(&p->cli, config);
	case SERVER_COMMAND_DISCONNECT:
		return query_disconnect(&p->cli, config);
	case SERVER_COMMAND_DENY:
		return denied_add(&p->cli, config);
	case SERVER_COMMAND_ALLOW:
		return denied_remove(&p->cli, config);
	case SERVER_COMMAND_RELOAD:
		return query_reload(config);
	case SERVER_COMMAND_STOP:
		return query_stop(config);
	case SERVER_COMMAND_CAPTURE:
		return query_capture(&p->cli, config);
	case SERVER_COMMAND_INIT:
		return init(p, config);
	case SERVER_COMMAND_ADD_CLIENT:
		return clients_add(&p->cli, config);
	case SERVER_COMMAND_LIST_CLIENTS:
		return clients_list(&p->cli, config);
	case SERVER_COMMAND_REMOVE_CLIENT:
		return clients_remove(&p->cli, config);
	}
	return EXIT_FAILURE;
}

static int start(struct program *p)
{
	struct server_config config;
	int status = EXIT_FAILURE, err = server_options_config(&p->cli, &config);

	if (err == 0) {
		tscf_log_set_level(config.log_level);
		status = act(p, &config);
	} else if (err == -ENOMEM) {
		tscf_error("cannot start: %s", strerror(ENOMEM));
	}
	server_config_free(&config);
	return status;
}

int main(int argc, char **argv)
{
	struct program p;
	int err, status;

	tscf_log_init("tscf-server", TSCF_LOG_INFO);
	err = server_options_parse(argc, argv, &p.cli);
	if (err != 0)
		status = err == -EINVAL ? TSCF_EXIT_USAGE : EXIT_FAILURE;
	else if (tscf_cli_has(&p.cli, "help"))
		status = fputs(server_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else if (tscf_cli_has(&p.cli, "version"))
		status = puts("tscf-server " PACKAGE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		status = start(&p);
	tscf_cli_free(&p.cli);
	return status;
}
