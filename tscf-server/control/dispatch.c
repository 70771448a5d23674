/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/dispatch.h"

#include "tscf-server/accounting/reasons.h"
#include "tscf-server/control/kinds.h"
#include "tscf-server/control/migrate.h"
#include "tscf-server/control/resume.h"
#include "tscf-server/control/room.h"
#include "tscf-server/control/side_way_open.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/session/bind.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/rival.h"
#include "tscf-server/session/sealing.h"
#include "tscf-server/session/side_ways.h"
#include "tscf-server/store/journal.h"

#include <string.h>

static bool is_request(enum tscf_message_type type)
{
	switch (type) {
	case TSCF_CONFIGURATION_REQUEST:
	case TSCF_RESUME_REQUEST:
	case TSCF_RELEASE_REQUEST:
	case TSCF_KEEPALIVE_REQUEST:
	case TSCF_SERVICE_REQUEST:
	case TSCF_CHAIN_REQUEST:
	case TSCF_CERTIFICATE_REQUEST:
		return true;
	default:
		return false;
	}
}

/** @return the session with that TSID: the one at the outer address of the message or the one pending there; else
 * NULL. */
static struct server_session *session_of(const struct server_input *in, uint64_t tsid)
{
	struct server_session *s = in->session;

	if (!s || tsid == TSCF_TSID_NONE)
		return NULL;
	if (s->tsid == tsid)
		return s;
	return s->pending && s->pending->tsid == tsid ? s->pending : NULL;
}

static void repeat(const struct server_request *r, const struct server_cached_reply *kept)
{
	server_count(&r->state->counters, SERVER_COUNT_CONTROL_REPEATED);
	if (server_reply_exceeds(r, kept->length)) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNANSWERED);
		return;
	}
	memcpy(r->answer->data, kept->data, kept->length);
	r->answer->length = kept->length;
}

/** @return whether the request has the key share that @p s was made with: only then does the same answer work. */
static bool shares(const struct server_session *s, const struct tscf_message *m)
{
	struct tscf_tlv share;

	return tscf_message_find(m, TSCF_TLV_KEY_SHARE, &share) && memcmp(s->share, share.value, sizeof(s->share)) == 0;
}

/** @return whether @p s was made by this very request. */
static bool made_by(const struct server_session *s, const struct server_request *r, const struct tscf_tlv *id)
{
	return s && s->configuration.data && s->configuration.sequence == r->message->sequence &&
	       (s->encrypted || (memcmp(s->client_id, id->value, sizeof(s->client_id)) == 0 && shares(s, r->message)));
}

/** @return whether the answer makes the client repeat its request, with a cookie, after its certificates, or with its
 * lasting key. */
static bool asks_again(const struct server_answer *answer)
{
	enum tscf_response code;
	struct tscf_message m;

	return tscf_message_decode(answer->data, answer->length, &m) == 0 &&
	       tscf_message_response(&m, &code, NULL, 0) == 0 &&
	       (code == TSCF_RESPONSE_COOKIE || code == TSCF_RESPONSE_CERTIFICATES || code == TSCF_RESPONSE_ENROLLED);
}

/**
 * Configure a plain tunnel on an encrypted connection, for clients whose network blocks the other ports.  A plain
 * session replaces the session that was made for the connection.  A refusal closes the connection.
 */
static void configure_plain_inside(const struct server_request *r)
{
	struct server_session *accepted = r->in->session;
	struct tscf_peer *peer = r->in->place.connection;
	struct server_input in = *r->in;
	struct server_request plain = *r;

	in.session = NULL;
	in.encrypted = false;
	plain.in = &in;
	server_configure_plain(&plain);
	/* Without an answer it waits for a decision. */
	if (peer->user == accepted && (r->answer->length == 0 || asks_again(r->answer)))
		return;
	if (peer->user == accepted) {
		r->answer->end = accepted;
		r->answer->why = "its plain tunnel was refused";
		return;
	}
	server_session_discard(r->state, accepted, in.now);
}

/** @return whether the request is for an encrypted tunnel, which needs a reservation. */
static bool is_reserved(const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	return tscf_message_find(m, TSCF_TLV_RESERVED_TSID, &tlv) ||
	       tscf_message_find(m, TSCF_TLV_RESERVATION_SECRET, &tlv);
}

static void handle_configuration(const struct server_request *r)
{
	struct server_session *s = r->in->session;
	struct tscf_tlv id;

	if (!tscf_message_find(r->message, TSCF_TLV_CLIENT_ID, &id)) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_MALFORMED);
		server_rejected(r, NULL, "no client identifier");
		server_respond(r, TSCF_TSID_NONE, TSCF_RESPONSE_MALFORMED, "no client identifier");
		if (r->in->encrypted && !s->confirmed) {
			r->answer->end = s;
			r->answer->why = "its configuration request lacks something";
		}
	} else if (made_by(s, r, &id)) {
		repeat(r, &s->configuration);
		r->answer->after = s->encrypted ? server_journal_ticket(r->state, s) : 0;
	} else if (s && made_by(s->pending, r, &id)) {
		repeat(r, &s->pending->configuration);
	} else if (!r->in->encrypted && !(s && r->in->place.connection)) {
		server_configure_plain(r);
	} else if (r->in->encrypted && !s->confirmed && is_reserved(r->message)) {
		server_configure_encrypted(r);
	} else if (r->in->encrypted && !s->confirmed) {
		configure_plain_inside(r);
	} else {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_WRONG_TSID);
		r->answer->end = s;
		r->answer->why = "it asked to be configured twice";
	}
}

static void handle_release(const struct server_request *r)
{
	server_respond(r, r->message->tsid, TSCF_RESPONSE_SUCCESS, "");
	r->answer->end = r->session;
	r->answer->why = SERVER_WHY_RELEASED;
	if (r->session->yield.state != SERVER_YIELD_ASKED)
		return;
	server_count(&r->state->counters, SERVER_COUNT_ENCRYPTED_YIELDED);
	r->answer->why = SERVER_WHY_YIELDED;
}

/** Take the MTU that the client reports for its tunnel; a request that a later one has overtaken is ignored. */
static void take_mtu(const struct server_request *r)
{
	struct server_session *s = r->session;
	struct tscf_tlv tlv;
	uint16_t mtu;

	if (!tscf_message_find(r->message, TSCF_TLV_MTU, &tlv) || tscf_tlv_u16(&tlv, &mtu) < 0 ||
	    (int32_t)(r->message->sequence - s->mtu_sequence) <= 0)
		return;
	s->mtu_sequence = r->message->sequence;
	server_lease_narrow(&r->state->leases, s->lease, mtu < r->state->settings.mtu ? mtu : 0);
}

/** Take the client's report on whether its preferred sockets are to be served in clear. */
static void take_aside(const struct server_request *r)
{
	struct tscf_tlv tlv;

	if (r->session->encrypted)
		server_liveness_reported(r->state, r->session, tscf_message_find(r->message, TSCF_TLV_ASIDE, &tlv),
					 r->message->sequence, r->in->now);
}

/** Take what the client says of its need; if it does not yield, another one must. */
static void take_need(const struct server_request *r)
{
	struct server_session *s = r->session;

	if (s->encrypted && server_yield_take_need(r->state, s, r->message))
		server_room_search(r->state, s->interface, r->in->now);
}

/* An answer of the size of its request shows that the path carries that size both ways. */
static void handle_keepalive(const struct server_request *r)
{
	struct tscf_writer w;

	/* What is said of the tunnel is said by its stream. */
	if (!server_side_way_at(r->session, &r->in->place)) {
		take_mtu(r);
		take_aside(r);
		take_need(r);
	}
	server_respond_begin(r, &w, r->message->tsid);
	if (r->session->shields_due)
		tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	if (r->session->sockets_due)
		tscf_write_bytes(&w, TSCF_TLV_SOCKETS_DUE, NULL, 0);
	if (!r->session->encrypted && r->session->lease->shared)
		tscf_write_bytes(&w, TSCF_TLV_SHARED_ID, NULL, 0);
	if (!r->session->encrypted && server_bindings_left(r->session))
		tscf_write_bytes(&w, TSCF_TLV_ENTRIES_LEFT, NULL, 0);
	tscf_write_pad(&w, r->sealed ? r->length - TSCF_SEAL_SIZE : r->length);
	server_respond_finish(r, &w);
	r->answer->whole = true;
	/* This client hears the server now. */
	if (!r->session->encrypted)
		server_networks_tell(r->state, r->session);
}

static void take_keepalive_response(const struct server_request *r)
{
	server_liveness_answered(r->session, r->message->sequence, r->in->now);
	server_networks_answered(r->session, r->message->sequence);
}

/** Execute a request unless it was executed before. */
static void handle_service(const struct server_request *r)
{
	struct server_session *s = r->session;
	const struct server_cached_reply *kept = server_reply_cache_find(&s->answers, r->message->sequence);

	if (kept)
		repeat(r, kept);
	else
		server_serve(r);
	/* The answer must still be true after a restart. */
	r->answer->after = server_journal_ticket(r->state, s);
	if (kept)
		return;
	if (r->answer->length > 0)
		server_reply_cache_keep(&s->answers, s->encrypted ? SERVER_REPLY_CACHE_MAX : SERVER_REPLY_CACHE_PLAIN,
					r->message->sequence, r->answer->data, r->answer->length);
}

static void handle_request(const struct server_request *r)
{
	switch (r->message->type) {
	case TSCF_RELEASE_REQUEST:
		handle_release(r);
		break;
	case TSCF_KEEPALIVE_REQUEST:
		handle_keepalive(r);
		break;
	case TSCF_SERVICE_REQUEST:
		handle_service(r);
		break;
	default:
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNEXPECTED);
		break;
	}
}

static void end_misdirected(const struct server_request *r)
{
	server_count(&r->state->counters, SERVER_COUNT_CONTROL_WRONG_TSID);
	r->answer->end = r->in->session;
	r->answer->why = "it sent a message with a wrong TSID";
}

/** On an encrypted tunnel nobody else can send a wrong TSID.  On a plain one, its MAC is wrong or missing. */
static bool ends_session(const struct server_session *s, const struct server_input *in)
{
	return s && !s->seal.agreed && in->place.connection;
}

/** The session may be with another worker, which can seal the answer that the client needs: it heeds no other. */
static bool ask_others(const struct server_request *r)
{
	enum tscf_message_type type = r->message->type;
	bool of_tunnel = type == TSCF_KEEPALIVE_REQUEST || type == TSCF_SERVICE_REQUEST || type == TSCF_RELEASE_REQUEST;

	return of_tunnel && !r->in->session && !r->sealed && server_migrate_ask(r->in, r->data, r->length);
}

/** A client that resumes asks for services as soon as its key is accepted.  If the keepalive that proves its address
 * was lost, NO_SESSION would have it resume once more; it repeats both. */
static bool is_too_early(const struct server_request *r)
{
	return r->message->type == TSCF_SERVICE_REQUEST && server_resume_awaits_proof(r);
}

static void wrong_tsid(const struct server_request *r)
{
	const struct server_input *in = r->in;

	if (ends_session(in->session, in)) {
		end_misdirected(r);
		return;
	}
	/* The answer tells a client at once that the server does not know its session, or that its own outer address
	 * has changed. */
	if (!in->session && (server_migrate_under_way(in, r->message->tsid) || is_too_early(r))) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNANSWERED);
		return;
	}
	if (ask_others(r))
		return;
	if (!in->session && is_request(r->message->type) && r->message->type != TSCF_CONFIGURATION_REQUEST) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_NO_SESSION);
		server_respond(r, r->message->tsid, TSCF_RESPONSE_NO_SESSION, "");
		return;
	}
	server_count(&r->state->counters, SERVER_COUNT_CONTROL_WRONG_TSID);
}

/** A connection that has a tunnel cannot get another; one that is only secured may get a plain one. */
static bool may_resume(const struct server_input *in, uint64_t tsid)
{
	const struct server_session *s = in->session;

	if (!in->place.connection || !s)
		return true;
	return s->encrypted ? !s->confirmed : s->tsid == tsid;
}

static void handle_of_session(const struct server_request *r)
{
	const struct server_input *in = r->in;
	const struct tscf_message *m = r->message;

	r->session->heard = in->now;
	server_side_way_heard(r);
	if (server_rival_outlives(r->session, in->now)) {
		server_rejected(r, r->session->who ? r->session->who->name : NULL, SERVER_REFUSAL_SAME_ID);
		server_respond(r, m->tsid, TSCF_RESPONSE_NO_SESSION, SERVER_REFUSAL_SAME_ID);
		r->answer->end = r->session;
		r->answer->why = "another client with its identifier has these addresses";
		return;
	}
	/* A session that its client releases must not replace another. */
	if (m->type != TSCF_RELEASE_REQUEST)
		server_session_confirm(r->state, r->session, in->now);
	if (m->type == TSCF_CONFIGURATION_REQUEST)
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNEXPECTED);
	else if (is_request(m->type))
		handle_request(r);
	else if (m->type == TSCF_KEEPALIVE_RESPONSE)
		take_keepalive_response(r);
	else if (m->type != TSCF_RELEASE_RESPONSE)
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNEXPECTED);
}

static void handle(struct server_request *r)
{
	const struct server_input *in = r->in;
	const struct tscf_message *m = r->message;

	if (m->type == TSCF_CONFIGURATION_REQUEST && m->tsid == TSCF_TSID_NONE) {
		handle_configuration(r);
		return;
	}
	if (m->type == TSCF_CHAIN_REQUEST && m->tsid == TSCF_TSID_NONE) {
		server_send_chain(r);
		return;
	}
	if (m->type == TSCF_CERTIFICATE_REQUEST && m->tsid == TSCF_TSID_NONE) {
		server_admission_certificates(r);
		return;
	}
	if (server_sealing_misdirected(r)) {
		end_misdirected(r);
		return;
	}
	if (!server_sealing_open(r))
		return;
	if (m->type == TSCF_RESUME_REQUEST && may_resume(in, m->tsid)) {
		server_resume(r);
		return;
	}
	if (server_side_way_attach(r))
		return;
	r->session = session_of(in, m->tsid);
	if (!r->session && !in->place.connection && server_resume_prove(r))
		return;
	if (r->session)
		handle_of_session(r);
	else
		wrong_tsid(r);
}

/**
 * A side way is no place for another session.  But a translator gives the port of a client that is gone to another
 * client: a way of datagrams that is silent is closed then, and the message is from an unknown source.
 *
 * @param in  out: what holds for the message
 * @return whether the message may be handled.
 */
static bool may_be_here(const struct server_request *r, struct server_input *in)
{
	struct server_side_way *way = server_side_way_at(in->session, &in->place);

	if (!way || r->message->tsid == in->session->tsid)
		return true;
	if (in->place.connection || !server_side_way_is_silent(way, in->now))
		return false;
	server_side_way_detach(way);
	in->session = NULL;
	return true;
}

void server_control(struct server_state *state, const struct server_input *in, const uint8_t *data, uint32_t length,
		    struct server_answer *answer)
{
	struct tscf_message message;
	struct server_input here = *in;
	struct server_request r = {
	    .state = state, .in = &here, .message = &message, .length = length, .data = data, .answer = answer};

	answer->length = 0;
	answer->end = NULL;
	answer->why = NULL;
	answer->whole = false;
	answer->after = 0;
	if (tscf_message_decode(data, length, &message) < 0) {
		server_count(&state->counters, SERVER_COUNT_CONTROL_MALFORMED);
		return;
	}
	if (!may_be_here(&r, &here)) {
		server_count(&state->counters, SERVER_COUNT_CONTROL_WRONG_TSID);
		return;
	}
	handle(&r);
	server_sealing_close(state, answer);
}
