/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asks_wire.c - sends to the server what sockets ask for, on the plain tunnel if it is up, else on the encrypted one.
 *
 * Of each entry at most one request is under way.  What it says is in force when the server has granted it.
 */
#include "common/base/log.h"
#include "tscf-client/sockets/asks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/** How many times a request is sent at most: enough to find out that the tunnel is dead. */
#define TRIES 6

/** What one request says, kept until it is answered. */
struct told {
	struct asks *asks;
	unsigned count;
	struct tscf_wire_socket sockets[TSCF_SOCKETS_PER_MESSAGE];
};

/* Log each reason once, and not for each socket. */
static void note(struct asks *a, enum tscf_response code, const char *text)
{
	if (code == TSCF_RESPONSE_SUCCESS) {
		a->refusal = code;
		a->reason[0] = '\0';
		return;
	}
	if (code != a->refusal)
		tscf_warning("the server does not give sockets what they ask for: %s",
			     text[0] ? text : tscf_response_name(code));
	a->refusal = code;
	snprintf(a->reason, sizeof(a->reason), "%.*s", (int)sizeof(a->reason) - 1,
		 text[0] ? text : tscf_response_name(code));
}

static void granted(struct asks *a, const struct tscf_wire_socket *sent, const struct tscf_wire_answer *answer)
{
	struct tscf_service_entry *e = tscf_services_get(a->table, &sent->key);

	if (!e || e->told != TSCF_SERVICE_TOLD)
		return;
	if (!tscf_services_equal(&e->wanted, &sent->services)) {
		e->told = TSCF_SERVICE_FRESH;
		a->dirty = true;
		return;
	}
	e->told = TSCF_SERVICE_ANSWERED;
	e->now = answer->services;
	e->refused = answer->code != TSCF_RESPONSE_SUCCESS;
	if (tscf_services_none(&e->wanted) && !e->stream_only) {
		tscf_services_remove(a->table, e);
	} else if (answer->code == TSCF_RESPONSE_LIMIT) {
		/* Another socket may end. */
		e->told = TSCF_SERVICE_FRESH;
		a->dirty = true;
		a->hold_until = tscf_timers_now(a->timers) + ASKS_RETRY_MS;
	}
}

static void unanswered(struct asks *a, const struct told *told, int error)
{
	for (unsigned i = 0; i < told->count; i++) {
		struct tscf_service_entry *e = tscf_services_get(a->table, &told->sockets[i].key);

		if (e && e->told == TSCF_SERVICE_TOLD)
			e->told = TSCF_SERVICE_FRESH;
	}
	a->dirty = true;
	/* A request that was cancelled is sent again as soon as there is a tunnel. */
	if (error != -ECANCELED)
		a->hold_until = tscf_timers_now(a->timers) + ASKS_RETRY_MS;
}

/* @return the next answer for a socket in @p m; without one, the response code holds. */
static struct tscf_wire_answer next_answer(const struct tscf_message *m, uint32_t *offset, enum tscf_response code)
{
	/* A server that does not know the service finds the request malformed. */
	struct tscf_wire_answer answer = {.code =
					      code == TSCF_RESPONSE_SUCCESS ? TSCF_RESPONSE_SERVICE_UNAVAILABLE : code};
	struct tscf_tlv tlv;

	while (tscf_message_next(m, offset, &tlv)) {
		struct tscf_wire_answer read;

		if (tlv.type == TSCF_TLV_SOCKET_ANSWER)
			return tscf_tlv_socket_answer(&tlv, &read) == 0 ? read : answer;
	}
	return answer;
}

static void done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct told *told = user;
	struct asks *a = told->asks;
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	char text[TSCF_RESPONSE_TEXT_MAX + 1] = "";
	uint32_t offset = 0;

	(void)context;
	if (response && tscf_message_response(response, &code, text, sizeof(text)) < 0)
		error = -EPROTO;
	if (!response || error == -EPROTO) {
		unanswered(a, told, error);
		free(told);
		return;
	}
	for (unsigned i = 0; i < told->count; i++) {
		struct tscf_wire_answer answer = next_answer(response, &offset, code);

		granted(a, &told->sockets[i], &answer);
	}
	note(a, code, text);
	a->changed(a->context);
	free(told);
}

/* @return the entry after @p e that has something to send, or NULL. */
static struct tscf_service_entry *next_fresh(const struct asks *a, struct tscf_service_entry *e)
{
	do
		e = tscf_services_next(a->table, e);
	while (e && e->told != TSCF_SERVICE_FRESH);
	return e;
}

/* Send the entries from *e on that fit into one request; *e gets the first of the others.  @return whether it could. */
static bool send_some(struct asks *a, struct tunnel *t, struct tscf_service_entry **e)
{
	struct told *told = malloc(sizeof(*told));
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	int error;

	if (!told)
		return false;
	told->asks = a;
	told->count = 0;
	tunnel_begin(t, &w, buffer, TSCF_SERVICE_REQUEST);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SOCKETS);
	for (; *e && told->count < TSCF_SOCKETS_PER_MESSAGE; *e = next_fresh(a, *e)) {
		struct tscf_wire_socket *socket = &told->sockets[told->count++];

		*socket = (struct tscf_wire_socket){.key = (*e)->key, .services = (*e)->wanted};
		tscf_write_socket(&w, socket);
		(*e)->told = TSCF_SERVICE_TOLD;
	}
	error = tunnel_request(t, &w, TRIES, done, told);
	if (error < 0)
		done(t, told, NULL, error);
	return error == 0;
}

void asks_flush(struct asks *a)
{
	struct tunnel *t = a->plain->state == TUNNEL_UP ? a->plain : a->encrypted;
	struct tscf_service_entry *e;

	if (!a->dirty || t->state != TUNNEL_UP || tscf_timers_now(a->timers) < a->hold_until)
		return;
	a->dirty = false;
	a->hold_until = 0;
	e = next_fresh(a, NULL);
	while (e && send_some(a, t, &e))
		;
}
