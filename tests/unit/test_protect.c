/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of an established connection: what was sealed is opened once, and nothing else is; numbers are never used
 * twice. */
#include "common/base/bytes.h"
#include "common/crypto/random.h"
#include "common/packet/replay.h"
#include "common/transport/dtls_protect.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST (1ULL << 48 | 1)

static const struct {
	enum tscf_protect_cipher cipher;
	uint32_t key_length, overhead;
} suites[] = {
    {TSCF_PROTECT_AES_GCM, 16, 37},
    {TSCF_PROTECT_AES_GCM, 32, 37},
    {TSCF_PROTECT_CHACHA20_POLY1305, 32, 29},
};

static struct tscf_protect sender, receiver;

static void make_pair(int suite)
{
	sender = (struct tscf_protect){.cipher = suites[suite].cipher,
				       .key_length = suites[suite].key_length,
				       .sequence = FIRST,
				       .nonce = UINT64_MAX};
	tscf_random(sender.key, sizeof(sender.key));
	tscf_random(sender.iv, sizeof(sender.iv));
	receiver = sender;
	sender.gcm = tscf_gcm_new();
	receiver.gcm = tscf_gcm_new();
}

/* As the caller has cut it out of its datagram. */
static int open_record(const uint8_t *data, uint32_t length, uint8_t *out, uint8_t *type)
{
	struct tscf_dtls_record record = {.data = data, .length = length, .type = data[0]};

	if (data[0] == TSCF_DTLS_CONNECTION_ID)
		record.id = data + 11;
	return tscf_protect_open(&receiver, &record, out, type);
}

static void teardown(void)
{
	tscf_protect_clear(&sender);
	tscf_protect_clear(&receiver);
}

START_TEST(what_is_sealed_is_opened_once)
{
	uint8_t data[1500], record[1600], out[1600], type;

	make_pair(_i);
	tscf_random(data, sizeof(data));
	for (uint32_t length = 0; length <= sizeof(data); length += 1 + length / 5) {
		uint32_t n = tscf_protect_seal(&sender, 23, data, length, record);

		ck_assert_uint_eq(n, length + suites[_i].overhead);
		ck_assert_int_eq(open_record(record, n, out, &type), (int)length);
		ck_assert_mem_eq(out, data, length);
		ck_assert_int_eq(open_record(record, n, out, &type), -EBADMSG);
	}
}
END_TEST

/* Records with a connection id hide their type: it comes out as it went in. */
START_TEST(a_type_is_inside)
{
	uint8_t data[100] = {0}, record[200], out[200], type = 0;
	uint32_t n;

	make_pair(_i);
	memcpy(sender.id, "name", sizeof(sender.id));
	sender.has_id = true;
	for (uint32_t length = 0; length <= sizeof(data); length++) {
		n = tscf_protect_seal(&sender, TSCF_DTLS_ALERT, data, length, record);
		ck_assert_uint_eq(n, length + suites[_i].overhead + TSCF_DTLS_ID + 1);
		ck_assert_uint_le(n, length + TSCF_PROTECT_OVERHEAD);
		ck_assert_uint_eq(record[0], TSCF_DTLS_CONNECTION_ID);
		ck_assert_int_eq(open_record(record, n, out, &type), (int)length);
		ck_assert_uint_eq(type, TSCF_DTLS_ALERT);
		ck_assert_mem_eq(out, data, length);
	}
	n = tscf_protect_seal(&sender, TSCF_DTLS_ALERT, data, 3, record);
	for (uint32_t bit = 0; bit < 8 * n; bit++) {
		if (bit / 8 == 15 || bit / 8 == 16)
			continue;
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(open_record(record, n, out, &type), -EBADMSG);
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(no_bit_may_change)
{
	uint8_t record[100], out[100], data[20] = {1}, type;
	uint32_t n;

	make_pair(_i);
	n = tscf_protect_seal(&sender, 23, data, sizeof(data), record);
	for (uint32_t bit = 0; bit < 8 * n; bit++) {
		/* The length is what the caller has cut the record out by. */
		if (bit / 8 == 11 || bit / 8 == 12)
			continue;
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(open_record(record, n, out, &type), -EBADMSG);
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (uint32_t length = 0; length < n; length++)
		ck_assert_int_eq(open_record(record, length, out, &type), -EBADMSG);
	ck_assert_int_eq(open_record(record, n, out, &type), (int)sizeof(data));
}
END_TEST

START_TEST(numbers_are_never_used_twice)
{
	uint8_t record[100], data[1] = {0};

	make_pair(_i);
	sender.sequence = (2ULL << 48) - 3;
	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_uint_gt(tscf_protect_seal(&sender, 23, data, 1, record), 0);
		ck_assert_uint_eq(tscf_get_u64(record + 3), (2ULL << 48) - 3 + i);
		if (suites[_i].cipher == TSCF_PROTECT_AES_GCM)
			ck_assert_uint_eq(tscf_get_u64(record + 13), UINT64_MAX + i);
	}
	ck_assert_uint_eq(tscf_protect_seal(&sender, 23, data, 1, record), 0);
	ck_assert_uint_eq(tscf_protect_seal(&sender, 23, data, 1, record), 0);
}
END_TEST

/* Against a table of everything seen: forward in small and large steps, and back. */
START_TEST(the_window_knows_what_it_has_seen)
{
	static bool seen[400000];
	struct tscf_replay replay = {0};
	uint64_t top = 0, first = 0, missing = 0;

	srandom(7);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < 100000; i++) {
		unsigned step = (unsigned)random() % 100, back = (unsigned)random() % 1200;
		uint64_t number;
		bool is_new;

		if (step == 0)
			top += (unsigned)random() % 2500;
		else if (step < 60)
			top++;
		number = step < 60 || back > top ? top : top - back;
		if (number >= sizeof(seen))
			break;
		is_new = number + TSCF_REPLAY_WINDOW >= replay.next && !seen[number];
		ck_assert_msg(tscf_replay_is_new(&replay, number) == is_new, "number %u", (unsigned)number);
		if (!is_new)
			continue;
		if (replay.next == 0)
			first = number;
		tscf_replay_mark(&replay, number);
		seen[number] = true;
	}
	ck_assert_uint_gt(top, 50000);
	for (uint64_t n = first; n + TSCF_REPLAY_LATE < replay.next; n++)
		missing += !seen[n];
	ck_assert_uint_gt(missing, 1000);
	ck_assert_uint_eq(tscf_replay_missing(&replay), missing);
}
END_TEST

/* Seal @p count records and open them in the order of @p order; a number that is not in it is lost. */
static void pass(const unsigned *order, unsigned count)
{
	uint64_t base = sender.sequence;

	for (unsigned i = 0; i < count; i++) {
		uint8_t record[100], out[100], data[1] = {0}, type;

		sender.sequence = base + order[i];
		ck_assert_int_eq(open_record(record, tscf_protect_seal(&sender, 23, data, 1, record), out, &type), 1);
	}
}

/* Send @p count records of which all arrive. */
static void pass_all(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		pass(&(unsigned){0}, 1);
}

/* Nothing is missing before it is late, nor when it has come after all, however late; replays change nothing. */
START_TEST(a_record_that_never_comes_is_missing)
{
	static const unsigned without_two[] = {0, 1, 4}, late[] = {2, 1, 0, 3}, jump[] = {5000};
	uint8_t lost[100], record[100], out[100], data[1] = {0}, type;
	uint32_t n;

	make_pair(_i);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 0);
	pass(without_two, 3);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 0);
	pass_all(TSCF_REPLAY_LATE - 3);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 0);
	pass_all(1);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 1);
	pass_all(1);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 2);
	pass(late, 4);
	pass_all(200);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 2);
	/* Overtaken by 900, it counts until it comes; its replay does not come. */
	n = tscf_protect_seal(&sender, 23, data, 1, lost);
	pass_all(900);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(open_record(lost, n, out, &type), i == 0 ? 1 : -EBADMSG);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 2);
	/* A record that is too late is lost, though it comes. */
	n = tscf_protect_seal(&sender, 23, data, 1, lost);
	pass_all(TSCF_REPLAY_WINDOW);
	ck_assert_int_eq(open_record(lost, n, out, &type), -EBADMSG);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 3);
	/* Past everything that the window remembers. */
	pass(jump, 1);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 3 + 5000 - (TSCF_REPLAY_LATE - 1));
	pass_all(TSCF_REPLAY_LATE);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 3 + 5000);
	/* What the handshake has used, before the first record, is not missing, nor more than expected when it comes.
	 */
	sender.sequence = FIRST - 1;
	n = tscf_protect_seal(&sender, 23, data, 1, record);
	receiver.replay = (struct tscf_replay){0};
	pass_all(1);
	ck_assert_int_eq(open_record(record, n, out, &type), 1);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 0);
	pass_all(100);
	ck_assert_uint_eq(tscf_replay_missing(&receiver.replay), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("protect");
	TCase *tc = tcase_create("protect");
	int count = (int)(sizeof(suites) / sizeof(suites[0]));

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, what_is_sealed_is_opened_once, 0, count);
	tcase_add_loop_test(tc, a_type_is_inside, 0, count);
	tcase_add_loop_test(tc, no_bit_may_change, 0, count);
	tcase_add_loop_test(tc, numbers_are_never_used_twice, 0, count);
	tcase_add_test(tc, the_window_knows_what_it_has_seen);
	tcase_add_loop_test(tc, a_record_that_never_comes_is_missing, 0, count);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
