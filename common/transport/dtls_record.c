/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/dtls_record.h"

/* Offsets in a record. */
enum { TYPE = 0, VERSION = 1, EPOCH = 3, AFTER_SEQUENCE = 11 };
/* Offsets in the handshake message behind the record header (RFC 6347, 4.2.2). */
enum { MESSAGE_TYPE = 0, MESSAGE_LENGTH = 1, FRAGMENT_OFFSET = 6, FRAGMENT_LENGTH = 9, MESSAGE = 12 };
/* Offsets in a ClientHello. */
enum { CLIENT_RANDOM = 2, CLIENT_SESSION = CLIENT_RANDOM + TSCF_DTLS_RANDOM };

#define CLIENT_HELLO     1
#define VERSION_DTLS_1_0 0xfeff /* of the first messages, for old servers */
#define VERSION_DTLS_1_2 0xfefd
/* Largest ciphertext (RFC 5246, 6.2.3). */
#define CONTENT_MAX (16384 + 2048)

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static bool is_type(uint8_t type)
{
	return (type >= TSCF_DTLS_CHANGE_CIPHER_SPEC && type <= TSCF_DTLS_APPLICATION_DATA) ||
	       type == TSCF_DTLS_CONNECTION_ID;
}

/* @return whether only encrypted records may have this type. */
static bool is_encrypted(uint8_t type)
{
	return type == TSCF_DTLS_APPLICATION_DATA || type == TSCF_DTLS_CONNECTION_ID;
}

bool tscf_dtls_record_first(const uint8_t *data, size_t length, struct tscf_dtls_record *record)
{
	uint32_t id = length > TYPE && data[TYPE] == TSCF_DTLS_CONNECTION_ID ? TSCF_DTLS_ID : 0;
	uint32_t header = TSCF_DTLS_RECORD_HEADER + id;
	uint16_t version, content;

	if (length < header || !is_type(data[TYPE]))
		return false;
	version = get16(data + VERSION);
	content = get16(data + AFTER_SEQUENCE + id);
	if (version != VERSION_DTLS_1_2 && version != VERSION_DTLS_1_0)
		return false;
	if (content == 0 || content > CONTENT_MAX || content > length - header)
		return false;
	record->data = data;
	record->length = header + (uint32_t)content;
	record->type = data[TYPE];
	record->epoch = get16(data + EPOCH);
	record->id = id > 0 ? data + AFTER_SEQUENCE : NULL;
	/* Unencrypted application data does not exist, and there are no keys for old versions. */
	return record->epoch == 0 ? !is_encrypted(record->type) : version == VERSION_DTLS_1_2;
}

bool tscf_dtls_datagram_valid(const uint8_t *data, size_t length)
{
	struct tscf_dtls_record record;

	if (length == 0)
		return false;
	while (length > 0) {
		if (!tscf_dtls_record_first(data, length, &record))
			return false;
		data += record.length;
		length -= record.length;
	}
	return true;
}

bool tscf_dtls_is_client_hello(const struct tscf_dtls_record *record)
{
	const uint8_t *message = record->data + TSCF_DTLS_RECORD_HEADER;
	uint32_t length = record->length - TSCF_DTLS_RECORD_HEADER;

	if (record->type != TSCF_DTLS_HANDSHAKE || record->epoch != 0 || length < MESSAGE + CLIENT_SESSION + 1)
		return false;
	return message[MESSAGE_TYPE] == CLIENT_HELLO && get24(message + MESSAGE_LENGTH) == length - MESSAGE &&
	       get24(message + FRAGMENT_OFFSET) == 0 && get24(message + FRAGMENT_LENGTH) == length - MESSAGE;
}

const uint8_t *tscf_dtls_client_random(const struct tscf_dtls_record *hello)
{
	return hello->data + TSCF_DTLS_RECORD_HEADER + MESSAGE + CLIENT_RANDOM;
}
