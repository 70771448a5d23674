/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of control messages, and their writer: headers, types, lengths and limits. */
#include "common/base/bytes.h"
#include "tests/unit/message_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TLV_AT TSCF_MESSAGE_HEADER

/* A message with a TLV of every type but padding. */
static uint32_t write_full(struct built *b)
{
	static const uint8_t bytes[64] = {1, 2, 3};
	static const uint16_t numbers[] = {TSCF_TLV_MTU, TSCF_TLV_KEEPALIVE, TSCF_TLV_SERVICE_TYPE,
					   TSCF_TLV_PERSISTENCE, TSCF_TLV_NAGLE};
	static const uint16_t secrets[] = {TSCF_TLV_RESUME_SECRET, TSCF_TLV_RESERVATION_HASH,
					   TSCF_TLV_RESERVATION_SECRET, TSCF_TLV_SHIELD_LOCK, TSCF_TLV_SHIELD_KEY};
	const struct tscf_prefix v4 = {addr("10.0.0.2"), 24}, v6 = {addr("2001:db8::2"), 64};
	const struct tscf_wire_binding b4 = a_binding("10.0.0.2", "192.0.2.1"), b6 = a_binding("2001:db8::2", NULL);
	const struct tscf_wire_socket socket = {.key = b4.key, .services = {.redundancy = 2}};
	const struct tscf_wire_answer answer = {.services = {.redundancy = TSCF_REDUNDANCY_AUTO}};
	union tscf_endpoint e;

	begin(b, TSCF_CONFIGURATION_RESPONSE);
	tscf_write_prefix(&b->w, TSCF_TLV_INTERNAL_IPV4, &v4);
	tscf_write_prefix(&b->w, TSCF_TLV_INTERNAL_IPV4, &v6);
	tscf_write_prefix(&b->w, TSCF_TLV_ROUTE_IPV4, &v4);
	tscf_write_prefix(&b->w, TSCF_TLV_ROUTE_IPV4, &v6);
	tscf_write_addr(&b->w, TSCF_TLV_DNS, &v4.addr);
	tscf_write_addr(&b->w, TSCF_TLV_SIP_SERVER, &v6.addr);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		tscf_write_u16(&b->w, numbers[i], 1);
	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		tscf_write_bytes(&b->w, secrets[i], bytes, 32);
	tscf_write_response(&b->w, TSCF_RESPONSE_LIMIT, "too many");
	tscf_write_u64(&b->w, TSCF_TLV_RESERVED_TSID, TSID);
	tscf_write_binding(&b->w, &b4);
	tscf_write_binding(&b->w, &b6);
	tscf_write_socket(&b->w, &socket);
	tscf_write_socket_answer(&b->w, &answer);
	tscf_endpoint_make(&v4.addr, 40000, &e);
	tscf_write_endpoint(&b->w, TSCF_TLV_OBSERVED_ADDRESS, &e);
	tscf_write_bytes(&b->w, TSCF_TLV_CLIENT_ID, bytes, 16);
	tscf_write_bytes(&b->w, TSCF_TLV_COOKIE, bytes, 64);
	tscf_write_bytes(&b->w, 999, bytes, 7);
	tscf_write_need(&b->w, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	tscf_write_bytes(&b->w, TSCF_TLV_YIELD, NULL, 0);
	tscf_write_bytes(&b->w, TSCF_TLV_NETWORKS, NULL, 0);
	tscf_write_bytes(&b->w, TSCF_TLV_QUIET, NULL, 0);
	tscf_write_bytes(&b->w, TSCF_TLV_COMPLETE, NULL, 0);
	return (uint32_t)tscf_write_finish(&b->w);
}

/* Every type keeps its number, TSID and sequence, with no TLV. */
START_TEST(types)
{
	const enum tscf_message_type type = (enum tscf_message_type)_i;
	struct tscf_message m;
	struct tscf_tlv tlv;
	uint32_t offset = 0;
	struct built b;

	begin(&b, type);
	ck_assert_int_eq(tscf_write_finish(&b.w), TSCF_MESSAGE_HEADER);
	ck_assert_int_eq(decode_cut(&b, TSCF_MESSAGE_HEADER, &m), 0);
	ck_assert_int_eq(m.type, type);
	ck_assert(m.tsid == TSID && m.sequence == SEQUENCE);
	ck_assert_uint_eq(m.tlv_count, 0);
	ck_assert(!tscf_message_next(&m, &offset, &tlv));
	drop(&m);
}
END_TEST

/* The header's bytes are where the picture in message.h has them. */
START_TEST(header_bytes)
{
	static const uint8_t expected[] = {0x10, 9,    0,    1,    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
					   0xef, 0xfe, 0xdc, 0xba, 0x98, 0,    7,    0,    2,    0x05, 0x3c};
	struct built b;

	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_u16(&b.w, TSCF_TLV_MTU, 1340);
	ck_assert_int_eq(tscf_write_finish(&b.w), sizeof(expected));
	ck_assert_mem_eq(b.data, expected, sizeof(expected));
}
END_TEST

/* Version, indication, reserved bits: of all first bytes only 0x10 begins a message. */
START_TEST(first_byte)
{
	struct tscf_message m;
	struct built b;

	begin(&b, TSCF_KEEPALIVE_REQUEST);
	tscf_write_finish(&b.w);
	for (unsigned byte = 0; byte < 256; byte++) {
		enum tscf_kind kind = byte >> 4 == 4   ? TSCF_KIND_IPV4
				      : byte >> 4 == 5 ? TSCF_KIND_REDUNDANCY
				      : byte >> 4 == 6 ? TSCF_KIND_IPV6
				      : byte == 0x10   ? TSCF_KIND_CONTROL
						       : TSCF_KIND_INVALID;

		ck_assert_int_eq(tscf_kind_of((uint8_t)byte), kind);
		b.data[0] = (uint8_t)byte;
		if (byte == 0x10)
			continue;
		ck_assert_int_eq(decode_cut(&b, TSCF_MESSAGE_HEADER, &m), -EINVAL);
		for (uint32_t there = 1; there <= TSCF_MESSAGE_HEADER; there++)
			ck_assert_int_eq(tscf_message_length(b.data, there), -EINVAL);
	}
}
END_TEST

/* All types that are none. */
START_TEST(bad_types)
{
	struct tscf_message m;
	struct built b;

	begin(&b, TSCF_KEEPALIVE_REQUEST);
	tscf_write_finish(&b.w);
	for (unsigned type = 0; type < 256; type++) {
		b.data[1] = (uint8_t)type;
		if (type >= 1 && type <= TSCF_CERTIFICATE_RESPONSE)
			continue;
		ck_assert_int_eq(decode_cut(&b, TSCF_MESSAGE_HEADER, &m), -EINVAL);
		ck_assert_int_eq(tscf_message_length(b.data, 2), -EINVAL);
	}
}
END_TEST

/* A message of everything: each cut is refused, so is each wrong count, so is a byte more. */
START_TEST(truncation)
{
	struct tscf_message m;
	struct built b;
	uint32_t length = write_full(&b);
	uint16_t count = tscf_get_u16(b.data + 2);

	ck_assert_int_eq(decode_cut(&b, length, &m), 0);
	drop(&m);
	for (uint32_t cut = 0; cut < length; cut++)
		ck_assert_int_eq(decode_cut(&b, cut, &m), -EMSGSIZE);
	ck_assert_int_eq(decode_cut(&b, length + 1, &m), -EMSGSIZE);
	for (unsigned other = 0; other <= UINT16_MAX; other++) {
		tscf_put_u16(b.data + 2, (uint16_t)other);
		if (other != count)
			ck_assert_int_eq(tscf_message_decode(b.data, length, &m), -EMSGSIZE);
	}
}
END_TEST

/* For streams: every beginning of a message either tells its length or asks for more. */
START_TEST(stream_length)
{
	struct built b;
	uint32_t length = write_full(&b);
	uint32_t told = 0;

	for (uint32_t there = 0; there <= length; there++) {
		uint8_t *exact = malloc(there);
		int answer;

		memcpy(exact, b.data, there);
		answer = tscf_message_length(exact, there);
		free(exact);
		ck_assert(answer == 0 || answer == (int)length);
		ck_assert(told == 0 || answer == (int)length);
		told += answer > 0;
	}
	ck_assert_uint_ge(told, 1);
	begin(&b, TSCF_KEEPALIVE_REQUEST);
	tscf_write_finish(&b.w);
	ck_assert_int_eq(tscf_message_length(b.data, TSCF_MESSAGE_HEADER), TSCF_MESSAGE_HEADER);
}
END_TEST

/* For streams: what cannot become a message of legal size is refused as soon as that shows. */
START_TEST(stream_too_long)
{
	struct built b;

	begin(&b, TSCF_KEEPALIVE_REQUEST);
	tscf_write_bytes(&b.w, TSCF_TLV_PADDING, NULL, 0);
	tscf_write_finish(&b.w);
	tscf_put_u16(b.data + 2, (TSCF_PROBE_MAX - TSCF_MESSAGE_HEADER) / 4);
	ck_assert_int_eq(tscf_message_length(b.data, TSCF_MESSAGE_HEADER), 0);
	tscf_put_u16(b.data + 2, (TSCF_PROBE_MAX - TSCF_MESSAGE_HEADER) / 4 + 1);
	ck_assert_int_eq(tscf_message_length(b.data, TSCF_MESSAGE_HEADER), -EINVAL);
	tscf_put_u16(b.data + 2, 1);
	tscf_put_u16(b.data + TLV_AT + 2, TSCF_PROBE_MAX - TLV_AT - 4);
	ck_assert_int_eq(tscf_message_length(b.data, TLV_AT + 4), TSCF_PROBE_MAX);
	tscf_put_u16(b.data + TLV_AT + 2, TSCF_PROBE_MAX - TLV_AT - 3);
	ck_assert_int_eq(tscf_message_length(b.data, TLV_AT + 4), -EINVAL);
	tscf_put_u16(b.data + TLV_AT + 2, UINT16_MAX);
	ck_assert_int_eq(tscf_message_length(b.data, TLV_AT + 4), -EINVAL);
}
END_TEST

/* A datagram over the largest size is refused although its TLVs walk. */
START_TEST(too_large)
{
	uint8_t *data = calloc(1, TSCF_PROBE_MAX + 1);
	struct tscf_message m;

	data[0] = 0x10;
	data[1] = TSCF_KEEPALIVE_REQUEST;
	data[3] = 1;
	data[TLV_AT + 1] = TSCF_TLV_PADDING;
	tscf_put_u16(data + TLV_AT + 2, TSCF_PROBE_MAX - TLV_AT - 4);
	ck_assert_int_eq(tscf_message_decode(data, TSCF_PROBE_MAX, &m), 0);
	tscf_put_u16(data + TLV_AT + 2, TSCF_PROBE_MAX - TLV_AT - 3);
	ck_assert_int_eq(tscf_message_decode(data, TSCF_PROBE_MAX + 1, &m), -EMSGSIZE);
	free(data);
}
END_TEST

/* A binding that cannot be written makes the message fail instead of lacking. */
START_TEST(unwritable)
{
	struct tscf_wire_binding binding = a_binding("10.0.0.2", "2001:db8::1");
	const struct tscf_addr none = {.family = 0};
	struct built b;

	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_binding(&b.w, &binding);
	ck_assert_int_eq(tscf_write_finish(&b.w), -EMSGSIZE);
	binding.key.local = none;
	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_binding(&b.w, &binding);
	ck_assert_int_eq(tscf_write_finish(&b.w), -EMSGSIZE);
	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_addr(&b.w, TSCF_TLV_DNS, &none);
	ck_assert_int_eq(tscf_write_finish(&b.w), -EMSGSIZE);
}
END_TEST

/* In a buffer of any smaller size the writer stops, says so, and has touched nothing outside. */
START_TEST(overflow)
{
	const struct tscf_wire_binding binding = a_binding("10.0.0.2", "192.0.2.1");

	for (uint32_t size = 0; size <= 60; size++) {
		uint8_t *data = malloc(size);
		struct tscf_writer w;
		uint32_t before;
		int length;

		tscf_write_begin(&w, data, size, TSCF_SERVICE_REQUEST, TSID, SEQUENCE);
		tscf_write_binding(&w, &binding);
		before = w.length;
		tscf_write_response(&w, TSCF_RESPONSE_LIMIT, "full");
		ck_assert(size >= 38 || w.length == before);
		tscf_write_u16(&w, TSCF_TLV_MTU, 1);
		length = tscf_write_finish(&w);
		ck_assert_int_eq(length, size < 54 ? -EMSGSIZE : 54);
		free(data);
	}
}
END_TEST

/* However large the buffer, no message is larger than the limit; a copy of the writer takes back what did not fit. */
START_TEST(limit_and_copy)
{
	struct tscf_wire_binding binding = a_binding("10.0.0.2", NULL);
	uint8_t *data = malloc(4096);
	struct tscf_writer w, mark;
	struct tscf_message m;
	unsigned count = 0;
	int length;

	tscf_write_begin(&w, data, 4096, TSCF_SERVICE_REQUEST, TSID, SEQUENCE);
	for (;;) {
		mark = w;
		tscf_write_binding(&w, &binding);
		if (w.overflow)
			break;
		count++;
	}
	ck_assert_uint_eq(count, (TSCF_PROBE_MAX - TSCF_MESSAGE_HEADER) / 16);
	w = mark;
	length = tscf_write_finish(&w);
	ck_assert_int_eq(length, (int)(TSCF_MESSAGE_HEADER + 16 * count));
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)length, &m), 0);
	ck_assert_uint_eq(m.tlv_count, count);
	free(data);
}
END_TEST

/* Padding reaches the length asked for, exactly where it can. */
START_TEST(padding)
{
	for (uint32_t want = 0; want <= 500; want++) {
		uint32_t expected = want <= 16 ? 16 : want <= 20 ? 20 : want;
		struct tscf_message m;
		struct built b;

		memset(b.data, 0xff, sizeof(b.data));
		begin(&b, TSCF_CONFIGURATION_REQUEST);
		tscf_write_pad(&b.w, want);
		ck_assert_uint_eq((uint32_t)tscf_write_finish(&b.w), expected);
		ck_assert_int_eq(decode_cut(&b, expected, &m), 0);
		drop(&m);
	}
	for (uint32_t want = TSCF_PROBE_MAX; want <= TSCF_PROBE_MAX + 1; want++) {
		struct built b;

		begin(&b, TSCF_CONFIGURATION_REQUEST);
		tscf_write_pad(&b.w, want);
		ck_assert_int_eq(tscf_write_finish(&b.w), want > TSCF_PROBE_MAX ? -EMSGSIZE : TSCF_PROBE_MAX);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("message");
	TCase *frame = tcase_create("frame"), *writer = tcase_create("writer");

	tcase_add_loop_test(frame, types, TSCF_CONFIGURATION_REQUEST, TSCF_CERTIFICATE_RESPONSE + 1);
	tcase_add_test(frame, header_bytes);
	tcase_add_test(frame, first_byte);
	tcase_add_test(frame, bad_types);
	tcase_add_test(frame, truncation);
	tcase_add_test(frame, stream_length);
	tcase_add_test(frame, stream_too_long);
	tcase_add_test(frame, too_large);
	suite_add_tcase(suite, frame);
	tcase_add_test(writer, unwritable);
	tcase_add_test(writer, overflow);
	tcase_add_test(writer, limit_and_copy);
	tcase_add_test(writer, padding);
	suite_add_tcase(suite, writer);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
