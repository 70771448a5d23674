/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/capture.h"

#include "common/capture/selection.h"
#include "tscf-server/context.h"
#include "tscf-server/workers_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct opening {
	struct tscf_capture_selection of;
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
		opening->error = mean(worker->state, opening->of.client);
	if (opening->error == 0)
		opening->error = tscf_tap_open(&worker->state->tap, &opening->of.filter, false);
}

static void close_all(void *context)
{
	server_workers_each(context, close_one, NULL);
}

static int open_all(void *context, const struct tscf_control_call_in *call)
{
	struct opening opening = {.error = 0};
	void *owner;
	int err = tscf_capture_selection_read(&call->request, call->text, &opening.of, &owner);

	if (err < 0)
		return err;
	server_workers_each(context, open_one, &opening);
	tscf_capture_selection_free(owner);
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
