/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/admission.h"
#include "tscf-server/session/dismiss.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/reply.h"

#include "common/auth/agreement.h"
#include "common/auth/refusal.h"
#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tscf_client_name *server_client_name_copy(const struct tscf_client_name *who)
{
	struct tscf_client_name *own = malloc(sizeof(*own));

	if (own)
		*own = *who;
	return own;
}

bool server_is_client(const struct server_session *s, const struct tscf_client_name *who)
{
	return s->who && strcmp(s->who->name, who->name) == 0 &&
	       tscf_equal_secret(s->who->key, who->key, sizeof(who->key));
}

/** Ask again with a cookie, and with a proof if the interface demands one. */
static void answer_cookie(const struct server_request *r, const uint8_t *client_id)
{
	const struct tscf_client_auth *client_auth = r->in->interface->client_auth;
	uint8_t cookie[SERVER_COOKIE_SIZE];
	struct tscf_writer w;

	server_cookie_make(&r->state->cookies, &r->in->place.outer, client_id, r->in->now, cookie);
	server_respond_begin(r, &w, TSCF_TSID_NONE);
	tscf_write_response(&w, TSCF_RESPONSE_COOKIE, "");
	tscf_write_bytes(&w, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	if (client_auth) {
		uint8_t methods = (uint8_t)tscf_client_auth_methods(client_auth);

		if (methods & TSCF_PROOF_CERTIFICATE)
			methods |= TSCF_PROOF_PARTS;
		tscf_write_bytes(&w, TSCF_TLV_AUTH_METHODS, &methods, sizeof(methods));
	}
	server_respond_finish(r, &w);
	server_count(&r->state->counters, SERVER_COUNT_COOKIES);
}

/** @return whether the request brings a valid cookie, which is in *cookie then. */
static bool has_cookie(const struct server_request *r, const uint8_t *client_id, struct tscf_tlv *cookie)
{
	return tscf_message_find(r->message, TSCF_TLV_COOKIE, cookie) &&
	       server_cookie_valid(&r->state->cookies, &r->in->place.outer, client_id, r->in->now, cookie->value,
				   cookie->length);
}

/** @return whether the request needs a cookie.  A connection has proved its outer address already. */
static bool wants_cookie(const struct server_request *r)
{
	const struct server_interface *i = r->in->interface;

	return i->client_auth || (!r->in->place.connection && i->unconfirmed_count >= i->half_open_limit);
}

/** Refuse the request, because the client has proved nothing that counts. */
static void refuse(const struct server_request *r, const char *identity, const char *why)
{
	server_count_unauthorized(r, why);
	server_rejected(r, identity, why);
	server_refuse_configuration(r, TSCF_RESPONSE_UNAUTHORIZED, why);
}

/**
 * Check the proof.
 *
 * @return whether it is good, with who it is of in *who; if not, the request has been answered.
 */
static bool check_proof(const struct server_request *r, const struct tscf_proof_subject *subject,
			struct tscf_client_name **who)
{
	const struct tscf_client_auth *client_auth = r->in->interface->client_auth;
	struct server_certificates *kept = &r->state->certificates;
	struct tscf_certificates sent = {.length = 0};
	const uint8_t *digest = tscf_proof_names(r->message);
	struct tscf_client_name name;
	const char *why;

	if (digest && tscf_client_auth_methods(client_auth) & TSCF_PROOF_CERTIFICATE &&
	    !server_certificates_find(kept, digest, r->in->now, &sent)) {
		server_respond(r, TSCF_TSID_NONE, TSCF_RESPONSE_CERTIFICATES, "");
		return false;
	}
	why = tscf_client_auth_check(client_auth, subject, r->message, &sent, &name);
	if (!why) {
		*who = server_client_name_copy(&name);
		why = *who ? NULL : "out of memory";
	}
	if (why)
		refuse(r, name.name, why);
	else if (digest)
		server_certificates_admitted(kept, digest);
	return !why;
}

/** Give the client that uses the invitation @p who a lasting key, by which it will ask for its tunnel. */
static void enrol(const struct server_request *r, const struct tscf_client_name *who, const uint8_t *share)
{
	uint8_t lasting[TSCF_LASTING_KEY_SIZE];
	bool waits;
	const char *why = tscf_client_auth_enrol(r->in->interface->client_auth, who, share, lasting, &waits);
	struct tscf_writer w;
	int length;

	if (why) {
		refuse(r, who->name, why);
		return;
	}
	if (waits) {
		server_enrolling_wait(&r->state->enrolling, r);
		return;
	}
	server_respond_begin(r, &w, TSCF_TSID_NONE);
	tscf_write_response(&w, TSCF_RESPONSE_ENROLLED, "");
	length = tscf_agreement_give(r->state->identity, r->message, tscf_client_name_key(who), lasting, &w);
	explicit_bzero(lasting, sizeof(lasting));
	if (length < 0 || server_reply_exceeds(r, (uint32_t)length)) {
		refuse(r, who->name, TSCF_REFUSAL_MALFORMED);
		return;
	}
	r->answer->length = (uint32_t)length;
	tscf_info("%s uses its one-time invitation, and has a key of its own now", who->name);
}

bool server_admit_plain(const struct server_request *r, const uint8_t *client_id, struct tscf_client_name **who,
			struct server_radius_grant *grant)
{
	struct tscf_proof_subject subject = {.client_id = client_id};
	struct tscf_tlv cookie, share;

	*who = NULL;
	memset(grant, 0, sizeof(*grant));
	if (!wants_cookie(r))
		return true;
	if (!has_cookie(r, client_id, &cookie)) {
		answer_cookie(r, client_id);
		return false;
	}
	if (!r->in->interface->client_auth)
		return true;
	subject.challenge = cookie.value;
	subject.challenge_length = cookie.length;
	tscf_message_find(r->message, TSCF_TLV_KEY_SHARE, &share);
	subject.share = share.value;
	if (!check_proof(r, &subject, who))
		return false;
	if ((*who)->invited)
		enrol(r, *who, share.value);
	else if (server_authorise(r, *who, client_id, grant))
		return true;
	free(*who);
	*who = NULL;
	return false;
}

/** Refuse a part of certificates. */
static void refuse_part(const struct server_request *r, enum server_counter counter, enum tscf_response code,
			const char *why)
{
	server_count(&r->state->counters, counter);
	server_rejected(r, NULL, why);
	server_respond(r, TSCF_TSID_NONE, code, why);
}

void server_admission_certificates(const struct server_request *r)
{
	const struct tscf_client_auth *client_auth = r->in->interface->client_auth;
	struct tscf_tlv id, cookie, digest, tlv;
	struct tscf_chain_part part;
	bool taken;

	if (!client_auth || !(tscf_client_auth_methods(client_auth) & TSCF_PROOF_CERTIFICATE) ||
	    !tscf_message_find(r->message, TSCF_TLV_CLIENT_ID, &id) || !has_cookie(r, id.value, &cookie)) {
		refuse_part(r, SERVER_COUNT_CONTROL_UNEXPECTED, TSCF_RESPONSE_NOT_ALLOWED,
			    "certificates that the server has not asked for");
		return;
	}
	taken = tscf_message_find(r->message, TSCF_TLV_CHAIN_DIGEST, &digest) &&
		tscf_message_find(r->message, TSCF_TLV_CHAIN_PART, &tlv) && tscf_tlv_chain_part(&tlv, &part) == 0 &&
		server_certificates_take(&r->state->certificates, &r->in->place.outer, digest.value, &part, r->in->now);
	if (taken)
		server_respond(r, TSCF_TSID_NONE, TSCF_RESPONSE_SUCCESS, "");
	else
		refuse_part(r, SERVER_COUNT_CONTROL_MALFORMED, TSCF_RESPONSE_MALFORMED,
			    "this part of the certificates is of no use");
}

const char *server_admit_encrypted(const struct server_request *r, const struct server_session *plain, uint64_t tsid,
				   const uint8_t *secret)
{
	const struct tscf_client_auth *client_auth = r->in->interface->client_auth;
	uint8_t challenge[8 + SERVER_SECRET_SIZE];
	const struct tscf_certificates none = {.length = 0};
	const struct tscf_proof_subject subject = {.encrypted = true,
						   .challenge = challenge,
						   .challenge_length = sizeof(challenge),
						   .client_id = plain->client_id};
	struct tscf_client_name name;
	struct tscf_tlv key;
	const char *why;

	if (!client_auth)
		return NULL;
	tscf_put_u64(challenge, tsid);
	memcpy(challenge + 8, secret, SERVER_SECRET_SIZE);
	if (tscf_message_find(r->message, TSCF_TLV_AUTH_KEY, &key))
		return tscf_client_auth_check_key(client_auth, &subject, r->message, plain->who);
	why = tscf_client_auth_check(client_auth, &subject, r->message, &none, &name);
	if (!why && !server_is_client(plain, &name))
		why = SERVER_REFUSAL_ANOTHER;
	return why;
}

/* --- after a reload --- */

typedef const char *(*reviewer)(const struct tscf_client_auth *client_auth, const struct server_session *s,
				int64_t today);

/** @return why the client of @p s is not admitted any more, or NULL. On a connection that is not configured, the client
 * has yet to prove its identity. */
static const char *withdrawn(const struct tscf_client_auth *client_auth, const struct server_session *s, int64_t today)
{
	return s->encrypted && !s->confirmed ? NULL : tscf_client_auth_still(client_auth, s->who, today);
}

static const char *expired(const struct tscf_client_auth *client_auth, const struct server_session *s, int64_t today)
{
	(void)client_auth;
	return s->who && tscf_client_expired(s->who, today) ? "the certificate has expired" : NULL;
}

static void review(struct server_state *state, struct server_session *list, reviewer verdict, uint64_t now)
{
	const int64_t today = time(NULL);
	struct server_session *next;

	for (struct server_session *s = list; s; s = next) {
		const struct tscf_client_auth *client_auth = s->interface->client_auth;
		const char *why = client_auth ? verdict(client_auth, s, today) : NULL;

		next = s->next;
		if (!why)
			continue;
		tscf_info("%s: %s", s->who ? s->who->name : "a client that has proved nothing", why);
		server_session_dismiss(state, s, TSCF_RESPONSE_UNAUTHORIZED, why, now);
	}
}

void server_admission_review(struct server_state *state, uint64_t now)
{
	review(state, state->sessions.unconfirmed, withdrawn, now);
	review(state, state->sessions.confirmed, withdrawn, now);
}

void server_admission_tick(struct server_state *state, uint64_t now)
{
	if (now < state->certificates_at)
		return;
	state->certificates_at = now + SERVER_CERTIFICATES_MS;
	review(state, state->sessions.confirmed, expired, now);
}
