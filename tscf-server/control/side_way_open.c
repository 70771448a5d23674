/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/side_way_open.h"

#include "tscf-server/control/deny.h"
#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/media.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/side_ways.h"

#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

/** @return whether the source of the request belongs to no session yet. */
static bool is_free(const struct server_input *in)
{
	return !in->session || (in->place.connection && in->session->encrypted && !in->session->confirmed);
}

/** @return whether a side way of @p s for @p service can be by the transport that the request came by: datagrams beside
 * the stream, or another connection to its port. */
static bool fits(const struct server_request *r, const struct server_session *s, enum tscf_service service)
{
	const struct server_listener *l = r->in->place.listener;
	const struct tscf_transport_ops *ops = l->transport->ops;

	if (!s->listener->transport->ops->stream)
		return false;
	if (service == TSCF_SERVICE_ENABLE_REDUNDANCY)
		return l == s->listener;
	return !ops->stream && ops->encrypted == s->encrypted;
}

/** @return the session that the request may open a side way for, or NULL. */
static struct server_session *session_of(const struct server_request *r, enum tscf_service service)
{
	struct server_session *s = server_session_find(&r->state->sessions, r->message->tsid);

	if (!s || !(service == TSCF_SERVICE_ENABLE_DDT ? s->media != NULL : s->copy_ways != NULL))
		return NULL;
	/* A plain session without keys could be taken by anybody. */
	if (!s->confirmed || s->interface != r->in->interface || !(s->encrypted || r->sealed))
		return NULL;
	return fits(r, s, service) ? s : NULL;
}

/** The client receives there. */
static void opened(const struct server_request *r, const struct server_session *s, struct server_side_way *way)
{
	const enum tscf_log_level level = server_client_line(r->state, &way->peer->outer, r->in->now);
	bool copies = way->listener->transport->ops->stream;
	char from[TSCF_ADDR_TEXT];

	way->proved = true;
	way->offered = false;
	way->since = r->in->now;
	server_count(&r->state->counters, copies ? SERVER_COUNT_COPY_WAYS_OPENED : SERVER_COUNT_MEDIA_OPENED);
	TSCF_LOG_IF_SHOWN(level, "%s of the %s tunnel of %s %s %s", copies ? "copies" : "media",
			  s->encrypted ? "encrypted" : "plain", tscf_endpoint_format(&way->peer->outer, from),
			  copies ? "go by another" : "goes by", way->listener->transport->ops->name);
}

/** Give the source of the request to @p s.  @return whether there was memory for it. */
static bool attach(const struct server_request *r, struct server_session *s, struct server_side_way *way)
{
	const struct server_place *place = &r->in->place;

	server_side_way_detach(way);
	if (place->connection) {
		if (r->in->session)
			server_session_discard(r->state, r->in->session, r->in->now);
		way->peer = place->connection;
		way->peer->user = s;
	} else {
		way->peer = r->state->add_peer(place->listener->transport, &place->outer, &place->local, s);
		tscf_random(way->cookie, sizeof(way->cookie));
	}
	if (!way->peer)
		return false;
	way->listener = place->listener;
	way->heard = r->in->now;
	if (place->connection)
		opened(r, s, way);
	return true;
}

static bool shows_secret(const struct server_side_way *way, const uint8_t hash[SERVER_SECRET_SIZE])
{
	return way->offered && tscf_equal_secret(hash, way->hash, SERVER_SECRET_SIZE);
}

/** @return the way of @p s that was offered with the hash of @p secret, or NULL. */
static struct server_side_way *offered(const struct server_session *s, enum tscf_service service,
				       const struct tscf_tlv *secret)
{
	uint8_t hash[SERVER_SECRET_SIZE];

	tscf_sha256(secret->value, secret->length, hash);
	if (service == TSCF_SERVICE_ENABLE_DDT)
		return s->media && shows_secret(&s->media->way, hash) ? &s->media->way : NULL;
	for (unsigned i = 0; s->copy_ways && i < SERVER_COPY_WAYS; i++)
		if (shows_secret(&s->copy_ways->way[i], hash))
			return &s->copy_ways->way[i];
	return NULL;
}

static void answer(const struct server_request *r, const struct server_side_way *way)
{
	struct tscf_writer w;

	server_respond_begin(r, &w, r->message->tsid);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, "");
	if (!way->proved)
		tscf_write_bytes(&w, TSCF_TLV_COOKIE, way->cookie, sizeof(way->cookie));
	server_respond_finish(r, &w);
}

/** @return whether the request is one to open a side way; *service and *secret get what it says. */
static bool is_to_open(const struct tscf_message *m, enum tscf_service *service, struct tscf_tlv *secret)
{
	return m->type == TSCF_SERVICE_REQUEST && tscf_message_service(m, service) == 0 &&
	       (*service == TSCF_SERVICE_ENABLE_DDT || *service == TSCF_SERVICE_ENABLE_REDUNDANCY) &&
	       tscf_message_find(m, TSCF_TLV_RESERVATION_SECRET, secret);
}

static void refuse(const struct server_request *r, const struct server_session *s, enum tscf_service service,
		   enum tscf_response code, const char *why)
{
	server_deny(r, s, service == TSCF_SERVICE_ENABLE_DDT ? "media way" : "copy way",
		    SERVER_COUNT_REFUSED_RESERVATION, code, why);
}

bool server_side_way_attach(const struct server_request *r)
{
	enum tscf_service service;
	struct server_side_way *way;
	struct server_session *s;
	struct tscf_tlv secret;

	if (!is_to_open(r->message, &service, &secret))
		return false;
	s = session_of(r, service);
	if (!s)
		return false;
	way = server_side_way_at(s, &r->in->place);
	if (way && r->in->session == s) {
		answer(r, way);
		return true;
	}
	/* The source or connection is that other worker's, and so would all be that came by the way. */
	if (r->in->home) {
		refuse(r, s, service, TSCF_RESPONSE_NOT_ALLOWED, "it would not reach the worker that has the tunnel");
		return true;
	}
	if (!is_free(r->in))
		return false;
	way = offered(s, service, &secret);
	if (!way)
		refuse(r, s, service, TSCF_RESPONSE_RESERVATION, "not the secret of an offered way");
	else if (!attach(r, s, way))
		refuse(r, s, service, TSCF_RESPONSE_LIMIT, "out of memory");
	else
		answer(r, way);
	return true;
}

void server_side_way_heard(const struct server_request *r)
{
	struct server_side_way *way = server_side_way_at(r->session, &r->in->place);
	struct tscf_tlv cookie;

	if (!way)
		return;
	way->heard = r->in->now;
	if (!way->proved && tscf_message_find(r->message, TSCF_TLV_COOKIE, &cookie) &&
	    cookie.length == sizeof(way->cookie) && tscf_equal_secret(cookie.value, way->cookie, cookie.length))
		opened(r, r->session, way);
}
