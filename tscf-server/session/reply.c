/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/reply.h"

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

void server_write_keepalive(const struct server_request *r, struct tscf_writer *w)
{
	const struct server_settings *settings = &r->state->settings;
	bool stream = r->in->place.listener->transport->ops->stream;
	unsigned keepalive = stream ? settings->keepalive_stream : settings->keepalive_datagram;

	if (keepalive)
		tscf_write_u16(w, TSCF_TLV_KEEPALIVE, (uint16_t)keepalive);
	if (settings->persistence)
		tscf_write_u16(w, TSCF_TLV_PERSISTENCE, (uint16_t)settings->persistence);
}

int server_write_release(struct server_session *s, enum tscf_response code, const char *why,
			 uint8_t data[TSCF_MESSAGE_MAX])
{
	struct tscf_writer w;

	tscf_write_begin(&w, data, TSCF_MESSAGE_MAX - TSCF_SEAL_SIZE, TSCF_RELEASE_REQUEST, s->tsid, ++s->sequence);
	tscf_write_response(&w, code, why);
	return tscf_write_finish(&w);
}
