/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/authorisation.h"

#include "tscf-server/radius/asker.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/way.h"

#include "common/base/clock.h"
#include "common/crypto/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/** How much later than its question a worker gives up. */
#define GRACE_MS 1000

/** A request that waits. */
struct waiter {
	struct server_way way;
	uint32_t length;
	uint8_t *data;
};

/** One client that is asked about, or was; in order of `asked`. */
struct server_authorisation {
	struct server_authorisation *prev, *next;
	uint64_t id;
	uint64_t asked;
	bool decided;
	struct tscf_client_name who;
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	struct tscf_addr source;
	struct server_ruling ruling;
	struct waiter waiter[SERVER_AUTHORISATION_WAITERS];
	unsigned waiters;
};

static struct server_authorisation *find(const struct server_authorisations *all, const struct server_request *r,
					 const struct tscf_client_name *who, const uint8_t *client_id)
{
	const struct tscf_addr source = tscf_endpoint_addr(&r->in->place.outer);
	struct server_authorisation *a;

	DL_FOREACH(all->first, a)
		if (tscf_addr_equal(&a->source, &source) &&
		    memcmp(a->client_id, client_id, sizeof(a->client_id)) == 0 && strcmp(a->who.name, who->name) == 0 &&
		    tscf_equal_secret(a->who.key, who->key, sizeof(who->key)))
			return a;
	return NULL;
}

static void forget(struct server_authorisations *all, struct server_authorisation *a)
{
	DL_DELETE(all->first, a);
	all->count--;
	for (unsigned n = 0; n < a->waiters; n++)
		free(a->waiter[n].data);
	free(a);
}

static bool has_room(const struct server_authorisations *all, const struct tscf_client_name *who)
{
	const struct server_authorisation *a;
	unsigned same = 0;

	DL_FOREACH(all->first, a)
		same += strcmp(a->who.name, who->name) == 0;
	return all->count < SERVER_AUTHORISATIONS_MAX && same < SERVER_AUTHORISATIONS_EACH;
}

/** @return a new one at the end of the list, or NULL. */
static struct server_authorisation *begin(struct server_authorisations *all, const struct server_request *r,
					  const struct tscf_client_name *who, const uint8_t *client_id)
{
	struct server_authorisation *a = has_room(all, who) ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return NULL;
	a->id = ++all->asked;
	a->asked = r->in->now;
	a->who = *who;
	a->source = tscf_endpoint_addr(&r->in->place.outer);
	memcpy(a->client_id, client_id, sizeof(a->client_id));
	DL_APPEND(all->first, a);
	all->count++;
	return a;
}

static int ask(const struct server_authorisations *all, const struct server_request *r,
	       const struct server_authorisation *a)
{
	const char *name = strchr(a->who.name, ' ');
	struct server_question question = {
	    .id = a->id, .worker = all->worker, .until = tscf_clock_now() + all->timeout, .outer = r->in->place.outer};

	snprintf(question.user, sizeof(question.user), "%s", name ? name + 1 : a->who.name);
	return server_asker_ask(all->asker, &question);
}

/** Keep the request.  One that is kept already was repeated by its client, or has no room: it will be repeated. */
static void wait_for(struct server_authorisation *a, const struct server_request *r)
{
	const struct server_way way = server_way_of(r->in);
	struct waiter *w = &a->waiter[a->waiters];

	for (unsigned n = 0; n < a->waiters; n++)
		if (a->waiter[n].way.listener == way.listener && a->waiter[n].way.serial == way.serial &&
		    tscf_endpoint_equal(&a->waiter[n].way.outer, &way.outer))
			return;
	if (a->waiters == SERVER_AUTHORISATION_WAITERS)
		return;
	w->data = malloc(r->length);
	if (!w->data)
		return;
	memcpy(w->data, r->data, r->length);
	w->length = r->length;
	w->way = way;
	a->waiters++;
}

static bool refuse(const struct server_request *r, const struct tscf_client_name *who, enum tscf_response code,
		   const char *why, const char *message)
{
	char text[sizeof(SERVER_REFUSAL_NO_RADIUS) + SERVER_RADIUS_MESSAGE + 2];

	snprintf(text, sizeof(text), "%s%s%s", why, message[0] ? ": " : "", message);
	server_count_unauthorized(r, why);
	server_rejected_saying(r, who->name, why, message);
	server_refuse_configuration(r, code, text);
	return false;
}

/** Nobody has decided against the client: it may be let in when it asks again. */
static bool refuse_for_now(const struct server_request *r, const struct tscf_client_name *who)
{
	return refuse(r, who, TSCF_RESPONSE_SERVICE_UNAVAILABLE, SERVER_REFUSAL_NO_RADIUS, "");
}

/** @return whether the request goes on, now that there is a decision. */
static bool act(const struct server_request *r, const struct server_authorisation *a, struct server_radius_grant *grant)
{
	if (a->ruling.err == -EACCES)
		return refuse(r, &a->who, TSCF_RESPONSE_UNAUTHORIZED, SERVER_REFUSAL_RADIUS, a->ruling.message);
	if (a->ruling.err < 0)
		return refuse_for_now(r, &a->who);
	*grant = a->ruling.grant;
	return true;
}

bool server_authorise(const struct server_request *r, const struct tscf_client_name *who, const uint8_t *client_id,
		      struct server_radius_grant *grant)
{
	struct server_authorisations *all = &r->state->authorisations;
	struct server_authorisation *a;

	memset(grant, 0, sizeof(*grant));
	if (!all->asker)
		return true;
	a = find(all, r, who, client_id);
	if (a && a->decided)
		return act(r, a, grant);
	if (!a) {
		a = begin(all, r, who, client_id);
		if (!a)
			return refuse_for_now(r, who);
		if (ask(all, r, a) < 0) {
			forget(all, a);
			return refuse_for_now(r, who);
		}
	}
	wait_for(a, r);
	return false;
}

static void decide(struct server_authorisation *a, const struct server_ruling *ruling, server_authorised handle,
		   void *context)
{
	a->ruling = *ruling;
	a->decided = true;
	/* They find the decision, and do not wait again. */
	for (unsigned n = 0; n < a->waiters; n++) {
		handle(context, &a->waiter[n].way, a->waiter[n].data, a->waiter[n].length);
		free(a->waiter[n].data);
	}
	a->waiters = 0;
}

void server_authorisation_decide(struct server_state *state, const struct server_ruling *ruling, uint64_t now,
				 server_authorised handle, void *context)
{
	struct server_authorisation *a;

	DL_FOREACH(state->authorisations.first, a)
		if (a->id == ruling->id && !a->decided) {
			decide(a, ruling, handle, context);
			/* A client that was refused may be let in when it asks again. */
			if (ruling->err < 0)
				forget(&state->authorisations, a);
			else
				a->asked = now;
			return;
		}
}

void server_authorisations_tick(struct server_state *state, uint64_t now, server_authorised handle, void *context)
{
	struct server_authorisations *all = &state->authorisations;
	const struct server_ruling none = {.err = -ETIMEDOUT};
	struct server_authorisation *a, *next;

	DL_FOREACH_SAFE(all->first, a, next) {
		const uint64_t limit = a->decided ? SERVER_AUTHORISATION_MS : (uint64_t)all->timeout + GRACE_MS;

		if (now - a->asked < limit)
			continue;
		if (!a->decided)
			decide(a, &none, handle, context);
		forget(all, a);
	}
}

void server_authorisations_free(struct server_authorisations *all)
{
	while (all->first)
		forget(all, all->first);
}
