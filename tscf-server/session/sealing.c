/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/sealing.h"

/** @return the plain session with that TSID if it has keys, or NULL. */
static struct server_session *sealed_session(const struct server_state *state, uint64_t tsid)
{
	struct server_session *s = server_session_find(&state->sessions, tsid);

	return s && !s->encrypted && s->seal.agreed ? s : NULL;
}

/** The client sent this before the server was restarted, or does not know of it: a message of the server tells it. */
static void tell_run(struct server_session *s, uint64_t now)
{
	if (s->run_sent != 0 && now - s->run_sent < SERVER_PAST_MS)
		return;
	s->run_sent = now;
	server_session_keepalive(s);
}

/** A key to resume can be used only once, and the client may have no other way to hear from a restarted server. */
static bool is_accepted(const struct server_request *r, enum tscf_seal_result result)
{
	return result == TSCF_SEAL_RIGHT || (result == TSCF_SEAL_PAST && r->message->type == TSCF_RESUME_REQUEST);
}

/** @return whether the message is compared with the session of its encrypted connection only, which is authenticated.
 */
static bool is_inside(const struct server_input *in, enum tscf_message_type type)
{
	return in->encrypted && (type != TSCF_RESUME_REQUEST || in->session->confirmed);
}

bool server_sealing_open(struct server_request *r)
{
	static const enum server_counter reasons[] = {[TSCF_SEAL_MISSING] = SERVER_COUNT_CONTROL_UNSEALED,
						      [TSCF_SEAL_FORGED] = SERVER_COUNT_CONTROL_FORGED,
						      [TSCF_SEAL_REPLAYED] = SERVER_COUNT_CONTROL_REPLAYED,
						      [TSCF_SEAL_PAST] = SERVER_COUNT_CONTROL_REPLAYED};
	struct server_session *s = sealed_session(r->state, r->message->tsid);
	enum tscf_seal_result result;

	if (!s || is_inside(r->in, r->message->type))
		return true;
	r->sealed = true;
	if (r->in->opened)
		return true;
	result = tscf_seal_open(&s->seal, r->message);
	if (is_accepted(r, result))
		return true;
	server_count(&r->state->counters, reasons[result]);
	if (result == TSCF_SEAL_PAST)
		tell_run(s, r->in->now);
	return false;
}

bool server_sealing_misdirected(const struct server_request *r)
{
	struct server_session *s = r->in->session;

	return s && s->seal.agreed && r->message->tsid != s->tsid &&
	       !(s->pending && r->message->tsid == s->pending->tsid) &&
	       tscf_seal_open(&s->seal, r->message) == TSCF_SEAL_RIGHT;
}

void server_sealing_close(struct server_state *state, struct server_answer *answer)
{
	struct server_session *s;
	struct tscf_message m;

	if (answer->length == 0 || tscf_message_decode(answer->data, answer->length, &m) < 0 ||
	    m.type == TSCF_CONFIGURATION_RESPONSE)
		return;
	s = sealed_session(state, m.tsid);
	if (s)
		answer->length = tscf_seal_close(&s->seal, answer->data, answer->length);
}
