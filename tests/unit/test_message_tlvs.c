/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TLVs of control messages: the size of each, and what is written comes back. */
#include "common/base/bytes.h"
#include "tests/unit/message_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_TLV 1000

/* Make a message of one TLV of @p length bytes, all zero unless @p value is given, and decode it. */
static int decode_raw(uint16_t type, const void *value, uint16_t length)
{
	struct tscf_message m;
	struct built b;
	int error;

	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_bytes(&b.w, type, value, length);
	error = decode_cut(&b, (uint32_t)tscf_write_finish(&b.w), &m);
	if (!error)
		drop(&m);
	return error;
}

/* The sizes that message.h gives to each TLV, and no others, are accepted. */
START_TEST(sizes)
{
	static const struct {
		uint16_t type, legal[4];
		unsigned count;
	} exact[] = {
	    {TSCF_TLV_INTERNAL_IPV4, {5}, 1},
	    {TSCF_TLV_INTERNAL_IPV6, {17}, 1},
	    {TSCF_TLV_ROUTE_IPV4, {5}, 1},
	    {TSCF_TLV_ROUTE_IPV6, {17}, 1},
	    {TSCF_TLV_DNS, {4, 16}, 2},
	    {TSCF_TLV_SIP_SERVER, {4, 16}, 2},
	    {TSCF_TLV_MTU, {2}, 1},
	    {TSCF_TLV_KEEPALIVE, {2}, 1},
	    {TSCF_TLV_SERVICE_TYPE, {2}, 1},
	    {TSCF_TLV_RESERVED_TSID, {8}, 1},
	    {TSCF_TLV_BINDING, {12, 18, 24, 42}, 4},
	    {TSCF_TLV_SOCKET, {12, 18, 24, 42}, 4},
	    {TSCF_TLV_SOCKET_ANSWER, {3}, 1},
	    {TSCF_TLV_SOCKETS_DUE, {0}, 1},
	    {TSCF_TLV_OBSERVED_ADDRESS, {6, 18}, 2},
	    {TSCF_TLV_RESUME_SECRET, {32}, 1},
	    {TSCF_TLV_CLIENT_ID, {16}, 1},
	    {TSCF_TLV_RESERVATION_HASH, {32}, 1},
	    {TSCF_TLV_RESERVATION_SECRET, {32}, 1},
	    {TSCF_TLV_QUIET, {0}, 1},
	    {TSCF_TLV_SHARED_ID, {0}, 1},
	    {TSCF_TLV_RUN, {8}, 1},
	    {TSCF_TLV_COMPLETE, {0}, 1},
	    {TSCF_TLV_PERSISTENCE, {2}, 1},
	    {TSCF_TLV_SHIELD_LOCK, {32}, 1},
	    {TSCF_TLV_SHIELD_KEY, {32}, 1},
	    {TSCF_TLV_AUTH_METHODS, {1}, 1},
	    {TSCF_TLV_KEY_SHARE, {33}, 1},
	    {TSCF_TLV_CHAIN_DIGEST, {32}, 1},
	    {TSCF_TLV_MAC, {16}, 1},
	    {TSCF_TLV_SEAL, {24}, 1},
	    {TSCF_TLV_LASTING_KEY, {32}, 1},
	    {TSCF_TLV_NAGLE, {2}, 1},
	    {TSCF_TLV_NEED, {1}, 1},
	    {TSCF_TLV_YIELD, {0}, 1},
	    {TSCF_TLV_NETWORKS, {0}, 1},
	    {TSCF_TLV_ENTRIES_LEFT, {0}, 1},
	};
	static const uint8_t zero[256];

	for (uint16_t length = 0; length < sizeof(zero); length++) {
		for (unsigned i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
			bool legal = false;

			for (unsigned j = 0; j < exact[i].count; j++)
				legal = legal || length == exact[i].legal[j];
			ck_assert_int_eq(decode_raw(exact[i].type, zero, length), legal ? 0 : -EINVAL);
		}
		ck_assert_int_eq(decode_raw(TSCF_TLV_RESPONSE_CODE, zero, length),
				 length >= 2 && length <= 202 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_COOKIE, zero, length), length >= 1 && length <= 64 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_AUTH_PROOF, zero, length), length >= 2 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_AUTH_CERTIFICATE, zero, length), length >= 1 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_AUTH_KEY, zero, length), length >= 1 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_SIGNATURE, zero, length), length >= 1 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_CHAIN_PART, zero, length), length >= 4 ? 0 : -EINVAL);
		ck_assert_int_eq(decode_raw(TSCF_TLV_PADDING, zero, length), 0);
		ck_assert_int_eq(decode_raw(0, zero, length), 0);
		ck_assert_int_eq(decode_raw(UNKNOWN_TLV, zero, length), 0);
		ck_assert_int_eq(decode_raw(UINT16_MAX, zero, length), 0);
	}
}
END_TEST

/* The largest size of what has a largest one that is not small. */
START_TEST(largest_sizes)
{
	static const struct {
		uint16_t type, most;
	} limited[] = {
	    {TSCF_TLV_AUTH_PROOF, TSCF_PROOF_MAX},          {TSCF_TLV_AUTH_CERTIFICATE, TSCF_CERTIFICATE_MAX},
	    {TSCF_TLV_AUTH_KEY, TSCF_PUBLIC_KEY_MAX},       {TSCF_TLV_SIGNATURE, TSCF_SIGNATURE_MAX},
	    {TSCF_TLV_CHAIN_PART, 4 + TSCF_CHAIN_PART_MAX},
	};
	static const uint8_t zero[TSCF_MESSAGE_MAX];

	for (unsigned i = 0; i < sizeof(limited) / sizeof(limited[0]); i++) {
		ck_assert_int_eq(decode_raw(limited[i].type, zero, limited[i].most), 0);
		ck_assert_int_eq(decode_raw(limited[i].type, zero, (uint16_t)(limited[i].most + 1)), -EINVAL);
	}
}
END_TEST

/* Numbers come back; a TLV of another size is refused. */
START_TEST(numbers)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	struct built b;
	uint16_t u16;
	uint64_t u64;

	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_u16(&b.w, TSCF_TLV_MTU, 0xfedc);
	decode(&b, &m, &tlv);
	ck_assert_int_eq(tscf_tlv_u16(&tlv, &u16), 0);
	ck_assert_uint_eq(u16, 0xfedc);
	ck_assert_int_eq(tscf_tlv_u64(&tlv, &u64), -EINVAL);
	drop(&m);

	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_u64(&b.w, TSCF_TLV_RESERVED_TSID, 0xfedcba9876543210);
	decode(&b, &m, &tlv);
	ck_assert_int_eq(tscf_tlv_u64(&tlv, &u64), 0);
	ck_assert(u64 == 0xfedcba9876543210);
	ck_assert_int_eq(tscf_tlv_u16(&tlv, &u16), -EINVAL);
	drop(&m);
}
END_TEST

/* Prefixes of both families come back under the type of their family; a length over the address's is refused. */
START_TEST(prefixes)
{
	static const char *const texts[] = {"0.0.0.0/0", "10.1.2.3/24",    "10.1.2.3/32",
					    "::/0",      "2001:db8::1/64", "2001:db8::1/128"};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tscf_prefix in, out;
		char text[TSCF_ADDR_TEXT];
		uint8_t value[17];
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;

		ck_assert_int_eq(tscf_prefix_parse(texts[i], &in), 0);
		begin(&b, TSCF_CONFIGURATION_RESPONSE);
		tscf_write_prefix(&b.w, TSCF_TLV_ROUTE_IPV4, &in);
		decode(&b, &m, &tlv);
		ck_assert_uint_eq(tlv.type, i < 3 ? TSCF_TLV_ROUTE_IPV4 : TSCF_TLV_ROUTE_IPV6);
		ck_assert_int_eq(tscf_tlv_prefix(&tlv, &out), 0);
		ck_assert_str_eq(tscf_prefix_format(&out, text), texts[i]);

		memcpy(value, tlv.value, tlv.length);
		value[tlv.length - 1] = i < 3 ? 33 : 129;
		tlv.value = value;
		ck_assert_int_eq(tscf_tlv_prefix(&tlv, &out), -EINVAL);
		for (tlv.length = 0; tlv.length < sizeof(value); tlv.length++) {
			if (tlv.length != 5)
				ck_assert_int_eq(tscf_tlv_prefix(&tlv, &out), -EINVAL);
		}
		drop(&m);
	}
}
END_TEST

/* Addresses and endpoints of both families come back. */
START_TEST(addresses)
{
	static const char *const texts[] = {"192.0.2.7", "2001:db8::7"};

	for (unsigned i = 0; i < 2; i++) {
		struct tscf_addr in = addr(texts[i]), out;
		union tscf_endpoint e, back;
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;

		begin(&b, TSCF_CONFIGURATION_RESPONSE);
		tscf_write_addr(&b.w, TSCF_TLV_DNS, &in);
		decode(&b, &m, &tlv);
		ck_assert_int_eq(tscf_tlv_addr(&tlv, &out), 0);
		ck_assert(tscf_addr_equal(&in, &out));
		tlv.length--;
		ck_assert_int_eq(tscf_tlv_addr(&tlv, &out), -EINVAL);
		drop(&m);

		tscf_endpoint_make(&in, 40000, &e);
		begin(&b, TSCF_CONFIGURATION_RESPONSE);
		tscf_write_endpoint(&b.w, TSCF_TLV_OBSERVED_ADDRESS, &e);
		decode(&b, &m, &tlv);
		ck_assert_int_eq(tscf_tlv_endpoint(&tlv, &back), 0);
		ck_assert(tscf_endpoint_equal(&e, &back));
		tlv.length--;
		ck_assert_int_eq(tscf_tlv_endpoint(&tlv, &back), -EINVAL);
		tlv.length = 1;
		ck_assert_int_eq(tscf_tlv_endpoint(&tlv, &back), -EINVAL);
		drop(&m);
	}
}
END_TEST

/* An IPv4-mapped address has no place in a TLV: an IPv4 address has one form. */
START_TEST(mapped_addresses)
{
	static const uint8_t value[18] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1, [16] = 24};
	struct tscf_tlv tlv = {.value = value};
	union tscf_endpoint e;
	struct tscf_prefix p;
	struct tscf_addr a;

	tlv.length = 16;
	ck_assert_int_eq(tscf_tlv_addr(&tlv, &a), -EINVAL);
	tlv.length = 17;
	ck_assert_int_eq(tscf_tlv_prefix(&tlv, &p), -EINVAL);
	tlv.length = 18;
	ck_assert_int_eq(tscf_tlv_endpoint(&tlv, &e), -EINVAL);
}
END_TEST

/* Every response code comes back with its text and has a name; others are refused. */
START_TEST(responses)
{
	for (unsigned number = 0; number <= 16; number++) {
		enum tscf_response code;
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;
		char text[32];

		begin(&b, TSCF_SERVICE_RESPONSE);
		tscf_write_response(&b.w, (enum tscf_response)number, "because \xc3\xa4");
		decode(&b, &m, &tlv);
		if (number > TSCF_RESPONSE_BUSY) {
			ck_assert_int_eq(tscf_message_response(&m, &code, text, sizeof(text)), -EINVAL);
			ck_assert_str_eq(tscf_response_name((enum tscf_response)number), "unknown");
		} else {
			ck_assert_int_eq(tscf_message_response(&m, &code, text, sizeof(text)), 0);
			ck_assert_uint_eq(code, number);
			ck_assert_str_eq(text, "because \xc3\xa4");
			ck_assert_int_eq(tscf_message_response(&m, &code, NULL, 0), 0);
			ck_assert_str_ne(tscf_response_name(code), "unknown");
		}
		drop(&m);
	}
}
END_TEST

/* Only a client that says so needs its tunnel for preferred sockets at most; any other value may be encrypted-only. */
START_TEST(needs)
{
	for (unsigned value = 0; value <= UINT8_MAX; value++) {
		struct tscf_message m;
		struct built b;

		begin(&b, TSCF_KEEPALIVE_REQUEST);
		tscf_write_need(&b.w, (enum tscf_level)value);
		ck_assert_int_eq(decode_cut(&b, (uint32_t)tscf_write_finish(&b.w), &m), 0);
		ck_assert_int_eq(tscf_message_needs_preferred(&m), value == TSCF_LEVEL_ENCRYPTED_PREFERRED);
		drop(&m);
	}
}
END_TEST

/* A message without the TLV has neither response nor service. */
START_TEST(nothing_to_find)
{
	struct tscf_message m;
	enum tscf_response code;
	enum tscf_service service;
	struct tscf_tlv tlv;
	struct built b;

	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_u16(&b.w, TSCF_TLV_MTU, 1);
	decode(&b, &m, &tlv);
	ck_assert_int_eq(tscf_message_response(&m, &code, NULL, 0), -EINVAL);
	ck_assert_int_eq(tscf_message_service(&m, &service), -EINVAL);
	ck_assert(tscf_message_find(&m, TSCF_TLV_MTU, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_DNS, &tlv));
	drop(&m);
}
END_TEST

/* What a peer writes as text is safe for a terminal and for JSON, in whatever room, and whole characters only. */
START_TEST(texts)
{
	static const struct {
		const char *in;
		size_t room;
		const char *out;
	} cases[] = {
	    {"plain", 32, "plain"},
	    {"plain", 5, "plai"},
	    {"plain", 1, ""},
	    {"a\x1b[2J\r\n\tb\x7f", 32, "a?[2J???b?"},
	    {"\xc2\x9b\xc2\xa0", 32, "?\xc2\xa0"},
	    {"\xe2\x82\xac", 4, "\xe2\x82\xac"},
	    {"\xe2\x82\xac", 3, ""},
	    {"\xf0\x9f\x93\x9e", 32, "\xf0\x9f\x93\x9e"},
	    {"\xff\x80\xe2\x82", 32, "????"},
	    {"\xc0\xaf\xe0\x80\xaf", 32, "?????"},
	    {"\xed\xa0\x80", 32, "???"},
	    {"\xf4\x90\x80\x80\xf8", 32, "?????"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = malloc(cases[i].room);
		enum tscf_response code;
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;

		begin(&b, TSCF_SERVICE_RESPONSE);
		tscf_write_response(&b.w, TSCF_RESPONSE_LIMIT, cases[i].in);
		decode(&b, &m, &tlv);
		ck_assert_int_eq(tscf_tlv_response(&tlv, &code, text, cases[i].room), 0);
		ck_assert_str_eq(text, cases[i].out);
		ck_assert_int_eq(tscf_tlv_response(&tlv, &code, text, 0), 0);
		ck_assert_str_eq(text, cases[i].out);
		free(text);
		drop(&m);
	}
}
END_TEST

/* Our own long texts are cut to the limit, between characters. */
START_TEST(long_text)
{
	char in[300] = "", text[300];
	enum tscf_response code;
	struct tscf_message m;
	struct tscf_tlv tlv;
	struct built b;

	memset(in, 'x', 199);
	strcpy(in + 199, "\xc3\xa4 and more");
	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_response(&b.w, TSCF_RESPONSE_LIMIT, in);
	decode(&b, &m, &tlv);
	ck_assert_int_eq(tscf_tlv_response(&tlv, &code, text, sizeof(text)), 0);
	ck_assert_uint_eq(strlen(text), 199);
	drop(&m);

	in[198] = '\0';
	strcat(in, "\xc3\xa4");
	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_response(&b.w, TSCF_RESPONSE_LIMIT, in);
	decode(&b, &m, &tlv);
	ck_assert_int_eq(tscf_tlv_response(&tlv, &code, text, sizeof(text)), 0);
	ck_assert_str_eq(text, in);
	drop(&m);

	begin(&b, TSCF_SERVICE_RESPONSE);
	tscf_write_response(&b.w, TSCF_RESPONSE_SUCCESS, NULL);
	decode(&b, &m, &tlv);
	ck_assert_uint_eq(tlv.length, 2);
	drop(&m);
}
END_TEST

/* Service types: the six, no others. */
START_TEST(services)
{
	for (uint16_t number = 0; number <= 7; number++) {
		enum tscf_service service;
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;

		begin(&b, TSCF_SERVICE_REQUEST);
		tscf_write_u16(&b.w, TSCF_TLV_SERVICE_TYPE, number);
		decode(&b, &m, &tlv);
		if (number >= 1 && number <= 7) {
			ck_assert_int_eq(tscf_message_service(&m, &service), 0);
			ck_assert_uint_eq(service, number);
		} else {
			ck_assert_int_eq(tscf_message_service(&m, &service), -EINVAL);
		}
		drop(&m);
	}
}
END_TEST

/* Bindings come back: both families, with and without remote, every action and level, wildcards. */
START_TEST(bindings)
{
	static const char *const sides[][2] = {
	    {"10.0.0.2", NULL}, {"10.0.0.2", "192.0.2.1"}, {"2001:db8::2", NULL}, {"2001:db8::2", "2001:db8::1"}};
	static const uint16_t sizes_of[] = {12, 18, 24, 42};

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned n = 0; n < 12; n++) {
			struct tscf_wire_binding in = a_binding(sides[i][0], sides[i][1]), out;
			struct tscf_message m;
			struct tscf_tlv tlv;
			struct built b;

			in.action = (enum tscf_bind_action)(n % 3);
			in.level = (enum tscf_level)(n / 3);
			in.flags = n & TSCF_BIND_FLAG_MOVED;
			if (n > 5)
				in.key.local_port = 0;
			if (n > 8 && !sides[i][1])
				in.key.protocol = 0;
			begin(&b, TSCF_SERVICE_REQUEST);
			tscf_write_binding(&b.w, &in);
			decode(&b, &m, &tlv);
			ck_assert_uint_eq(tlv.length, sizes_of[i]);
			ck_assert_int_eq(tscf_tlv_binding(&tlv, &out), 0);
			ck_assert(tscf_addr_equal(&in.key.local, &out.key.local));
			ck_assert(tscf_addr_equal(&in.key.remote, &out.key.remote));
			ck_assert_uint_eq(out.key.local_port, in.key.local_port);
			ck_assert_uint_eq(out.key.remote_port, in.key.remote_port);
			ck_assert_uint_eq(out.key.protocol, in.key.protocol);
			ck_assert(out.action == in.action && out.level == in.level && out.flags == in.flags);
			drop(&m);
		}
	}
}
END_TEST

/** A byte of a value that makes it illegal. */
struct change {
	uint8_t at, value;
};

/** A legal @p tlv is refused by @p read with each of the changes, and when it is cut short anywhere. */
static void refused_in_any_form(const struct tscf_tlv *tlv, const struct change *changes, unsigned count,
				int (*read)(const struct tscf_tlv *tlv))
{
	for (unsigned i = 0; i < count; i++) {
		struct tscf_tlv bad = *tlv;
		uint8_t value[64];

		memcpy(value, tlv->value, tlv->length);
		value[changes[i].at] = changes[i].value;
		bad.value = value;
		ck_assert_int_eq(read(&bad), -EINVAL);
	}
	/* In memory of that size, so that a sanitizer sees what is read behind it. */
	for (uint16_t length = 0; length < tlv->length; length++) {
		uint8_t *value = malloc(length);
		const struct tscf_tlv cut = {.type = tlv->type, .length = length, .value = value};

		memcpy(value, tlv->value, length);
		ck_assert_int_eq(read(&cut), -EINVAL);
		free(value);
	}
}

static int read_binding(const struct tscf_tlv *tlv)
{
	struct tscf_wire_binding out;

	return tscf_tlv_binding(tlv, &out);
}

static int read_socket(const struct tscf_tlv *tlv)
{
	struct tscf_wire_socket out;

	return tscf_tlv_socket(tlv, &out);
}

/* One illegal byte in a binding: action, level, flags, family, has-remote, and a protocol wildcard with a port. */
START_TEST(bad_bindings)
{
	static const struct change changes[] = {{0, 3}, {0, 255}, {1, 4}, {1, 255}, {2, 2}, {2, 0x80}, {3, 0},
						{4, 0}, {4, 5},   {4, 6}, {5, 0},   {5, 2}, {5, 255}};
	const struct tscf_wire_binding in = a_binding("10.0.0.2", "192.0.2.1");
	struct tscf_message m;
	struct tscf_tlv tlv;
	struct built b;

	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_binding(&b.w, &in);
	decode(&b, &m, &tlv);
	refused_in_any_form(&tlv, changes, sizeof(changes) / sizeof(changes[0]), read_binding);
	drop(&m);
}
END_TEST

/* What a socket asks for, and what it gets, come back: each redundancy, with and without datagrams. */
START_TEST(sockets)
{
	static const uint8_t values[] = {0, 1, 2, 3, 4, TSCF_REDUNDANCY_BALANCE, TSCF_REDUNDANCY_AUTO};

	for (unsigned n = 0; n < 2 * sizeof(values); n++) {
		const struct tscf_services_of wanted = {.redundancy = values[n / 2], .datagram = n % 2};
		struct tscf_wire_socket in = {a_binding("10.0.0.2", n % 3 ? NULL : "192.0.2.1").key, wanted}, out;
		struct tscf_wire_answer answer = {.code = (enum tscf_response)(n % 12), .services = wanted}, answered;
		struct tscf_message m;
		struct tscf_tlv tlv;
		struct built b;

		begin(&b, TSCF_SERVICE_REQUEST);
		tscf_write_socket(&b.w, &in);
		decode(&b, &m, &tlv);
		ck_assert_int_eq(tscf_tlv_socket(&tlv, &out), 0);
		ck_assert(tscf_services_equal(&out.services, &wanted));
		ck_assert(tscf_addr_equal(&in.key.local, &out.key.local));
		ck_assert(tscf_addr_equal(&in.key.remote, &out.key.remote));
		ck_assert_uint_eq(out.key.local_port, in.key.local_port);
		drop(&m);
		begin(&b, TSCF_SERVICE_RESPONSE);
		tscf_write_socket_answer(&b.w, &answer);
		decode(&b, &m, &tlv);
		ck_assert_int_eq(tscf_tlv_socket_answer(&tlv, &answered), 0);
		ck_assert(answered.code == answer.code && tscf_services_equal(&answered.services, &wanted));
		drop(&m);
	}
}
END_TEST

/* One illegal byte: redundancy, flags, the zero, family, has-remote, and a protocol wildcard with a port. */
START_TEST(bad_sockets)
{
	static const struct change changes[] = {{0, 5}, {0, 253}, {1, 2}, {1, 0x80}, {2, 1},
						{3, 0}, {4, 0},   {4, 6}, {5, 0},    {5, 2}};
	static const uint8_t bad_answers[][3] = {{13, 0, 0}, {255, 0, 0}, {0, 5, 0}, {0, 0, 2}};
	const struct tscf_wire_socket in = {.key = a_binding("10.0.0.2", "192.0.2.1").key};
	struct tscf_wire_answer answer;
	struct tscf_message m;
	struct tscf_tlv tlv;
	struct built b;

	begin(&b, TSCF_SERVICE_REQUEST);
	tscf_write_socket(&b.w, &in);
	decode(&b, &m, &tlv);
	refused_in_any_form(&tlv, changes, sizeof(changes) / sizeof(changes[0]), read_socket);
	for (unsigned i = 0; i < sizeof(bad_answers) / sizeof(bad_answers[0]); i++) {
		struct tscf_tlv bad = {.length = 3, .value = bad_answers[i]};

		ck_assert_int_eq(tscf_tlv_socket_answer(&bad, &answer), -EINVAL);
	}
	drop(&m);
}
END_TEST

/* A part of a chain of certificates lies inside the chain: whoever puts the parts together has room for the total. */
START_TEST(chain_parts)
{
	static const struct {
		uint8_t value[4 + 10];
		uint16_t length;
		int result;
	} cases[] = {
	    {{0, 10}, 14, 0},
	    {{0, 100, 0, 90}, 14, 0},
	    {{0, 100, 0, 100}, 4, 0},
	    {{0, 9}, 14, -EINVAL},
	    {{0, 100, 0, 91}, 14, -EINVAL},
	    {{0, 100, 0, 101}, 4, -EINVAL},
	    {{0, 10, 0}, 3, -EINVAL},
	    {{0}, 0, -EINVAL},
	    {{0, 10, 255, 255}, 14, -EINVAL},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tscf_tlv tlv = {.length = cases[i].length, .value = cases[i].value};
		struct tscf_chain_part out;

		ck_assert_int_eq(tscf_tlv_chain_part(&tlv, &out), cases[i].result);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("message TLVs");
	TCase *values = tcase_create("values");

	tcase_add_test(values, sizes);
	tcase_add_test(values, largest_sizes);
	tcase_add_test(values, numbers);
	tcase_add_test(values, prefixes);
	tcase_add_test(values, addresses);
	tcase_add_test(values, mapped_addresses);
	tcase_add_test(values, responses);
	tcase_add_test(values, needs);
	tcase_add_test(values, nothing_to_find);
	tcase_add_test(values, texts);
	tcase_add_test(values, long_text);
	tcase_add_test(values, services);
	tcase_add_test(values, bindings);
	tcase_add_test(values, bad_bindings);
	tcase_add_test(values, sockets);
	tcase_add_test(values, bad_sockets);
	tcase_add_test(values, chain_parts);
	suite_add_tcase(suite, values);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
