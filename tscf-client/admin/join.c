/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/join.h"

#include "common/base/log.h"
#include "common/daemon/query.h"
#include "common/daemon/settings.h"
#include "tscf-client/admin/join_files.h"
#include "tscf-client/admin/query.h"
#include "tscf-client/admin/service.h"
#include "tscf-client/settings/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "tscf-client"
/** How long a service that has been started is waited for, in seconds. */
#define WAIT_UP 30

/** Read the invitation: the argument of the command, or a line of standard input.  @return 0, or -EINVAL (logged). */
static int read_invitation(const char *argument, struct tscf_invitation *out)
{
	char line[TSCF_INVITATION_TEXT + 2], error[TSCF_INVITATION_ERROR];
	int err;

	if (strcmp(argument, "-") == 0) {
		if (!fgets(line, sizeof(line), stdin)) {
			tscf_error("there is no invitation on standard input");
			return -EINVAL;
		}
		line[strcspn(line, "\r\n")] = '\0';
		argument = line;
	}
	err = tscf_invitation_parse(argument, out, error);
	if (err < 0)
		tscf_error("the invitation is wrong: %s", error);
	explicit_bzero(line, sizeof(line));
	return err;
}

/** @return whether a daemon answers. */
static bool is_there(const char *control)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_STATUS};
	char *text = NULL;
	int err = tscf_control_query(control, &request, TSCF_QUERY_MS, &text);

	free(text);
	return err == 0;
}

/** Wait for the tunnel, and say how it went. */
static int wait_for_tunnel(const char *control, unsigned long seconds)
{
	if (query_wait_up(control, seconds) == 0) {
		puts("The tunnel is up, and the server is verified.\n"
		     "Next, run a program encrypted, and see which tunnel its sockets have:\n"
		     "    tscf-run --level encrypted-only -- PROGRAM\n"
		     "    tscf-client sockets");
		return EXIT_SUCCESS;
	}
	/* query_wait_up has logged why. */
	if (is_there(control))
		tscf_error("the client goes on trying");
	return EXIT_FAILURE;
}

/** No service starts the daemon: tell the user how to start it. */
static void tell(const char *file, bool is_default, const char *control)
{
	printf("Wrote %s.\n", file);
	if (is_there(control))
		puts("A client runs with other settings; first stop it: tscf-client stop");
	printf("Start the client, and wait for its tunnel:\n    tscf-client%s%s\n    tscf-client status --wait-up 30\n",
	       is_default ? "" : " --config ", is_default ? "" : file);
}

static int start(const struct tscf_cli *cli, const struct client_config *config, const char *file, bool is_default)
{
	const bool serve = is_default && service_available() && !tscf_cli_has(cli, "no-start");
	const char *seconds = tscf_cli_value(cli, "wait-up");
	unsigned long limit = WAIT_UP;

	if (serve && service_start() < 0) {
		tscf_error("%s is written; the service does not run", file);
		return EXIT_FAILURE;
	}
	if (!serve)
		tell(file, is_default, config->control);
	/* The text was checked with the command line. */
	if (seconds)
		tscf_number_parse(seconds, 0, UINT32_MAX, &limit);
	if (!serve && !seconds)
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	fflush(stdout);
	return wait_for_tunnel(config->control, limit);
}

int join_run(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_invitation invitation;
	struct join_files files;
	bool is_default;
	const char *file = client_options_file(cli, &is_default);
	int err = read_invitation(cli->argument, &invitation);

	/* All users see a program's arguments, and this one may wait long for the tunnel. */
	explicit_bzero((char *)cli->argument, strlen(cli->argument));
	if (err < 0)
		return EXIT_FAILURE;
	err = join_files_name(&files, file);
	if (err == 0)
		err = join_files_write(&files, &invitation, tscf_cli_has(cli, "force"));
	explicit_bzero(&invitation, sizeof(invitation));
	return err < 0 ? EXIT_FAILURE : start(cli, config, file, is_default);
}

int join_leave(const struct tscf_cli *cli, const struct client_config *config)
{
	struct join_files files;
	bool is_default;
	const char *file = client_options_file(cli, &is_default);

	if (join_files_name(&files, file) < 0 || join_files_check(&files, tscf_cli_has(cli, "force")) < 0)
		return EXIT_FAILURE;
	if (is_default && service_available() && service_stop() < 0)
		return EXIT_FAILURE;
	if (join_files_remove(&files) < 0)
		return EXIT_FAILURE;
	printf("Removed %s and %s.\n", files.config, files.key);
	if (is_there(config->control))
		puts("The client still runs: tscf-client stop");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
