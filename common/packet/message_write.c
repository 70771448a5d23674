/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message_write.c - writing of control messages. */
#include "common/base/bytes.h"
#include "common/packet/message.h"

#include <errno.h>
#include <string.h>

#define BINDING_MAX 42

/** @return room for @p size more bytes, or NULL after an overflow, which is noted. */
static uint8_t *reserve(struct tscf_writer *w, uint32_t size)
{
	uint8_t *p;

	if (w->overflow || size > w->size - w->length) {
		w->overflow = true;
		return NULL;
	}
	p = w->data + w->length;
	w->length += size;
	return p;
}

void tscf_write_begin(struct tscf_writer *w, uint8_t *data, uint32_t size, enum tscf_message_type type, uint64_t tsid,
		      uint32_t sequence)
{
	uint8_t *h;

	*w = (struct tscf_writer){.data = data, .size = size < TSCF_PROBE_MAX ? size : TSCF_PROBE_MAX};
	h = reserve(w, TSCF_MESSAGE_HEADER);
	if (!h)
		return;
	h[0] = TSCF_MESSAGE_VERSION << 4;
	h[1] = (uint8_t)type;
	tscf_put_u16(h + 2, 0);
	tscf_put_u64(h + 4, tsid);
	tscf_put_u32(h + 12, sequence);
}

uint8_t *tscf_message_add_last(uint8_t *data, uint32_t length, uint16_t type, uint16_t size)
{
	tscf_put_u16(data + 2, (uint16_t)(tscf_get_u16(data + 2) + 1));
	tscf_put_u16(data + length, type);
	tscf_put_u16(data + length + 2, size);
	return data + length + TSCF_TLV_HEADER;
}

void tscf_message_set_tsid(uint8_t *data, uint64_t tsid)
{
	tscf_put_u64(data + 4, tsid);
}

/** @return where to write a value of @p length bytes in a new TLV, or NULL. */
static uint8_t *begin_tlv(struct tscf_writer *w, uint16_t type, uint16_t length)
{
	uint8_t *p = reserve(w, TSCF_TLV_HEADER + (uint32_t)length);

	if (!p)
		return NULL;
	tscf_put_u16(p, type);
	tscf_put_u16(p + 2, length);
	w->tlv_count++;
	return p + TSCF_TLV_HEADER;
}

void tscf_write_bytes(struct tscf_writer *w, uint16_t type, const void *value, uint16_t length)
{
	uint8_t *p = begin_tlv(w, type, length);

	if (p && length > 0)
		memcpy(p, value, length);
}

void tscf_write_u16(struct tscf_writer *w, uint16_t type, uint16_t value)
{
	uint8_t *p = begin_tlv(w, type, 2);

	if (p)
		tscf_put_u16(p, value);
}

void tscf_write_need(struct tscf_writer *w, enum tscf_level level)
{
	const uint8_t value = (uint8_t)level;

	tscf_write_bytes(w, TSCF_TLV_NEED, &value, sizeof(value));
}

void tscf_write_u64(struct tscf_writer *w, uint16_t type, uint64_t value)
{
	uint8_t *p = begin_tlv(w, type, 8);

	if (p)
		tscf_put_u64(p, value);
}

/** Write an address and leave room for @p extra bytes.  @return where the extra bytes go, or NULL. */
static uint8_t *write_addr(struct tscf_writer *w, uint16_t type, const struct tscf_addr *a, uint16_t extra)
{
	size_t size = tscf_addr_size(a->family);
	uint8_t *p;

	/* "No address" cannot be encoded; without it the message must not count as complete. */
	if (size == 0)
		w->overflow = true;
	p = begin_tlv(w, type, (uint16_t)(size + extra));
	if (!p)
		return NULL;
	memcpy(p, a->bytes, size);
	return p + size;
}

void tscf_write_prefix(struct tscf_writer *w, uint16_t ipv4_type, const struct tscf_prefix *p)
{
	uint16_t type = p->addr.family == AF_INET6 ? (uint16_t)(ipv4_type + 1) : ipv4_type;
	uint8_t *length = write_addr(w, type, &p->addr, 1);

	if (length)
		*length = p->length;
}

void tscf_write_addr(struct tscf_writer *w, uint16_t type, const struct tscf_addr *a)
{
	write_addr(w, type, a, 0);
}

void tscf_write_addrs(struct tscf_writer *w, uint16_t type, const struct tscf_service_addrs *list)
{
	for (unsigned i = 0; i < list->count; i++)
		tscf_write_addr(w, type, &list->addr[i]);
}

void tscf_write_endpoint(struct tscf_writer *w, uint16_t type, const union tscf_endpoint *e)
{
	const struct tscf_addr addr = tscf_endpoint_addr(e);
	uint8_t *port = write_addr(w, type, &addr, 2);

	if (port)
		tscf_put_u16(port, tscf_endpoint_port(e));
}

/** @return how many bytes of @p text fit into a response, without half a UTF-8 character at the end. */
static uint16_t text_length(const char *text)
{
	size_t length = strnlen(text, TSCF_RESPONSE_TEXT_MAX + 1);

	if (length <= TSCF_RESPONSE_TEXT_MAX)
		return (uint16_t)length;
	length = TSCF_RESPONSE_TEXT_MAX;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return (uint16_t)length;
}

void tscf_write_response(struct tscf_writer *w, enum tscf_response code, const char *text)
{
	uint16_t length = text ? text_length(text) : 0;
	uint8_t *p = begin_tlv(w, TSCF_TLV_RESPONSE_CODE, (uint16_t)(2 + length));

	if (!p)
		return;
	tscf_put_u16(p, (uint16_t)code);
	if (length > 0)
		memcpy(p + 2, text, length);
}

/** Write "port, address".  @return the position after it. */
static uint8_t *put_side(uint8_t *p, uint16_t port, const struct tscf_addr *a)
{
	size_t size = tscf_addr_size(a->family);

	tscf_put_u16(p, port);
	memcpy(p + 2, a->bytes, size);
	return p + 2 + size;
}

/** Write three bytes, and the socket with @p key. */
static void write_key(struct tscf_writer *w, uint16_t type, const uint8_t before[3], const struct tscf_binding_key *key)
{
	const bool has_remote = key->remote.family != 0;
	uint8_t value[BINDING_MAX];
	uint8_t *end = value + 6;

	if (tscf_addr_size(key->local.family) == 0 || (has_remote && key->remote.family != key->local.family)) {
		w->overflow = true;
		return;
	}
	memcpy(value, before, 3);
	value[3] = key->protocol;
	value[4] = key->local.family == AF_INET ? 4 : 6;
	value[5] = has_remote;
	end = put_side(end, key->local_port, &key->local);
	if (has_remote)
		end = put_side(end, key->remote_port, &key->remote);
	tscf_write_bytes(w, type, value, (uint16_t)(end - value));
}

void tscf_write_binding(struct tscf_writer *w, const struct tscf_wire_binding *b)
{
	const uint8_t before[3] = {(uint8_t)b->action, (uint8_t)b->level, b->flags};

	write_key(w, TSCF_TLV_BINDING, before, &b->key);
}

static uint8_t flags_of(const struct tscf_services_of *s)
{
	return s->datagram ? TSCF_SOCKET_FLAG_DATAGRAM : 0;
}

void tscf_write_socket(struct tscf_writer *w, const struct tscf_wire_socket *s)
{
	const uint8_t before[3] = {s->services.redundancy, flags_of(&s->services), 0};

	write_key(w, TSCF_TLV_SOCKET, before, &s->key);
}

void tscf_write_socket_answer(struct tscf_writer *w, const struct tscf_wire_answer *a)
{
	const uint8_t value[3] = {(uint8_t)a->code, a->services.redundancy, flags_of(&a->services)};

	tscf_write_bytes(w, TSCF_TLV_SOCKET_ANSWER, value, sizeof(value));
}

void tscf_write_chain_part(struct tscf_writer *w, const struct tscf_chain_part *part)
{
	uint8_t *p = begin_tlv(w, TSCF_TLV_CHAIN_PART, (uint16_t)(4 + part->length));

	if (!p)
		return;
	tscf_put_u16(p, part->total);
	tscf_put_u16(p + 2, part->offset);
	if (part->length > 0)
		memcpy(p + 4, part->bytes, part->length);
}

void tscf_write_pad(struct tscf_writer *w, uint32_t length)
{
	uint32_t missing = length > w->length ? length - w->length : 0;
	uint8_t *p;

	if (missing == 0)
		return;
	if (missing > TSCF_PROBE_MAX) {
		w->overflow = true;
		return;
	}
	missing = missing > TSCF_TLV_HEADER ? missing - TSCF_TLV_HEADER : 0;
	p = begin_tlv(w, TSCF_TLV_PADDING, (uint16_t)missing);
	if (p)
		memset(p, 0, missing);
}

int tscf_write_finish(struct tscf_writer *w)
{
	if (w->overflow)
		return -EMSGSIZE;
	tscf_put_u16(w->data + 2, w->tlv_count);
	return (int)w->length;
}
