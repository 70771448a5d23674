/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/change_key.h"

#include "common/base/bytes.h"

#include <string.h>
#include <sys/socket.h>

void server_address_key_pack(const struct tscf_addr *a, uint8_t out[SERVER_ADDRESS_KEY_SIZE])
{
	out[0] = a->family == AF_INET6 ? 6 : 4;
	memcpy(out + 1, a->bytes, 16);
}

bool server_address_key_unpack(const uint8_t *in, bool any, struct tscf_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (in[0] == 0)
		return any;
	if (in[0] != 4 && in[0] != 6)
		return false;
	out->family = in[0] == 6 ? AF_INET6 : AF_INET;
	memcpy(out->bytes, in + 1, tscf_addr_size(out->family));
	return true;
}

void server_binding_key_pack(const struct tscf_binding_key *key, uint8_t out[SERVER_BINDING_KEY_SIZE])
{
	memset(out, 0, SERVER_BINDING_KEY_SIZE);
	server_address_key_pack(&key->local, out);
	if (key->remote.family != 0)
		server_address_key_pack(&key->remote, out + SERVER_ADDRESS_KEY_SIZE);
	tscf_put_u16(out + 34, key->local_port);
	tscf_put_u16(out + 36, key->remote_port);
	out[38] = key->protocol;
}

bool server_binding_key_unpack(const uint8_t *in, struct tscf_binding_key *out)
{
	memset(out, 0, sizeof(*out));
	out->local_port = tscf_get_u16(in + 34);
	out->remote_port = tscf_get_u16(in + 36);
	out->protocol = in[38];
	return server_address_key_unpack(in, false, &out->local) &&
	       server_address_key_unpack(in + SERVER_ADDRESS_KEY_SIZE, true, &out->remote);
}

void server_change_key_of(const struct server_change *change, struct server_change_key *out)
{
	memset(out, 0, sizeof(*out));
	out->bytes[0] = (uint8_t)change->kind;
	switch (change->kind) {
	case SERVER_CHANGE_LEASE:
		server_address_key_pack(&change->lease.addr, out->bytes + 1);
		break;
	case SERVER_CHANGE_SESSION:
		tscf_put_u64(out->bytes + 1, change->session.tsid);
		break;
	case SERVER_CHANGE_BINDING:
		server_binding_key_pack(&change->binding.key, out->bytes + 1);
		break;
	}
}
