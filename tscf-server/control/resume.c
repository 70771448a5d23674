/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/control/resume.h"

#include "tscf-server/control/deny.h"
#include "tscf-server/control/migrate.h"
#include "tscf-server/session/reply.h"
#include "tscf-server/session/request.h"
#include "tscf-server/session/session_move.h"
#include "tscf-server/store/journal.h"

#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <string.h>

static bool find_tlv(const struct tscf_message *m, uint16_t type, uint16_t length, struct tscf_tlv *out)
{
	return tscf_message_find(m, type, out) && out->length == length;
}

void server_resume_take_lock(struct server_session *s, const struct tscf_message *m)
{
	struct tscf_tlv lock;

	s->resume.locked = find_tlv(m, TSCF_TLV_RESUME_LOCK, SERVER_RESUME_LOCK_SIZE, &lock);
	if (s->resume.locked)
		memcpy(s->resume.lock, lock.value, SERVER_RESUME_LOCK_SIZE);
}

/** @return the session that the request is for, provided that it has the key. */
static struct server_session *session_of(const struct server_request *r)
{
	struct server_session *s = server_session_find(&r->state->sessions, r->message->tsid);

	return s && !s->encrypted && s->confirmed && s->interface == r->in->interface ? s : NULL;
}

/** @return whether the same request came again because its answer was lost. */
static bool is_repeated(const struct server_resume *resume, const struct server_request *r, const uint8_t *hash,
			const uint8_t *next)
{
	return resume->asked && tscf_endpoint_equal(&resume->from, &r->in->place.outer) &&
	       tscf_equal_secret(hash, resume->used, SERVER_RESUME_LOCK_SIZE) &&
	       tscf_equal_secret(next, resume->lock, SERVER_RESUME_LOCK_SIZE);
}

/** @return whether the request shows the key; then the lock is replaced by the next one. */
static bool unlock(struct server_session *s, const struct server_request *r, const uint8_t *key, const uint8_t *next)
{
	struct server_resume *resume = &s->resume;
	uint8_t hash[SERVER_RESUME_LOCK_SIZE];

	tscf_sha256(key, SERVER_RESUME_LOCK_SIZE, hash);
	if (is_repeated(resume, r, hash, next))
		return true;
	if (!resume->locked || !tscf_equal_secret(hash, resume->lock, SERVER_RESUME_LOCK_SIZE))
		return false;
	memcpy(resume->used, resume->lock, SERVER_RESUME_LOCK_SIZE);
	memcpy(resume->lock, next, SERVER_RESUME_LOCK_SIZE);
	resume->asked = true;
	resume->from = r->in->place.outer;
	tscf_random(resume->cookie, sizeof(resume->cookie));
	/* A key that was visible on the path must not open the lock again after a restart. */
	server_journal_session(r->state, s);
	return true;
}

static void refuse(const struct server_request *r, const struct server_session *s, enum tscf_response code,
		   const char *text)
{
	server_deny(r, s, "resumption", SERVER_COUNT_REFUSED_RESUME, code, text);
}

static void accept_key(const struct server_request *r, struct server_session *s)
{
	struct tscf_writer w;

	server_respond_begin(r, &w, s->tsid);
	tscf_write_response(&w, TSCF_RESPONSE_SUCCESS, "");
	if (s->resume.asked)
		tscf_write_bytes(&w, TSCF_TLV_COOKIE, s->resume.cookie, sizeof(s->resume.cookie));
	tscf_write_endpoint(&w, TSCF_TLV_OBSERVED_ADDRESS, &r->in->place.outer);
	/* The transport may be of another kind than before. */
	server_write_times(r, s->services, &w);
	server_respond_finish(r, &w);
	r->answer->after = server_journal_ticket(r->state, s);
}

/** A connection has proved its address, so the tunnel moves there at once. */
static void move_to_connection(const struct server_request *r, struct server_session *s)
{
	struct server_session *accepted = r->in->session;

	if (server_session_move(r->state, s, &r->in->place, NULL, r->in->now) < 0) {
		refuse(r, s, TSCF_RESPONSE_LIMIT, "out of memory");
		return;
	}
	/* A repeated request comes by the connection that the tunnel already has. */
	if (accepted && accepted != s)
		server_session_discard(r->state, accepted, r->in->now);
	s->resume.asked = false;
	s->heard = r->in->now;
	accept_key(r, s);
}

void server_resume(const struct server_request *r)
{
	struct server_session *s = session_of(r);
	struct tscf_tlv key, next;

	if (!s && server_migrate_ask(r->in, r->data, r->length))
		return;
	if (!s) {
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_NO_SESSION);
		server_respond(r, r->message->tsid, TSCF_RESPONSE_NO_SESSION, "");
		return;
	}
	/* The session has come here from another worker, which has checked the key. */
	if (s->peer && s->peer == r->in->place.connection) {
		accept_key(r, s);
		return;
	}
	if (r->in->home && !server_migrate_allowed(s, r->in->now)) {
		refuse(r, s, TSCF_RESPONSE_LIMIT, "the tunnel moves too often");
		return;
	}
	if (!find_tlv(r->message, TSCF_TLV_RESUME_KEY, SERVER_RESUME_LOCK_SIZE, &key) ||
	    !find_tlv(r->message, TSCF_TLV_RESUME_LOCK, SERVER_RESUME_LOCK_SIZE, &next)) {
		refuse(r, s, TSCF_RESPONSE_MALFORMED, "no key, or no next lock");
		return;
	}
	if (!unlock(s, r, key.value, next.value)) {
		refuse(r, s, TSCF_RESPONSE_NOT_ALLOWED, "not the key of this tunnel");
		return;
	}
	if (r->in->home && r->in->serial != 0)
		server_migrate(r->state, r->in, s, r->data, r->length);
	else if (r->in->place.connection)
		move_to_connection(r, s);
	else
		accept_key(r, s);
}

bool server_resume_awaits_proof(const struct server_request *r)
{
	const struct server_session *s = session_of(r);

	return s && s->resume.asked && tscf_endpoint_equal(&s->resume.from, &r->in->place.outer);
}

static bool is_proof(const struct server_request *r, const struct server_session *s, const struct tscf_tlv *cookie)
{
	return s->resume.asked && tscf_endpoint_equal(&s->resume.from, &r->in->place.outer) &&
	       tscf_equal_secret(cookie->value, s->resume.cookie, SERVER_RESUME_COOKIE_SIZE);
}

bool server_resume_prove(struct server_request *r)
{
	struct server_session *s = session_of(r);
	struct tscf_tlv cookie;

	if (r->message->type != TSCF_KEEPALIVE_REQUEST ||
	    !find_tlv(r->message, TSCF_TLV_COOKIE, SERVER_RESUME_COOKIE_SIZE, &cookie))
		return false;
	if (!s)
		return server_migrate_ask(r->in, r->data, r->length);
	if (!is_proof(r, s, &cookie))
		return false;
	if (r->in->home) {
		server_migrate(r->state, r->in, s, r->data, r->length);
		return true;
	}
	if (server_session_move(r->state, s, &r->in->place, r->in->session, r->in->now) < 0)
		return false;
	s->resume.asked = false;
	r->session = s;
	return false;
}
