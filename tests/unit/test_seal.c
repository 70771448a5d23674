/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seal of control messages: a known answer, everything that must not pass, and the edges of the window. */
#include "common/auth/seal.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <string.h>

/* Both ends of a session. */
static struct tscf_seal client, server;
static uint8_t bytes[TSCF_PROBE_MAX + TSCF_SEAL_SIZE];
static struct tscf_message message;

static void setup(void)
{
	client = server = (struct tscf_seal){.agreed = true};
	for (unsigned i = 0; i < TSCF_SEAL_KEY_SIZE; i++) {
		client.send_key[i] = server.receive_key[i] = (uint8_t)i;
		client.receive_key[i] = server.send_key[i] = (uint8_t)(0x80 + i);
	}
}

/** A sealed keepalive request with TSID 1 and sequence 2.  @return its length. */
static uint32_t sealed(struct tscf_seal *by)
{
	struct tscf_writer w;

	tscf_write_begin(&w, bytes, TSCF_PROBE_MAX, TSCF_KEEPALIVE_REQUEST, 1, 2);
	return tscf_seal_close(by, bytes, (uint32_t)tscf_write_finish(&w));
}

static enum tscf_seal_result opened(struct tscf_seal *by, uint32_t length)
{
	ck_assert_int_eq(tscf_message_decode(bytes, length, &message), 0);
	return tscf_seal_open(by, &message);
}

/** @return what the server says to the client's message with that number. */
static enum tscf_seal_result arrives(uint64_t number)
{
	client.sent = number - 1;
	return opened(&server, sealed(&client));
}

/* HMAC-SHA-256 by another program. */
START_TEST(a_seal_is_what_the_specification_says)
{
	static const uint8_t expected[] = {0x10, 0x07, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					   0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x2a, 0x00, 0x18, 0x00, 0x00,
					   0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0xb6, 0xca, 0xeb, 0x17, 0x43,
					   0xd4, 0x1a, 0x6b, 0x33, 0xd0, 0x2f, 0x7f, 0x3b, 0x13, 0x82, 0xb8};

	client.sent = UINT64_C(3) << 32;
	ck_assert_uint_eq(sealed(&client), sizeof(expected));
	ck_assert_mem_eq(bytes, expected, sizeof(expected));
}
END_TEST

/* Not a bit of it can be changed, the seal included; nothing is used up by what is refused. */
START_TEST(no_bit_can_be_changed)
{
	uint32_t length = sealed(&client);

	for (uint32_t i = 0; i < 8 * length; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (tscf_message_decode(bytes, length, &message) == 0)
			ck_assert_int_ne(tscf_seal_open(&server, &message), TSCF_SEAL_RIGHT);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(opened(&server, length), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(opened(&server, length), TSCF_SEAL_REPLAYED);
}
END_TEST

/* Without a seal, with one that is not the last TLV, with the key of the other direction, with that of another
 * session. */
START_TEST(others_seals)
{
	struct tscf_seal other = client;
	struct tscf_writer w;
	uint32_t length;

	tscf_write_begin(&w, bytes, TSCF_PROBE_MAX, TSCF_KEEPALIVE_REQUEST, 1, 2);
	ck_assert_int_eq(opened(&server, (uint32_t)tscf_write_finish(&w)), TSCF_SEAL_MISSING);
	length = sealed(&client);
	tscf_message_add_last(bytes, length, TSCF_TLV_PADDING, 0);
	ck_assert_int_eq(opened(&server, length + TSCF_TLV_HEADER), TSCF_SEAL_MISSING);
	ck_assert_int_eq(opened(&server, sealed(&server)), TSCF_SEAL_FORGED);
	ck_assert_int_eq(opened(&client, sealed(&client)), TSCF_SEAL_FORGED);
	other.send_key[31] ^= 1;
	ck_assert_int_eq(opened(&server, sealed(&other)), TSCF_SEAL_FORGED);
	ck_assert_int_eq(opened(&client, sealed(&server)), TSCF_SEAL_RIGHT);
}
END_TEST

START_TEST(window)
{
	ck_assert_int_eq(arrives(1), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(1), TSCF_SEAL_REPLAYED);
	/* Overtaken by 63 others, and by 64. */
	ck_assert_int_eq(arrives(100), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(37), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(37), TSCF_SEAL_REPLAYED);
	ck_assert_int_eq(arrives(36), TSCF_SEAL_REPLAYED);
	ck_assert_int_eq(arrives(99), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(99), TSCF_SEAL_REPLAYED);
	/* By a whole window at once, and by one less. */
	ck_assert_int_eq(arrives(163), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(100), TSCF_SEAL_REPLAYED);
	ck_assert_int_eq(arrives(227), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(163), TSCF_SEAL_REPLAYED);
	ck_assert_int_eq(arrives(164), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(UINT64_MAX), TSCF_SEAL_REPLAYED);
	ck_assert_int_eq(arrives(UINT64_MAX - 1), TSCF_SEAL_RIGHT);
	ck_assert_int_eq(arrives(UINT64_MAX - 1), TSCF_SEAL_REPLAYED);
}
END_TEST

/* After a restart of the server nothing from before is accepted, and no number comes twice; the client follows. */
START_TEST(restart)
{
	uint8_t before[64];
	uint32_t length;

	ck_assert_int_eq(opened(&client, sealed(&server)), TSCF_SEAL_RIGHT);
	tscf_seal_follow(&client);
	ck_assert_uint_eq(client.sent, 0);
	length = sealed(&client);
	memcpy(before, bytes, length);
	tscf_seal_restart(&server, 7);
	ck_assert_int_eq(opened(&server, length), TSCF_SEAL_PAST);
	ck_assert_int_eq(opened(&client, sealed(&server)), TSCF_SEAL_RIGHT);
	ck_assert_uint_eq(server.sent, (UINT64_C(7) << 32) + 1);
	tscf_seal_follow(&client);
	ck_assert_uint_eq(client.sent, UINT64_C(7) << 32);
	ck_assert_int_eq(opened(&server, sealed(&client)), TSCF_SEAL_RIGHT);
	tscf_seal_follow(&client);
	ck_assert_uint_eq(client.sent, (UINT64_C(7) << 32) + 1);
	memcpy(bytes, before, length);
	ck_assert_int_eq(opened(&server, length), TSCF_SEAL_PAST);
	/* The first number of a run is not used, and one below it is of the run before. */
	tscf_seal_restart(&server, 8);
	ck_assert_int_eq(arrives((UINT64_C(8) << 32) - 1), TSCF_SEAL_PAST);
	ck_assert_int_eq(arrives((UINT64_C(8) << 32) + 1), TSCF_SEAL_RIGHT);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("seal");
	TCase *t = tcase_create("seal");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_seal_is_what_the_specification_says);
	tcase_add_test(t, no_bit_can_be_changed);
	tcase_add_test(t, others_seals);
	tcase_add_test(t, window);
	tcase_add_test(t, restart);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
