/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_send.c - messages that the server sends to the client of a session on its own initiative. */
#include "tscf-server/state.h"

#include "common/packet/message.h"

#include <stdio.h>

void server_session_send(struct server_session *s, uint8_t *data, int length)
{
	if (!s->peer || length <= 0)
		return;
	if (s->seal.agreed)
		length = (int)tscf_seal_close(&s->seal, data, (uint32_t)length);
	tscf_peer_send(s->peer, data, (uint32_t)length);
}

void server_session_keepalive(struct server_session *s)
{
	uint8_t data[TSCF_MESSAGE_HEADER + TSCF_SEAL_SIZE];
	struct tscf_writer w;

	tscf_write_begin(&w, data, TSCF_MESSAGE_HEADER, TSCF_KEEPALIVE_REQUEST, s->tsid, ++s->sequence);
	server_session_send(s, data, tscf_write_finish(&w));
}

void server_session_yield(struct server_session *s)
{
	uint8_t data[TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, s->tsid, ++s->sequence);
	tscf_write_bytes(&w, TSCF_TLV_YIELD, NULL, 0);
	server_session_send(s, data, tscf_write_finish(&w));
}

static void tell_rate(struct server_session *s, const char *rate, uint64_t now)
{
	uint8_t data[TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER + 64 + TSCF_SEAL_SIZE];
	struct tscf_writer w;
	char text[64];

	if (s->told_rate != 0 && now - s->told_rate < SERVER_TELL_RATE_MS)
		return;
	s->told_rate = now;
	snprintf(text, sizeof(text) - 2, "packets over %s are dropped", rate);
	tscf_write_begin(&w, data, sizeof(data) - TSCF_SEAL_SIZE, TSCF_KEEPALIVE_REQUEST, s->tsid, ++s->sequence);
	tscf_write_response(&w, TSCF_RESPONSE_LIMIT, text);
	server_session_send(s, data, tscf_write_finish(&w));
}

bool server_session_within_rate(struct server_state *state, struct server_session *s, enum server_direction direction,
				unsigned packets, uint32_t bytes, uint64_t now)
{
	const char *rate = server_quota_exceeded(s->quota, direction, packets, bytes, now);

	if (!rate)
		return true;
	tell_rate(s, rate, now);
	s->over_rate += packets;
	state->counters.value[SERVER_COUNT_OVER_RATE] += packets;
	return false;
}

/** Notify the client of a session that was restored what it is to say again. */
static void request_shields(struct server_session *s)
{
	uint8_t data[TSCF_MESSAGE_HEADER + 2 * TSCF_TLV_HEADER + TSCF_SEAL_SIZE];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_KEEPALIVE_REQUEST, s->tsid, ++s->sequence);
	if (s->shields_due)
		tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	if (s->sockets_due)
		tscf_write_bytes(&w, TSCF_TLV_SOCKETS_DUE, NULL, 0);
	server_session_send(s, data, tscf_write_finish(&w));
}

void server_sessions_request_shields(struct server_state *state)
{
	for (struct server_session *s = state->sessions.confirmed; s; s = s->next)
		if (s->shields_due || s->sockets_due)
			request_shields(s);
}
