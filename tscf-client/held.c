/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * held.c - which of the held packets are still to be sent, now that the encrypted tunnel is up.
 *
 * Their sockets may have gone on meanwhile.  An encrypted packet binds its flow at the server, so none is sent of which
 * the client does not know: the server would refuse the socket's clear packets, and nobody would end that.
 */
#include "tscf-client/context.h"
#include "tscf-client/decide.h"

static bool stays(void *context, const uint8_t *data, uint32_t length)
{
	struct client *c = context;
	struct decider d = path_decider(c);
	struct tscf_packet_info info;
	struct tscf_binding_key flow;
	enum verdict v = VERDICT_MALFORMED;

	if (tscf_packet_parse(data, length, &info) == TSCF_PACKET_OK)
		v = decide_held(&d, &info, &flow);
	if (v == VERDICT_NEW_FLOW)
		registry_flow(&c->registry, &flow);
	if (v == VERDICT_NEW_FLOW || v == VERDICT_ENCRYPTED)
		return true;
	tscf_tap_packet(&c->tap, TSCF_TAP_DROPPED, TSCF_TAP_OUT, "was held, but its socket is not encrypted any more",
			data, length);
	return false;
}

void held_sift(struct client *c)
{
	hold_sift(&c->hold, stays, c);
}
