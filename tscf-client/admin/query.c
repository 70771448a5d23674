/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/query.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/daemon/query.h"
#include "common/daemon/settings.h"
#include "tscf-client/admin/flush.h"
#include "tscf-client/admin/port_sockets.h"
#include "tscf-client/admin/show.h"
#include "tscf-client/admin/watch_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRAM "tscf-client"
/** Setting thousands of sockets, and waiting for the encrypted tunnel, takes a while. */
#define LEVEL_MS 15000
/** Looking at tens of thousands of sockets takes a while: eight at a time, so that packets do not wait. */
#define RELOAD_MS 60000
/** Pause between attempts to reach a control socket that does not exist yet. */
#define LOOK_MS 50

static struct tscf_control_request request_of(enum tscf_control_op op)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = op};

	return request;
}

/** @return the exit status after printing as JSON. */
static int print_json(const json_t *json)
{
	return tscf_query_print_json(json, stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/** @return the option's number, which was checked with the command line; 0 if the option was not given. */
static unsigned long number_of(const struct tscf_cli *cli, const char *name)
{
	const char *text = tscf_cli_value(cli, name);
	unsigned long value;

	return text && tscf_number_parse(text, 0, UINT32_MAX, &value) == 0 ? value : 0;
}

int query_wait_up(const char *path, unsigned long seconds)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_WAIT_UP);
	int64_t deadline = tscf_query_now() + (int64_t)seconds * 1000;
	int err, left;
	char *text;

	for (;;) {
		left = (int)(deadline - tscf_query_now());
		if (left < 0)
			left = 0;
		request.timeout_ms = (uint32_t)left;
		/* The daemon keeps the time.  Our timeout is a little longer, so that its answer arrives first. */
		err = tscf_control_query(path, &request, left + 1000, &text);
		if (err == EKEYREJECTED)
			tscf_error("not up: %s", text ? text : strerror(err));
		else if (err > 0)
			tscf_error("not up after %lu s: %s", seconds, text ? text : strerror(err));
		free(text);
		if (err >= 0 || err == -EACCES || err == -EPERM || left == 0)
			break;
		tscf_query_pause(left < LOOK_MS ? left : LOOK_MS);
	}
	if (err < 0)
		tscf_query_report(PROGRAM, path, TSCF_CONTROL_WAIT_UP, err);
	return err;
}

int query_status(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_STATUS);
	int status = EXIT_SUCCESS;
	json_t *json;

	if (tscf_cli_has(cli, "wait-up")) {
		int err = query_wait_up(config->control, number_of(cli, "wait-up"));

		if (err < 0)
			return EXIT_FAILURE;
		/* Not up: the status shows why. */
		if (err > 0)
			status = EXIT_FAILURE;
	}
	if (tscf_query(PROGRAM, config->control, &request, TSCF_QUERY_MS, &json) != 0)
		return EXIT_FAILURE;
	if (!tscf_cli_has(cli, "json"))
		show_status(json, time(NULL), stdout);
	else if (print_json(json) != EXIT_SUCCESS)
		status = EXIT_FAILURE;
	json_decref(json);
	return status;
}

int query_sockets(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_SOCKETS);
	int status = EXIT_SUCCESS;
	json_t *json;

	if (tscf_cli_has(cli, "watch"))
		return watch_sockets(config);
	if (tscf_query(PROGRAM, config->control, &request, TSCF_QUERY_MS, &json) != 0)
		return EXIT_FAILURE;
	if (tscf_cli_has(cli, "json"))
		status = print_json(json);
	else
		show_sockets(json, stdout);
	json_decref(json);
	return status;
}

int query_sip(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_STATUS);
	const json_t *list, *one;
	int status;
	json_t *json;
	size_t i;

	if (tscf_query(PROGRAM, config->control, &request, TSCF_QUERY_MS, &json) != 0)
		return EXIT_FAILURE;
	list = json_object_get(json_object_get(json, "plain"), "sip");
	status = json_array_size(list) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (tscf_cli_has(cli, "json")) {
		if (print_json(list) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	} else {
		json_array_foreach(list, i, one) printf("%s\n", json_string_value(one));
	}
	json_decref(json);
	return status;
}

/** Say which sockets have the port, if any. */
static void say_sockets(uint16_t port)
{
	struct port_sockets sockets;

	if (port_sockets_find(port, &sockets) < 0)
		return;
	fprintf(stderr, sockets.count > 0 ? "Sockets with local port %u:\n" : "No socket has the local port %u.\n",
		port);
	port_sockets_show(&sockets, stderr);
	port_sockets_free(&sockets);
}

/** @return the protocol that is meant by a port alone, or 0 (logged). */
static uint8_t protocol_meant(uint16_t port)
{
	struct port_sockets sockets;
	uint8_t protocol;

	if (port_sockets_find(port, &sockets) < 0) {
		tscf_error("the kernel does not list its sockets: expected --proto udp|tcp");
		return 0;
	}
	protocol = port_sockets_protocol(&sockets);
	if (sockets.count == 0) {
		tscf_error("no socket has the local port %u", port);
	} else if (protocol == 0) {
		tscf_error("port %u: both protocols have sockets, or none is yours: expected --proto udp|tcp, or "
			   "another port",
			   port);
		port_sockets_show(&sockets, stderr);
	}
	port_sockets_free(&sockets);
	return protocol;
}

/** Ask something for the sockets that the command line selects.  @return 0 with the answer, or an error: with an answer
 * that says for which sockets it was not possible, or logged. */
static int ask_of_sockets(const struct tscf_cli *cli, const struct client_config *config,
			  struct tscf_control_request *request, json_t **json)
{
	const char *protocol = tscf_cli_value(cli, "proto");
	int err;

	request->pid = (int32_t)number_of(cli, "pid");
	request->port = (uint16_t)number_of(cli, "port");
	*json = NULL;
	if (protocol)
		request->protocol = strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	else if (request->port != 0)
		request->protocol = protocol_meant(request->port);
	if (request->port != 0 && request->protocol == 0)
		return EINVAL;
	request->timeout_ms = LEVEL_MS;
	err = tscf_query_partly(PROGRAM, config->control, request, LEVEL_MS + 1000, json);
	if (err == ENOENT && request->port != 0)
		say_sockets(request->port);
	return err;
}

int query_level(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_LEVEL_OF);
	int status = EXIT_SUCCESS, err;
	enum tscf_level level;
	json_t *json = NULL;

	if (tscf_level_parse(cli->argument, &level) != 0)
		return EXIT_FAILURE;
	request.level = level;
	err = ask_of_sockets(cli, config, &request, &json);
	if (json && tscf_cli_has(cli, "json"))
		status = print_json(json);
	else if (json)
		show_moved(json, tscf_level_name(level), stdout);
	if (json && err > 0) {
		tscf_error("not all sockets have this level: %s", strerror(err));
		show_missed(json, stderr);
	}
	json_decref(json);
	return err != 0 ? EXIT_FAILURE : status;
}

/** Let the sockets ask for @p what, a service and how much of it. */
static int ask_for(const struct tscf_cli *cli, const struct client_config *config, struct tscf_control_request *request,
		   const char *what)
{
	int status = EXIT_SUCCESS;
	json_t *json;

	if (ask_of_sockets(cli, config, request, &json) != 0) {
		json_decref(json);
		return EXIT_FAILURE;
	}
	if (tscf_cli_has(cli, "json"))
		status = print_json(json);
	else
		printf("%zu %s for %s %s\n", json_array_size(json),
		       json_array_size(json) == 1 ? "socket asks" : "sockets ask", what, cli->argument);
	json_decref(json);
	return status;
}

int query_redundancy(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_REDUNDANCY_OF);
	uint8_t redundancy;

	if (tscf_redundancy_parse(cli->argument, &redundancy) != 0)
		return EXIT_FAILURE;
	request.level = redundancy;
	return ask_for(cli, config, &request, "redundancy");
}

int query_datagram(const struct tscf_cli *cli, const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_DATAGRAM_OF);
	uint8_t datagram;

	if (tscf_datagram_parse(cli->argument, &datagram) != 0)
		return EXIT_FAILURE;
	request.level = datagram;
	return ask_for(cli, config, &request, "datagram");
}

int query_reload(const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_RELOAD);
	char *text;
	int err = tscf_control_query(config->control, &request, RELOAD_MS, &text);

	free(text);
	if (err != 0)
		tscf_query_report(PROGRAM, config->control, TSCF_CONTROL_RELOAD, err);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int query_stop(const struct client_config *config)
{
	return tscf_query_stop(PROGRAM, config->control) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int query_flush(const struct client_config *config)
{
	struct tscf_control_request request = request_of(TSCF_CONTROL_FLUSH);
	char *text;
	int err = tscf_control_query(config->control, &request, TSCF_QUERY_MS, &text);

	free(text);
	if (err != -ENOENT && err != -ECONNREFUSED)
		tscf_query_report(PROGRAM, config->control, TSCF_CONTROL_FLUSH, err);
	else if ((err = client_flush(config)) != 0)
		tscf_error("cannot remove rules and routes: %s", strerror(-err));
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
