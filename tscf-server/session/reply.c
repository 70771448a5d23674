/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/reply.h"

#include "tscf-server/session/cookie.h"

#include "common/auth/agreement.h"

#include <string.h>

static uint32_t seal_size(const struct server_request *r)
{
	return r->sealed ? TSCF_SEAL_SIZE : 0;
}

bool server_reply_exceeds(const struct server_request *r, uint32_t length)
{
	return !r->in->place.connection && length + seal_size(r) > SERVER_AMPLIFICATION * r->length;
}

void server_respond_begin(const struct server_request *r, struct tscf_writer *w, uint64_t tsid)
{
	tscf_write_begin(w, r->answer->data, (uint32_t)sizeof(r->answer->data) - seal_size(r), r->message->type + 1,
			 tsid, r->message->sequence);
}

bool server_respond_finish(const struct server_request *r, struct tscf_writer *w)
{
	int length = tscf_write_finish(w);

	if (length < 0 || server_reply_exceeds(r, (uint32_t)length))
		return false;
	r->answer->length = (uint32_t)length;
	return true;
}

void server_respond(const struct server_request *r, uint64_t tsid, enum tscf_response code, const char *text)
{
	struct tscf_writer w;

	server_respond_begin(r, &w, tsid);
	tscf_write_response(&w, code, text);
	if (server_respond_finish(r, &w))
		return;
	server_respond_begin(r, &w, tsid);
	tscf_write_response(&w, code, "");
	if (!server_respond_finish(r, &w))
		server_count(&r->state->counters, SERVER_COUNT_CONTROL_UNANSWERED);
}

/** @return whether the client receives at the address that it sends from. */
static bool is_proved(const struct server_request *r)
{
	struct tscf_tlv id, cookie;

	return r->in->place.connection || (tscf_message_find(r->message, TSCF_TLV_CLIENT_ID, &id) &&
					   tscf_message_find(r->message, TSCF_TLV_COOKIE, &cookie) &&
					   server_cookie_valid(&r->state->cookies, &r->in->place.outer, id.value,
							       r->in->now, cookie.value, cookie.length));
}

void server_refuse_configuration(const struct server_request *r, enum tscf_response code, const char *text)
{
	struct tscf_seal unused;
	struct tscf_writer w;
	int length = 0;

	if (!r->in->place.listener->transport->ops->encrypted && is_proved(r)) {
		server_respond_begin(r, &w, TSCF_TSID_NONE);
		tscf_write_response(&w, code, text);
		length = tscf_agreement_answer(r->state->identity, r->message, NULL, &w, &unused);
		explicit_bzero(&unused, sizeof(unused));
	}
	if (length > 0 && !server_reply_exceeds(r, (uint32_t)length))
		r->answer->length = (uint32_t)length;
	else
		server_respond(r, TSCF_TSID_NONE, code, text);
}

void server_write_times(const struct server_request *r, uint32_t services, struct tscf_writer *w)
{
	const struct server_settings *settings = &r->state->settings;
	bool stream = r->in->place.listener->transport->ops->stream;
	unsigned keepalive = stream ? settings->keepalive_stream : settings->keepalive_datagram;

	if (keepalive)
		tscf_write_u16(w, TSCF_TLV_KEEPALIVE, (uint16_t)keepalive);
	if (settings->persistence)
		tscf_write_u16(w, TSCF_TLV_PERSISTENCE, (uint16_t)settings->persistence);
	if (stream && (services & SERVER_SERVICE_NAGLE))
		tscf_write_u16(w, TSCF_TLV_NAGLE, r->in->interface->nagle_ms);
}

int server_write_release(struct server_session *s, enum tscf_response code, const char *why,
			 uint8_t data[TSCF_MESSAGE_MAX])
{
	struct tscf_writer w;

	tscf_write_begin(&w, data, TSCF_MESSAGE_MAX - TSCF_SEAL_SIZE, TSCF_RELEASE_REQUEST, s->tsid, ++s->sequence);
	tscf_write_response(&w, code, why);
	return tscf_write_finish(&w);
}
