/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_requests_case.h"

#include <netinet/in.h>

struct world *w;
struct world_client a, b;

void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
}

void teardown(void)
{
	world_free(w);
}

int request(struct world_client *c, enum tscf_message_type type, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(c, &writer, data, type, encrypted);
	tscf_write_pad(&writer, 64);
	return world_send(c, &writer, encrypted);
}

bool has_tlv(uint16_t type)
{
	struct tscf_tlv tlv;

	return tscf_message_find(&w->reply, type, &tlv);
}

struct tscf_binding_key sip(const struct tscf_addr *local)
{
	return world_key(local, IPPROTO_UDP, 5060, NULL, 0);
}

int bind_at(struct world_client *c, const struct tscf_binding_key *key, enum tscf_level level)
{
	return world_bind(c, key, TSCF_BIND_ACTION_BIND, level, 0);
}

int bind_only(struct world_client *c, const struct tscf_binding_key *key)
{
	return bind_at(c, key, TSCF_LEVEL_ENCRYPTED_ONLY);
}

int state_of(const struct tscf_binding_key *key)
{
	const struct tscf_binding *found = tscf_bindings_find(w->state->bindings, key, w->now);

	return found ? (int)found->state : NONE;
}
