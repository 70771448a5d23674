/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/query.h"

#include "common/capture/capture_command.h"
#include "common/daemon/query.h"
#include "tscf-server/admin/show.h"

#include <stdlib.h>
#include <time.h>

#define PROGRAM "tscf-server"

/** Send the request and return the daemon's answer.  @return the exit status; with EXIT_SUCCESS the caller frees
 * *reply. */
static int ask(const struct server_config *config, enum tscf_control_op op, json_t **reply)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = op};

	return tscf_query(PROGRAM, config->control, &request, TSCF_QUERY_MS, reply) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int query_status(const struct tscf_cli *cli, const struct server_config *config)
{
	json_t *json;
	int status = ask(config, TSCF_CONTROL_STATUS, &json);

	if (status != EXIT_SUCCESS)
		return status;
	if (!tscf_cli_has(cli, "json"))
		show_status(json, time(NULL), stdout);
	else if (tscf_query_print_json(json, stdout) != 0)
		status = EXIT_FAILURE;
	json_decref(json);
	return status;
}

static long long member(const json_t *json, const char *key)
{
	return (long long)json_integer_value(json_object_get(json, key));
}

int query_disconnect(const struct tscf_cli *cli, const struct server_config *config)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_DISCONNECT};
	json_t *json;

	if (tscf_query_ask(PROGRAM, config->control, &request, cli->argument, TSCF_QUERY_MS, &json) != 0)
		return EXIT_FAILURE;
	printf("tunnels ended: %lld plain, %lld encrypted\n", member(json, "plain"), member(json, "encrypted"));
	json_decref(json);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int query_reload(const struct server_config *config)
{
	return ask(config, TSCF_CONTROL_RELOAD, NULL);
}

int query_stop(const struct server_config *config)
{
	return tscf_query_stop(PROGRAM, config->control) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int query_capture(const struct tscf_cli *cli, const struct server_config *config)
{
	struct tscf_capture_command command;

	if (tscf_capture_command_read(cli, &command) < 0)
		return EXIT_FAILURE;
	command.program = PROGRAM;
	command.writer = PROGRAM " " PACKAGE_VERSION;
	command.control = config->control;
	command.selection.client = tscf_cli_value(cli, "client");
	return tscf_capture_command_run(&command);
}
