/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/sockets.h"

#include "tscf-server/session/bind.h"

void server_sockets_restored(struct server_session *s)
{
	s->sockets_due = s->services & (SERVER_SERVICE_REDUNDANCY | SERVER_SERVICE_DDT);
}

static bool is_own(const struct server_session *s, const struct tscf_addr *local)
{
	return server_lease_has(s->lease, local) || (s->encrypted && server_lease_has(s->partner, local));
}

/** Requests may overtake each other; an earlier request must not undo a later one for the same socket. */
static bool is_overtaken(const struct server_session *s, const struct tscf_service_entry *e)
{
	return e && e->session == s->tsid && (int32_t)(s->executing - e->request) < 0;
}

static bool has_room(const struct server_state *state, const struct server_session *s)
{
	return s->sockets.count < SERVER_SOCKETS_MAX &&
	       tscf_services_count(state->services) < SERVER_SOCKETS_TOTAL / state->workers;
}

/** @return what @p s may have of @p wanted: what was assigned when its tunnel was established. */
static struct tscf_services_of granted(const struct server_session *s, const struct tscf_services_of *wanted)
{
	struct tscf_services_of services = *wanted;

	if (!(s->services & SERVER_SERVICE_REDUNDANCY))
		services.redundancy = TSCF_REDUNDANCY_NONE;
	if (!(s->services & SERVER_SERVICE_DDT))
		services.datagram = false;
	return services;
}

static void refuse(struct server_state *state, struct tscf_service_entry *e, enum tscf_response code,
		   struct tscf_wire_answer *answer)
{
	if (e)
		tscf_services_remove(state->services, e);
	*answer = (struct tscf_wire_answer){.code = code};
}

void server_socket_asks(struct server_state *state, struct server_session *s, const struct tscf_wire_socket *wire,
			struct tscf_wire_answer *answer)
{
	struct tscf_service_entry *e = tscf_services_get(state->services, &wire->key);

	if (!server_binding_key_valid(&wire->key) || tscf_binding_key_is_whole(&wire->key)) {
		*answer = (struct tscf_wire_answer){.code = TSCF_RESPONSE_MALFORMED};
		return;
	}
	if (!is_own(s, &wire->key.local)) {
		*answer = (struct tscf_wire_answer){.code = TSCF_RESPONSE_NOT_ALLOWED};
		return;
	}
	if (is_overtaken(s, e)) {
		*answer = (struct tscf_wire_answer){.services = e->now};
		return;
	}
	*answer = (struct tscf_wire_answer){.services = granted(s, &wire->services)};
	if (!tscf_services_equal(&answer->services, &wire->services))
		answer->code = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	if (tscf_services_none(&answer->services)) {
		refuse(state, e, answer->code, answer);
		return;
	}
	if (!e && !has_room(state, s)) {
		refuse(state, NULL, TSCF_RESPONSE_LIMIT, answer);
		return;
	}
	e = tscf_services_put(state->services, &wire->key, s, &s->sockets);
	if (!e) {
		refuse(state, NULL, TSCF_RESPONSE_LIMIT, answer);
		return;
	}
	e->now = answer->services;
	e->session = s->tsid;
	e->request = s->executing;
}
