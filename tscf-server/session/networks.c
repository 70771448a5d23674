/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/networks.h"

#include "tscf-server/state.h"

#include "common/packet/message.h"

void server_networks_write_routes(const struct server_settings *settings, struct tscf_writer *w)
{
	for (unsigned i = 0; i < settings->route_count; i++)
		tscf_write_prefix(w, TSCF_TLV_ROUTE_IPV4, &settings->routes[i]);
}

void server_networks_write_servers(const struct server_settings *settings, uint32_t services, struct tscf_writer *w)
{
	tscf_write_addrs(w, TSCF_TLV_DNS, &settings->dns);
	if (services & SERVER_SERVICE_SIP)
		tscf_write_addrs(w, TSCF_TLV_SIP_SERVER, &settings->sip_servers);
}

void server_networks_tell(struct server_state *state, struct server_session *s)
{
	const struct server_settings *settings = &state->settings;
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	if (s->networks.known == settings->networks_number)
		return;
	tscf_write_begin(&w, data, sizeof(data) - TSCF_SEAL_SIZE, TSCF_KEEPALIVE_REQUEST, s->tsid, ++s->sequence);
	tscf_write_bytes(&w, TSCF_TLV_NETWORKS, NULL, 0);
	server_networks_write_routes(settings, &w);
	server_networks_write_servers(settings, s->services, &w);
	server_session_send(s, data, tscf_write_finish(&w));
	s->networks.sent = settings->networks_number;
	s->networks.sequence = s->sequence;
}

void server_networks_tell_all(struct server_state *state)
{
	for (struct server_session *s = state->sessions.confirmed; s; s = s->next)
		if (!s->encrypted)
			server_networks_tell(state, s);
}

void server_networks_answered(struct server_session *s, uint32_t sequence)
{
	if (s->networks.sent != 0 && sequence == s->networks.sequence)
		s->networks.known = s->networks.sent;
}
