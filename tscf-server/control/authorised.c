/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/authorised.h"

#include "tscf-server/context.h"
#include "tscf-server/session/authorisation.h"
#include "tscf-server/session/enrolling.h"
#include "tscf-server/session/way.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/transport/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** As when the message comes now. */
static void handle_again(void *context, const struct server_way *way, const uint8_t *data, uint32_t length)
{
	struct server_worker *worker = context;
	struct server_answer answer;
	struct server_input in;
	struct tscf_peer *peer;

	if (!server_way_find(worker->state, way, tscf_clock_now(), &in))
		return;
	peer = in.place.connection;
	worker->redispatch(worker->state, &in, data, length, &answer);
	server_way_answer(worker, &in.place, &answer);
	if (peer && !in.encrypted && peer->user)
		tscf_stream_adopt(peer, peer->user);
	if (answer.end)
		server_session_end(worker->state, answer.end, in.now, answer.why);
}

static void ruling_arrives(void *owner, void *data)
{
	struct server_worker *worker = owner;

	server_authorisation_decide(worker->state, data, tscf_clock_now(), handle_again, worker);
}

void server_authorised_pass(void *context, unsigned worker, const struct server_ruling *ruling)
{
	struct server *server = context;
	struct server_ruling *mail = malloc(sizeof(*mail));

	if (!mail)
		return;
	*mail = *ruling;
	/* If it is lost, the requests are refused when they have waited for too long. */
	if (server_mailbox_post(&server->workers[worker].mailbox, ruling_arrives, mail) < 0)
		free(mail);
}

static void record_written(void *owner, void *data)
{
	struct server_worker *worker = owner;

	(void)data;
	server_enrolling_again(&worker->state->enrolling, handle_again, worker);
}

void server_authorised_recorded(void *context)
{
	struct server *server = context;

	/* Where it is lost, clients repeat their requests. */
	for (unsigned n = 0; n < server->worker_count; n++)
		server_mailbox_post(&server->workers[n].mailbox, record_written, NULL);
}

int server_authorised_prepare(struct server *server, const struct server_config *config)
{
	if (!config->radius_access || server->asker)
		return 0;
	server->asker = server_asker_new(server_authorised_pass, server);
	if (server->asker)
		return 0;
	tscf_error("radius-access: %s", strerror(ENOMEM));
	return -ENOMEM;
}

void server_authorised_change(struct server *server, const struct server_config *config)
{
	if (config->radius_access && server_asker_change(server->asker, config->radius_access) < 0)
		tscf_error("radius-access: %s: nothing was changed", strerror(ENOMEM));
}

void server_authorised_take(struct server_worker *worker, const struct server_config *config)
{
	struct server_authorisations *all = &worker->state->authorisations;

	all->asker = config->radius_access ? worker->server->asker : NULL;
	all->worker = worker->index;
	all->timeout = config->radius_timeout * 1000;
}

void server_authorised_tick(struct server_worker *worker, uint64_t now)
{
	server_authorisations_tick(worker->state, now, handle_again, worker);
}
