/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests of a tunnel: retransmission, window, and that each ends exactly once.
 */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/request.h"

#include <errno.h>
#include <string.h>

static struct requests queue;
static unsigned sent, ended, in_vain, taken_back;
static uint32_t last_sequence;
static uint64_t last_tsid;

static void transmit(void *context, const uint8_t *data, uint32_t length)
{
	struct tscf_message m;
	ck_assert_ptr_eq(context, &queue);
	ck_assert_int_eq(tscf_message_decode(data, length, &m), 0);
	last_sequence = m.sequence;
	last_tsid = m.tsid;
	sent++;
}

static void done(void *context, void *user, const struct tscf_message *response, int error)
{
	(void)context, (void)user;
	ended++;
	if (!response && error == -ETIMEDOUT)
		in_vain++;
	if (!response && error == -ECANCELED)
		taken_back++;
}

static void start(void)
{
	sent = ended = in_vain = taken_back = 0;
	requests_init(&queue, transmit, &queue);
}

static uint32_t add(uint16_t tries, uint64_t now)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	uint32_t sequence = requests_sequence(&queue);
	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 7, sequence);
	int length = tscf_write_finish(&w);
	ck_assert_int_eq(requests_add(&queue, buffer, (uint32_t)length,
				      (struct request_pace){REQUEST_FIRST_MS, REQUEST_LONGEST_MS, tries, 0}, done, NULL,
				      now),
			 0);
	return sequence;
}

static bool answer(enum tscf_message_type type, uint32_t sequence, uint64_t now)
{
	struct tscf_message m = {.type = type, .tsid = 7, .sequence = sequence};
	return requests_answer(&queue, &m, now);
}

/* Sent at once, again after 250, 500, 1000, 2000 ms, with the same number; then given up. */
START_TEST(retransmits)
{
	static const uint64_t at[] = {250, 750, 1750, 3750, 5750};
	start();
	uint32_t sequence = add(5, 0);
	ck_assert_uint_eq(sent, 1);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_uint_eq(requests_next(&queue), at[i]);
		requests_tick(&queue, at[i] - 1);
		ck_assert_uint_eq(sent, i + 1);
		requests_tick(&queue, at[i]);
		ck_assert_uint_eq(last_sequence, sequence);
	}
	ck_assert_uint_eq(sent, 5);
	ck_assert_uint_eq(in_vain, 1);
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(requests_next(&queue), UINT64_MAX);
}
END_TEST

/* An answer ends it, once; a second one, another number or another type is nobody's. */
START_TEST(answered)
{
	start();
	uint32_t sequence = add(5, 100);
	ck_assert(!answer(TSCF_SERVICE_RESPONSE, sequence, 110));
	ck_assert(!answer(TSCF_KEEPALIVE_RESPONSE, sequence + 1, 110));
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequence, 130));
	ck_assert(!answer(TSCF_KEEPALIVE_RESPONSE, sequence, 140));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(in_vain + taken_back, 0);
	ck_assert_uint_eq(queue.round_trip_ms, 30);
}
END_TEST

/* An urgent one is repeated in the first moments, which are no tries; then it goes on as any other. */
START_TEST(urgent)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	start();
	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 7, requests_sequence(&queue));
	int length = tscf_write_finish(&w);
	requests_add(&queue, buffer, (uint32_t)length,
		     (struct request_pace){REQUEST_FIRST_MS, REQUEST_LONGEST_MS, 2, 3}, done, NULL, 0);
	static const uint64_t at[] = {5, 10, 15, 265};
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(requests_next(&queue), at[i]);
		requests_tick(&queue, at[i]);
		ck_assert_uint_eq(sent, i + 2);
	}
	ck_assert_uint_eq(requests_next(&queue), 265 + 500);
	requests_tick(&queue, 265 + 500);
	ck_assert_uint_eq(in_vain, 1);
	ck_assert_uint_eq(queue.round_trip_ms, 0);
}
END_TEST

/* The round trip of a request that was sent twice is not taken. */
START_TEST(no_round_trip_of_repeated)
{
	start();
	uint32_t sequence = add(5, 0);
	requests_tick(&queue, 250);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequence, 260));
	ck_assert_uint_eq(queue.round_trip_ms, 0);
	sequence = add(REQUEST_TRIES_ENDLESS, 1000);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequence, 1007));
	ck_assert_uint_eq(queue.round_trip_ms, 7);
}
END_TEST

/* A quick answer is one: 0 says that nothing was measured. */
START_TEST(round_trip_within_a_millisecond)
{
	start();
	ck_assert_uint_eq(queue.round_trip_ms, 0);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, add(5, 100), 100));
	ck_assert_uint_eq(queue.round_trip_ms, 1);
}
END_TEST

/* On a stream it is sent once, and given up at the same time. */
START_TEST(reliable)
{
	start();
	queue.reliable = true;
	add(2, 0);
	requests_tick(&queue, 250);
	ck_assert_uint_eq(sent, 1);
	ck_assert_uint_eq(ended, 0);
	requests_tick(&queue, 750);
	ck_assert_uint_eq(sent, 1);
	ck_assert_uint_eq(in_vain, 1);
	/* So an answer that comes after the pause still measures the round trip. */
	uint32_t sequence = add(5, 1000);
	requests_tick(&queue, 1250);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequence, 1700));
	ck_assert_uint_eq(queue.round_trip_ms, 700);
}
END_TEST

/* Another session takes over: all that waits is sent again, with its id. */
START_TEST(repeated)
{
	start();
	queue.reliable = true;
	uint32_t sequence = add(5, 0);
	add(5, 0);
	last_tsid = 0;
	requests_repeat(&queue, 4711, 100);
	ck_assert_uint_eq(sent, 4);
	ck_assert_uint_eq(last_tsid, 4711);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequence, 150));
	ck_assert_uint_eq(queue.under_way, 1);
}
END_TEST

/* At most REQUEST_WINDOW are under way; the others follow in order as answers come. */
START_TEST(window)
{
	uint32_t sequences[REQUEST_WINDOW + 3];
	start();
	for (unsigned i = 0; i < REQUEST_WINDOW + 3; i++)
		sequences[i] = add(5, 0);
	ck_assert_uint_eq(sent, REQUEST_WINDOW);
	ck_assert(answer(TSCF_KEEPALIVE_RESPONSE, sequences[3], 1));
	ck_assert_uint_eq(sent, REQUEST_WINDOW + 1);
	ck_assert_uint_eq(last_sequence, sequences[REQUEST_WINDOW]);
	ck_assert(!answer(TSCF_KEEPALIVE_RESPONSE, sequences[REQUEST_WINDOW + 2], 1));
	requests_clear(&queue);
	ck_assert_uint_eq(taken_back, REQUEST_WINDOW + 2);
	ck_assert_uint_eq(ended, REQUEST_WINDOW + 3);
}
END_TEST

static void add_another(void *context, void *user, const struct tscf_message *response, int error)
{
	(void)context, (void)response, (void)error;
	ended++;
	if (user)
		add(1, 250);
}

/* A callback that begins a new request does not disturb the queue it is called from. */
START_TEST(callback_adds)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	start();
	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 7, requests_sequence(&queue));
	int length = tscf_write_finish(&w);
	requests_add(&queue, buffer, (uint32_t)length,
		     (struct request_pace){REQUEST_FIRST_MS, REQUEST_LONGEST_MS, 1, 0}, add_another, &queue, 0);
	requests_tick(&queue, 250);
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(queue.under_way, 1);
	requests_tick(&queue, 500);
	ck_assert_uint_eq(ended, 2);
	ck_assert_uint_eq(queue.under_way, 0);
	ck_assert_ptr_null(queue.first);
}
END_TEST

/* Without an end to its tries a request goes on, every 2 s at last. */
START_TEST(endless)
{
	start();
	add(REQUEST_TRIES_ENDLESS, 0);
	uint64_t now = 0;
	for (int i = 0; i < 100; i++) {
		now = requests_next(&queue);
		requests_tick(&queue, now);
	}
	ck_assert_uint_eq(sent, 101);
	ck_assert_uint_eq(requests_next(&queue) - now, REQUEST_LONGEST_MS);
	requests_clear(&queue);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client requests");
	TCase *tc = tcase_create("queue");
	tcase_add_test(tc, retransmits);
	tcase_add_test(tc, answered);
	tcase_add_test(tc, urgent);
	tcase_add_test(tc, no_round_trip_of_repeated);
	tcase_add_test(tc, round_trip_within_a_millisecond);
	tcase_add_test(tc, reliable);
	tcase_add_test(tc, repeated);
	tcase_add_test(tc, window);
	tcase_add_test(tc, callback_adds);
	tcase_add_test(tc, endless);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
