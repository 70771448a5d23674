/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/capture.h"

#include "tscf-server/context.h"
#include "tscf-server/workers_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct opening {
	struct tscf_tap_filter filter;
	const char *who; /**< NULL: all clients */
	int error;
};

/** The text must outlive the request: the tap owns a copy. */
static int mean(struct server_state *state, const char *who)
{
	char *copy = NULL;

	if (who && !(copy = strdup(who)))
		return -ENOMEM;
	if (copy)
		server_who_read(copy, &state->captured);
	else
		state->captured = (struct server_who){.tsid = TSCF_TSID_NONE};
	return 0;
}

static void close_one(struct server_worker *worker, void *data)
{
	struct server_state *state = worker->state;

	(void)data;
	tscf_tap_close(&state->tap);
	free((char *)(uintptr_t)state->captured.identity);
	state->captured = (struct server_who){.tsid = TSCF_TSID_NONE};
}

static void open_one(struct server_worker *worker, void *data)
{
	struct opening *opening = data;

	if (opening->error == 0)
		opening->error = mean(worker->state, opening->who);
	if (opening->error == 0)
		opening->error = tscf_tap_open(&worker->state->tap, &opening->filter, false);
}

static void close_all(void *context)
{
	server_workers_each(context, close_one, NULL);
}

static int open_all(void *context, const struct tscf_control_call_in *call)
{
	struct opening opening = {
	    .filter = {.protocol = (uint8_t)call->request.protocol, .port = (uint16_t)call->request.level},
	    .who = call->text && call->text[0] ? call->text : NULL};

	server_workers_each(context, open_one, &opening);
	if (opening.error < 0)
		close_all(context);
	return opening.error;
}

static struct tscf_tap *tap(void *context, unsigned n)
{
	const struct server *server = context;

	return n < server->worker_count ? &server->workers[n].state->tap : NULL;
}

const struct tscf_capture_taps server_capture_taps = {.open = open_all, .close = close_all, .tap = tap};
