/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message_tlv.c - values of TLVs, checked before use. */
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/packet/message.h"

#include <errno.h>
#include <string.h>

int tscf_tlv_u16(const struct tscf_tlv *t, uint16_t *out)
{
	if (t->length != 2)
		return -EINVAL;
	*out = tscf_get_u16(t->value);
	return 0;
}

int tscf_tlv_u64(const struct tscf_tlv *t, uint64_t *out)
{
	if (t->length != 8)
		return -EINVAL;
	*out = tscf_get_u64(t->value);
	return 0;
}

/** Read an address of 4 or 16 bytes.  IPv4-mapped is refused: an IPv4 address has only one form on the wire. */
static int read_addr(const uint8_t *p, uint32_t size, struct tscf_addr *out)
{
	switch (size) {
	case 4:
		*out = tscf_addr_v4(p);
		return 0;
	case 16:
		*out = tscf_addr_v6(p);
		return out->family == AF_INET6 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

int tscf_tlv_prefix(const struct tscf_tlv *t, struct tscf_prefix *out)
{
	if (t->length < 1 || read_addr(t->value, t->length - 1U, &out->addr))
		return -EINVAL;
	out->length = t->value[t->length - 1];
	return out->length <= tscf_addr_size(out->addr.family) * 8 ? 0 : -EINVAL;
}

struct tscf_addrs tscf_message_internal(const struct tscf_message *m)
{
	static const uint16_t types[TSCF_FAMILIES] = {TSCF_TLV_INTERNAL_IPV4, TSCF_TLV_INTERNAL_IPV6};
	struct tscf_addrs addrs = {0};
	struct tscf_prefix p;
	struct tscf_tlv tlv;

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (tscf_message_find(m, types[i], &tlv) && tscf_tlv_prefix(&tlv, &p) == 0)
			addrs.of[i] = p.addr;
	return addrs;
}

int tscf_tlv_addr(const struct tscf_tlv *t, struct tscf_addr *out)
{
	return read_addr(t->value, t->length, out);
}

void tscf_message_addrs(const struct tscf_message *m, uint16_t type, struct tscf_service_addrs *out)
{
	struct tscf_tlv tlv;
	uint32_t offset = 0;

	out->count = 0;
	while (out->count < TSCF_SERVICE_ADDRS_MAX && tscf_message_next(m, &offset, &tlv))
		if (tlv.type == type && tscf_tlv_addr(&tlv, &out->addr[out->count]) == 0)
			out->count++;
}

int tscf_tlv_endpoint(const struct tscf_tlv *t, union tscf_endpoint *out)
{
	struct tscf_addr addr;

	if (t->length < 2 || read_addr(t->value, t->length - 2U, &addr))
		return -EINVAL;
	tscf_endpoint_make(&addr, tscf_get_u16(t->value + t->length - 2), out);
	return 0;
}

int tscf_tlv_response(const struct tscf_tlv *t, enum tscf_response *code, char *text, size_t size)
{
	uint16_t number;

	if (t->length < 2)
		return -EINVAL;
	number = tscf_get_u16(t->value);
	if (number > TSCF_RESPONSE_BUSY)
		return -EINVAL;
	*code = (enum tscf_response)number;
	if (text)
		tscf_text_copy(t->value + 2, t->length - 2U, text, size);
	return 0;
}

/** Read "port, address", where the address has @p size bytes. */
static int read_side(const struct tscf_bytes *b, uint32_t offset, uint32_t size, uint16_t *port, struct tscf_addr *addr)
{
	const uint8_t *p = tscf_bytes_at(b, offset, 2 + size);

	if (!p)
		return -EINVAL;
	*port = tscf_get_u16(p);
	return read_addr(p + 2, size, addr);
}

/** Read both sides of a binding; @p b begins with protocol, family, has-remote. */
static int read_key(const struct tscf_bytes *b, struct tscf_binding_key *key)
{
	const uint8_t *p = tscf_bytes_at(b, 0, 3);
	uint32_t size, side;

	if (!p || (p[1] != 4 && p[1] != 6) || p[2] > 1)
		return -EINVAL;
	size = p[1] == 4 ? 4 : 16;
	side = 2 + size;
	*key = (struct tscf_binding_key){.protocol = p[0]};
	if (b->length != 3 + side * (1U + p[2]))
		return -EINVAL;
	if (read_side(b, 3, size, &key->local_port, &key->local))
		return -EINVAL;
	if (p[2] && read_side(b, 3 + side, size, &key->remote_port, &key->remote))
		return -EINVAL;
	/* No lookup uses a port or a remote address without a protocol: such a binding would have no effect. */
	if (key->protocol == 0 && (key->local_port > 0 || p[2]))
		return -EINVAL;
	return 0;
}

int tscf_tlv_binding(const struct tscf_tlv *t, struct tscf_wire_binding *out)
{
	const struct tscf_bytes b = {t->value, t->length};
	const uint8_t *p = tscf_bytes_at(&b, 0, 3);

	if (!p)
		return -EINVAL;
	if (p[0] > TSCF_BIND_ACTION_CLOSE || p[1] > TSCF_LEVEL_ENCRYPTED_PREFERRED || (p[2] & ~TSCF_BIND_FLAG_MOVED))
		return -EINVAL;
	out->action = (enum tscf_bind_action)p[0];
	out->level = (enum tscf_level)p[1];
	out->flags = p[2];
	return read_key(&(struct tscf_bytes){p + 3, b.length - 3}, &out->key);
}

/** Read redundancy and flags, the two bytes at @p p. */
static int read_services(const uint8_t *p, struct tscf_services_of *out)
{
	if (!tscf_redundancy_valid(p[0]) || (p[1] & ~TSCF_SOCKET_FLAG_DATAGRAM))
		return -EINVAL;
	*out = (struct tscf_services_of){.redundancy = p[0], .datagram = p[1] & TSCF_SOCKET_FLAG_DATAGRAM};
	return 0;
}

int tscf_tlv_socket(const struct tscf_tlv *t, struct tscf_wire_socket *out)
{
	const struct tscf_bytes b = {t->value, t->length};
	const uint8_t *p = tscf_bytes_at(&b, 0, 3);

	if (!p || p[2] != 0 || read_services(p, &out->services))
		return -EINVAL;
	return read_key(&(struct tscf_bytes){p + 3, b.length - 3}, &out->key);
}

int tscf_tlv_socket_answer(const struct tscf_tlv *t, struct tscf_wire_answer *out)
{
	if (t->length != 3 || t->value[0] > TSCF_RESPONSE_CERTIFICATES)
		return -EINVAL;
	out->code = (enum tscf_response)t->value[0];
	return read_services(t->value + 1, &out->services);
}

int tscf_message_response(const struct tscf_message *m, enum tscf_response *code, char *text, size_t size)
{
	struct tscf_tlv tlv;

	if (!tscf_message_find(m, TSCF_TLV_RESPONSE_CODE, &tlv))
		return -EINVAL;
	return tscf_tlv_response(&tlv, code, text, size);
}

bool tscf_message_needs_preferred(const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	return tscf_message_find(m, TSCF_TLV_NEED, &tlv) && tlv.value[0] == TSCF_LEVEL_ENCRYPTED_PREFERRED;
}

int tscf_message_service(const struct tscf_message *m, enum tscf_service *out)
{
	struct tscf_tlv tlv;
	uint16_t number;

	if (!tscf_message_find(m, TSCF_TLV_SERVICE_TYPE, &tlv) || tscf_tlv_u16(&tlv, &number))
		return -EINVAL;
	if (number < TSCF_SERVICE_ENABLE_DTTE || number > TSCF_SERVICE_ENABLE_REDUNDANCY)
		return -EINVAL;
	*out = (enum tscf_service)number;
	return 0;
}

int tscf_tlv_chain_part(const struct tscf_tlv *t, struct tscf_chain_part *out)
{
	if (t->length < 4)
		return -EINVAL;
	*out = (struct tscf_chain_part){.total = tscf_get_u16(t->value),
					.offset = tscf_get_u16(t->value + 2),
					.length = (uint16_t)(t->length - 4),
					.bytes = t->value + 4};
	return out->offset + out->length <= out->total ? 0 : -EINVAL;
}
