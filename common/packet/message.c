/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.c - decoding of control messages: header, number and sizes of the TLVs. */
#include "common/packet/message.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

#define COOKIE_MAX 64

enum tscf_kind tscf_kind_of(uint8_t first_byte)
{
	switch (first_byte >> 4) {
	case 4:
		return TSCF_KIND_IPV4;
	case 5:
		return TSCF_KIND_REDUNDANCY;
	case 6:
		return TSCF_KIND_IPV6;
	default:
		/* Indication and reserved bits are 0 in every message that is defined. */
		return first_byte == TSCF_MESSAGE_VERSION << 4 ? TSCF_KIND_CONTROL : TSCF_KIND_INVALID;
	}
}

const char *tscf_response_name(enum tscf_response code)
{
	switch (code) {
	case TSCF_RESPONSE_SUCCESS:
		return "success";
	case TSCF_RESPONSE_SERVICE_UNAVAILABLE:
		return "service unavailable";
	case TSCF_RESPONSE_MALFORMED:
		return "malformed request";
	case TSCF_RESPONSE_NO_SESSION:
		return "no session";
	case TSCF_RESPONSE_NO_ADDRESS:
		return "no address";
	case TSCF_RESPONSE_LIMIT:
		return "limit reached";
	case TSCF_RESPONSE_NOT_ALLOWED:
		return "not allowed";
	case TSCF_RESPONSE_RESERVATION:
		return "invalid reservation";
	case TSCF_RESPONSE_TOO_SMALL:
		return "request too small";
	case TSCF_RESPONSE_SHUTDOWN:
		return "shutdown";
	case TSCF_RESPONSE_COOKIE:
		return "cookie";
	case TSCF_RESPONSE_UNAUTHORIZED:
		return "unauthorized";
	case TSCF_RESPONSE_CERTIFICATES:
		return "certificates wanted";
	case TSCF_RESPONSE_ENROLLED:
		return "enrolled";
	case TSCF_RESPONSE_BUSY:
		return "busy";
	}
	return "unknown";
}

/** tlv_size_legal() for the types that authenticate one end to the other, TSCF_TLV_CHAIN_PART included. */
static bool authentication_size_legal(uint16_t type, uint16_t length)
{
	switch (type) {
	case TSCF_TLV_AUTH_METHODS:
		return length == 1;
	case TSCF_TLV_AUTH_PROOF:
		return length >= 2 && length <= TSCF_PROOF_MAX;
	case TSCF_TLV_AUTH_CERTIFICATE:
		return length >= 1 && length <= TSCF_CERTIFICATE_MAX;
	case TSCF_TLV_AUTH_KEY:
		return length >= 1 && length <= TSCF_PUBLIC_KEY_MAX;
	case TSCF_TLV_KEY_SHARE:
		return length == TSCF_KEY_SHARE_SIZE;
	case TSCF_TLV_SIGNATURE:
		return length >= 1 && length <= TSCF_SIGNATURE_MAX;
	case TSCF_TLV_MAC:
		return length == TSCF_MAC_SIZE;
	case TSCF_TLV_SEAL:
		return length == TSCF_SEAL_VALUE_SIZE;
	default:
		return length >= 4 && length <= 4 + TSCF_CHAIN_PART_MAX;
	}
}

/** @return the only legal size of a value of @p type, or -1 if there are several. */
static int fixed_size(uint16_t type)
{
	switch (type) {
	case TSCF_TLV_QUIET:
	case TSCF_TLV_SOCKETS_DUE:
	case TSCF_TLV_COMPLETE:
	case TSCF_TLV_SHARED_ID:
	case TSCF_TLV_ASIDE:
	case TSCF_TLV_YIELD:
	case TSCF_TLV_NETWORKS:
	case TSCF_TLV_ENTRIES_LEFT:
		return 0;
	case TSCF_TLV_NEED:
		return 1;
	case TSCF_TLV_MTU:
	case TSCF_TLV_KEEPALIVE:
	case TSCF_TLV_SERVICE_TYPE:
	case TSCF_TLV_PERSISTENCE:
	case TSCF_TLV_NAGLE:
		return 2;
	case TSCF_TLV_SOCKET_ANSWER:
		return 3;
	case TSCF_TLV_INTERNAL_IPV4:
	case TSCF_TLV_ROUTE_IPV4:
		return 5;
	case TSCF_TLV_RESERVED_TSID:
	case TSCF_TLV_RUN:
		return 8;
	case TSCF_TLV_CLIENT_ID:
		return 16;
	case TSCF_TLV_INTERNAL_IPV6:
	case TSCF_TLV_ROUTE_IPV6:
		return 17;
	case TSCF_TLV_RESUME_SECRET:
	case TSCF_TLV_RESERVATION_HASH:
	case TSCF_TLV_RESERVATION_SECRET:
	case TSCF_TLV_SHIELD_LOCK:
	case TSCF_TLV_SHIELD_KEY:
	case TSCF_TLV_RESUME_LOCK:
	case TSCF_TLV_RESUME_KEY:
	case TSCF_TLV_CHAIN_DIGEST:
	case TSCF_TLV_LASTING_KEY:
		return 32;
	default:
		return -1;
	}
}

/** @return whether a value of @p length bytes is legal for @p type; for an unknown type any length is. */
static bool tlv_size_legal(uint16_t type, uint16_t length)
{
	const int fixed = fixed_size(type);

	if (fixed >= 0)
		return length == fixed;
	switch (type) {
	case TSCF_TLV_CONNECTION_ID:
		return length <= TSCF_CONNECTION_ID_MAX;
	case TSCF_TLV_DNS:
	case TSCF_TLV_SIP_SERVER:
		return length == 4 || length == 16;
	case TSCF_TLV_OBSERVED_ADDRESS:
		return length == 6 || length == 18;
	case TSCF_TLV_BINDING:
	case TSCF_TLV_SOCKET:
		/* Fixed part and local address, IPv4 or IPv6; or the same followed by remote port and address. */
		return length == 12 || length == 24 || length == 18 || length == 42;
	case TSCF_TLV_RESPONSE_CODE:
		return length >= 2 && length <= 2 + TSCF_RESPONSE_TEXT_MAX;
	case TSCF_TLV_COOKIE:
		return length >= 1 && length <= COOKIE_MAX;
	case TSCF_TLV_AUTH_METHODS:
	case TSCF_TLV_AUTH_PROOF:
	case TSCF_TLV_AUTH_CERTIFICATE:
	case TSCF_TLV_AUTH_KEY:
	case TSCF_TLV_KEY_SHARE:
	case TSCF_TLV_SIGNATURE:
	case TSCF_TLV_MAC:
	case TSCF_TLV_SEAL:
	case TSCF_TLV_CHAIN_PART:
		return authentication_size_legal(type, length);
	default:
		return true;
	}
}

/** Read the TLV at @p offset of @p b.  @return the offset after it, or 0 if it is incomplete. */
static uint32_t read_tlv(const struct tscf_bytes *b, uint32_t offset, struct tscf_tlv *out)
{
	const uint8_t *header = tscf_bytes_at(b, offset, TSCF_TLV_HEADER);

	if (!header)
		return 0;
	out->type = tscf_get_u16(header);
	out->length = tscf_get_u16(header + 2);
	out->value = tscf_bytes_at(b, offset + TSCF_TLV_HEADER, out->length);
	return out->value ? offset + TSCF_TLV_HEADER + out->length : 0;
}

static int check_tlvs(const struct tscf_message *m)
{
	const struct tscf_bytes b = {m->tlvs, m->tlvs_length};
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	for (unsigned i = 0; i < m->tlv_count; i++) {
		offset = read_tlv(&b, offset, &tlv);
		if (offset == 0)
			return -EMSGSIZE;
		if (!tlv_size_legal(tlv.type, tlv.length))
			return -EINVAL;
	}
	return offset == b.length ? 0 : -EMSGSIZE;
}

static bool type_legal(uint8_t type)
{
	return type >= TSCF_CONFIGURATION_REQUEST && type <= TSCF_CERTIFICATE_RESPONSE;
}

int tscf_message_decode(const uint8_t *data, uint32_t length, struct tscf_message *out)
{
	const struct tscf_bytes b = {data, length};
	const uint8_t *h = tscf_bytes_at(&b, 0, TSCF_MESSAGE_HEADER);

	if (!h || length > TSCF_PROBE_MAX)
		return -EMSGSIZE;
	if (tscf_kind_of(h[0]) != TSCF_KIND_CONTROL || !type_legal(h[1]))
		return -EINVAL;
	*out = (struct tscf_message){
	    .type = (enum tscf_message_type)h[1],
	    .tlv_count = tscf_get_u16(h + 2),
	    .tsid = tscf_get_u64(h + 4),
	    .sequence = tscf_get_u32(h + 12),
	    .tlvs = h + TSCF_MESSAGE_HEADER,
	    .tlvs_length = length - TSCF_MESSAGE_HEADER,
	};
	return check_tlvs(out);
}

/** @return whether the bytes of a header that are already there can begin a message. */
static bool header_possible(const struct tscf_bytes *b)
{
	const uint8_t *first = tscf_bytes_at(b, 0, 1);
	const uint8_t *type = tscf_bytes_at(b, 1, 1);

	return (!first || tscf_kind_of(*first) == TSCF_KIND_CONTROL) && (!type || type_legal(*type));
}

int tscf_message_length(const uint8_t *data, uint32_t available)
{
	const struct tscf_bytes b = {data, available};
	const uint8_t *count = tscf_bytes_at(&b, 2, 2);
	uint32_t length = TSCF_MESSAGE_HEADER;

	if (!header_possible(&b))
		return -EINVAL;
	if (!count)
		return 0;
	for (uint32_t left = tscf_get_u16(count); left > 0; left--) {
		const uint8_t *tlv = tscf_bytes_at(&b, length, TSCF_TLV_HEADER);

		if (length + left * TSCF_TLV_HEADER > TSCF_PROBE_MAX)
			return -EINVAL;
		if (!tlv)
			return 0;
		length += TSCF_TLV_HEADER + tscf_get_u16(tlv + 2);
	}
	return length <= TSCF_PROBE_MAX ? (int)length : -EINVAL;
}

const uint8_t *tscf_message_bytes(const struct tscf_message *m, uint32_t *length)
{
	*length = TSCF_MESSAGE_HEADER + m->tlvs_length;
	return m->tlvs - TSCF_MESSAGE_HEADER;
}

void tscf_message_keep(const struct tscf_message *m, uint8_t bytes[TSCF_PROBE_MAX], struct tscf_message *out)
{
	uint32_t length;
	const uint8_t *data = tscf_message_bytes(m, &length);

	memcpy(bytes, data, length);
	*out = *m;
	out->tlvs = bytes + TSCF_MESSAGE_HEADER;
}

bool tscf_message_next(const struct tscf_message *m, uint32_t *offset, struct tscf_tlv *out)
{
	const struct tscf_bytes b = {m->tlvs, m->tlvs_length};
	uint32_t next = read_tlv(&b, *offset, out);

	if (next == 0)
		return false;
	*offset = next;
	return true;
}

bool tscf_message_find(const struct tscf_message *m, uint16_t type, struct tscf_tlv *out)
{
	uint32_t offset = 0;

	while (tscf_message_next(m, &offset, out)) {
		if (out->type == type)
			return true;
	}
	return false;
}
