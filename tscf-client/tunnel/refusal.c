/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/refusal.h"

#include "tscf-client/tunnel/connector.h"

#include <stdio.h>
#include <string.h>

/* Other refusals, such as for want of an address, may be over in a moment. */
bool refusal_is_final(enum tscf_response code)
{
	return code == TSCF_RESPONSE_UNAUTHORIZED || code == TSCF_RESPONSE_LIMIT;
}

/* The refusal is that of the server (@p reason NULL), or not, for @p reason. */
static void verified(struct connector_try *try, const char *reason)
{
	enum tscf_response code;
	struct connector *s = try->connector;
	if (!reason && s->plain->state != TUNNEL_UP && tscf_message_response(&try->response, &code, NULL, 0) == 0 &&
	    refusal_is_final(code))
		s->verifier.refused |= 1U << try->tunnel.way.server;
	try->refusal_done(try, reason ? reason : try->refusal);
}

void refusal_take(struct connector_try *try, const struct tscf_message *response, enum tscf_response code,
		  const char *text, refusal_done done)
{
	struct connector *s = try->connector;
	snprintf(try->refusal, sizeof(try->refusal), "refused by the server: %s%s%s", tscf_response_name(code),
		 text[0] ? ": " : "", text);
	try->refused = true;
	try->refusal_done = done;
	if (s->plain->state != TUNNEL_UP)
		memcpy(s->refusal, try->refusal, sizeof(s->refusal));
	tscf_message_keep(response, try->bytes, &try->response);
	if (try->tunnel.transport->ops->encrypted)
		verified(try, NULL);
	else if (tscf_agreement_chain(response))
		trust_verify(try, verified);
	else
		done(try, try->refusal);
}
