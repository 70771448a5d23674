/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/monitor.h"
#include "tscf-client/tunnel/resume.h"

#include "common/crypto/hash.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <string.h>

struct shown {
	bool has_key;
	uint8_t key[RESUME_KEY_SIZE], lock[32];
};

/** What a server reads of what @p write wrote. */
static void read_back(struct tscf_writer *w, struct shown *shown)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int length = tscf_write_finish(w);

	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(w->data, (uint32_t)length, &m), 0);
	shown->has_key = tscf_message_find(&m, TSCF_TLV_RESUME_KEY, &tlv);
	if (shown->has_key)
		memcpy(shown->key, tlv.value, sizeof(shown->key));
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESUME_LOCK, &tlv));
	memcpy(shown->lock, tlv.value, sizeof(shown->lock));
}

static void configure(struct resume *r, struct shown *shown)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	resume_write_lock(r, &w);
	read_back(&w, shown);
	ck_assert(!shown->has_key);
}

static void resume(const struct resume *r, struct shown *shown)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, data, sizeof(data), TSCF_RESUME_REQUEST, r->tsid, 2);
	resume_write_key(r, &w);
	read_back(&w, shown);
	ck_assert(shown->has_key);
}

static bool opens(const struct shown *key, const struct shown *lock)
{
	uint8_t hash[32];

	tscf_sha256(key->key, sizeof(key->key), hash);
	return memcmp(hash, lock->lock, sizeof(hash)) == 0;
}

/* Each key opens the lock before it, and no other. */
START_TEST(chain)
{
	struct shown configured, first, second;
	struct resume r = {0};

	resume_forget(&r);
	ck_assert_uint_eq(r.tsid, TSCF_TSID_NONE);
	configure(&r, &configured);
	resume_ready(&r, 4711, 3, NULL);
	ck_assert_uint_eq(r.tsid, 4711);
	ck_assert_uint_eq(r.server, 3);
	resume(&r, &first);
	ck_assert(opens(&first, &configured));
	ck_assert(!opens(&first, &first));
	/* Sent again it is the same. */
	resume(&r, &second);
	ck_assert_mem_eq(&first, &second, sizeof(first));
	resume_accepted(&r, r.turn);
	resume(&r, &second);
	ck_assert(opens(&second, &first));
	ck_assert(!opens(&second, &configured));
}
END_TEST

/* An answer was lost, and the key that was sent is used up: the next one is tried, once. */
START_TEST(refused)
{
	struct shown configured, first, second, third;
	struct resume r = {0};

	configure(&r, &configured);
	resume_ready(&r, 4711, 0, NULL);
	resume(&r, &first);
	ck_assert(resume_refused(&r, r.turn));
	resume(&r, &second);
	ck_assert(opens(&second, &first));
	ck_assert(!resume_refused(&r, r.turn));
	/* Accepted, it may happen again. */
	resume_accepted(&r, r.turn);
	resume(&r, &third);
	ck_assert(opens(&third, &second));
	ck_assert(resume_refused(&r, r.turn));
}
END_TEST

/* Two ways with one key: whatever is answered first, the key that is left is the one whose lock the server has. */
START_TEST(two_ways)
{
	struct shown configured, first, second, third;
	struct resume r = {0};
	unsigned turn;

	configure(&r, &configured);
	resume_ready(&r, 4711, 0, NULL);
	turn = r.turn;
	resume(&r, &first);
	/* The server has taken the first, and refuses the other before its answer is here. */
	ck_assert(resume_refused(&r, turn));
	resume(&r, &second);
	ck_assert(opens(&second, &first));
	resume_accepted(&r, turn);
	resume_accepted(&r, turn + 1);
	resume(&r, &third);
	ck_assert(opens(&third, &second));
	/* Who comes too late with a key that is gone takes the present one. */
	ck_assert(resume_refused(&r, turn));
	ck_assert(resume_refused(&r, turn));
	resume(&r, &second);
	ck_assert_mem_eq(&second, &third, sizeof(second));
}
END_TEST

/* The clock that goes on while the host is asleep tells. */
START_TEST(asleep)
{
	struct monitor m;

	monitor_init(&m, 1000, 5000);
	ck_assert(!monitor_clock(&m, 2000, 6000));
	ck_assert(!monitor_clock(&m, 2000, 6000 + MONITOR_SLEEP_MS - 1));
	ck_assert_uint_eq(m.check_at, UINT64_MAX);
	ck_assert(monitor_clock(&m, 3000, 7000 + 2 * MONITOR_SLEEP_MS));
	ck_assert_uint_eq(m.check_at, 3000);
	ck_assert(!monitor_clock(&m, 4000, 8000 + 2 * MONITOR_SLEEP_MS));
}
END_TEST

/* A process that stood still wakes up too late; one that wanted to sleep does not. */
START_TEST(stands_still)
{
	struct monitor m;

	monitor_init(&m, 1000, 5000);
	monitor_sleep(&m, 20000);
	ck_assert(!monitor_clock(&m, 20000 + MONITOR_SLEEP_MS - 1, 24000 + MONITOR_SLEEP_MS - 1));
	monitor_sleep(&m, 40000);
	ck_assert(!monitor_clock(&m, 30000, 34000));
	monitor_sleep(&m, UINT64_MAX);
	ck_assert(!monitor_clock(&m, 90000, 94000));
	ck_assert_uint_eq(m.check_at, UINT64_MAX);
	ck_assert(!m.slept);
	monitor_sleep(&m, 90500);
	ck_assert(monitor_clock(&m, 90500 + MONITOR_SLEEP_MS, 94500 + MONITOR_SLEEP_MS));
	ck_assert_uint_eq(m.check_at, 90500 + MONITOR_SLEEP_MS);
	ck_assert(m.slept);
	ck_assert(!monitor_clock(&m, 99000, 103000));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client_resume");
	TCase *tcase = tcase_create("resume");

	tcase_add_test(tcase, chain);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, two_ways);
	tcase_add_test(tcase, asleep);
	tcase_add_test(tcase, stands_still);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
