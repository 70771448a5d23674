/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: the codec of control messages.  A message that decodes is written again from its decoded values; the
 * copy must decode, and have the same meaning.
 */
#include "common/auth/seal.h"
#include "common/packet/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Write a number, address, prefix or endpoint from its decoded value.  @return false if the value was illegal. */
static bool copy_value(const struct tscf_tlv *t, struct tscf_writer *w)
{
	union tscf_endpoint endpoint;
	struct tscf_prefix prefix;
	struct tscf_addr addr;
	uint16_t number;
	uint64_t tsid;

	switch (t->type) {
	case TSCF_TLV_INTERNAL_IPV4:
	case TSCF_TLV_INTERNAL_IPV6:
	case TSCF_TLV_ROUTE_IPV4:
	case TSCF_TLV_ROUTE_IPV6:
		if (tscf_tlv_prefix(t, &prefix))
			return false;
		tscf_write_prefix(w, (uint16_t)(prefix.addr.family == AF_INET ? t->type : t->type - 1), &prefix);
		return true;
	case TSCF_TLV_DNS:
	case TSCF_TLV_SIP_SERVER:
		if (tscf_tlv_addr(t, &addr))
			return false;
		tscf_write_addr(w, t->type, &addr);
		return true;
	case TSCF_TLV_OBSERVED_ADDRESS:
		if (tscf_tlv_endpoint(t, &endpoint))
			return false;
		tscf_write_endpoint(w, t->type, &endpoint);
		return true;
	case TSCF_TLV_RESERVED_TSID:
		must(tscf_tlv_u64(t, &tsid) == 0);
		tscf_write_u64(w, t->type, tsid);
		return true;
	default:
		if (tscf_tlv_u16(t, &number))
			return false;
		tscf_write_u16(w, t->type, number);
		return true;
	}
}

/* A text is made safe when it is read: what was read once must not change when it is read again. */
static void check_response(const struct tscf_tlv *t)
{
	char text[TSCF_RESPONSE_TEXT_MAX + 1], again[sizeof(text)], little[7];
	uint8_t data[TSCF_MESSAGE_MAX];
	enum tscf_response code, code_again;
	struct tscf_message m;
	struct tscf_writer w;
	int length;

	if (tscf_tlv_response(t, &code, text, sizeof(text)))
		return;
	must(tscf_tlv_response(t, &code, little, sizeof(little)) == 0);
	must(strncmp(text, little, strlen(little)) == 0);
	tscf_write_begin(&w, data, sizeof(data), TSCF_SERVICE_RESPONSE, 0, 0);
	tscf_write_response(&w, code, text);
	length = tscf_write_finish(&w);
	must(length > 0 && tscf_message_decode(data, (uint32_t)length, &m) == 0);
	must(tscf_message_response(&m, &code_again, again, sizeof(again)) == 0);
	must(code == code_again && strcmp(text, again) == 0);
}

static bool copy_binding(const struct tscf_tlv *t, struct tscf_writer *w)
{
	struct tscf_wire_binding b;

	if (tscf_tlv_binding(t, &b))
		return false;
	tscf_write_binding(w, &b);
	return true;
}

static bool copy_socket(const struct tscf_tlv *t, struct tscf_writer *w)
{
	struct tscf_wire_socket s;

	if (tscf_tlv_socket(t, &s))
		return false;
	tscf_write_socket(w, &s);
	return true;
}

static bool copy_socket_answer(const struct tscf_tlv *t, struct tscf_writer *w)
{
	struct tscf_wire_answer a;

	if (tscf_tlv_socket_answer(t, &a))
		return false;
	tscf_write_socket_answer(w, &a);
	return true;
}

static bool copy_chain_part(const struct tscf_tlv *t, struct tscf_writer *w)
{
	struct tscf_chain_part part;

	if (tscf_tlv_chain_part(t, &part))
		return false;
	must(part.offset + part.length <= part.total);
	tscf_write_chain_part(w, &part);
	return true;
}

/* Append a copy of @p t to the message, through its decoded value where it has one; it must be the same bytes. */
static void copy_tlv(const struct tscf_tlv *t, struct tscf_writer *w)
{
	const uint32_t at = w->length;
	bool copied;

	if (t->type == TSCF_TLV_RESPONSE_CODE)
		check_response(t);
	switch (t->type) {
	case TSCF_TLV_CHAIN_PART:
		copied = copy_chain_part(t, w);
		break;
	case TSCF_TLV_BINDING:
		copied = copy_binding(t, w);
		break;
	case TSCF_TLV_SOCKET:
		copied = copy_socket(t, w);
		break;
	case TSCF_TLV_SOCKET_ANSWER:
		copied = copy_socket_answer(t, w);
		break;
	default:
		copied = copy_value(t, w);
	}
	if (!copied)
		tscf_write_bytes(w, t->type, t->value, t->length);
	must(!w->overflow && w->length == at + TSCF_TLV_HEADER + t->length);
	must(t->length == 0 || memcmp(w->data + at + TSCF_TLV_HEADER, t->value, t->length) == 0);
}

/* The answer for streams must agree with the decoder, for every beginning of the message. */
static void check_length(const uint8_t *data, uint32_t size)
{
	for (uint32_t there = 0; there <= size; there++) {
		int length = tscf_message_length(data, there);

		must(length == (int)size || (length == 0 && there < size));
	}
}

/* Nothing that was not sealed is accepted; sealed by the other end it is accepted, and only once. */
static void check_seal(const struct tscf_message *m)
{
	struct tscf_seal seal = {.agreed = true, .send_key = {1}, .receive_key = {1}};
	uint8_t sealed[TSCF_PROBE_MAX + TSCF_SEAL_SIZE];
	uint32_t length;
	const uint8_t *data = tscf_message_bytes(m, &length);
	struct tscf_message again;

	must(tscf_seal_open(&seal, m) != TSCF_SEAL_RIGHT && seal.next == 0);
	memcpy(sealed, data, length);
	length = tscf_seal_close(&seal, sealed, length);
	/* A message that has a seal already, or is too large for one. */
	if (m->tlv_count == UINT16_MAX || tscf_message_decode(sealed, length, &again))
		return;
	must(tscf_seal_open(&seal, &again) != TSCF_SEAL_FORGED);
	must(tscf_seal_open(&seal, &again) != TSCF_SEAL_RIGHT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t copy[TSCF_PROBE_MAX];
	uint32_t offset = 0;
	struct tscf_message m;
	enum tscf_service service;
	struct tscf_writer w;
	struct tscf_tlv tlv;
	int length = tscf_message_length(data, (uint32_t)size);

	must(length <= TSCF_PROBE_MAX);
	if (tscf_message_decode(data, (uint32_t)size, &m))
		return 0;
	must(tscf_kind_of(data[0]) == TSCF_KIND_CONTROL);
	check_length(data, (uint32_t)size);
	check_seal(&m);
	tscf_message_service(&m, &service);
	tscf_message_needs_preferred(&m);
	tscf_write_begin(&w, copy, sizeof(copy), m.type, m.tsid, m.sequence);
	while (tscf_message_next(&m, &offset, &tlv))
		copy_tlv(&tlv, &w);
	must(w.tlv_count == m.tlv_count && offset == m.tlvs_length);
	must(tscf_write_finish(&w) == (int)size && memcmp(copy, data, size) == 0);
	return 0;
}
