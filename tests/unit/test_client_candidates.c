/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The race of candidates on a clock of the test's own: which are tried when, which one is used, and when a better one
 * is gone back to.
 */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/candidates.h"

#include <stdio.h>
#include <string.h>

/** What the machine did, a letter and a number each: s start, c confirm, x stop, u used, e exhausted. */
static char done[2048];
static struct candidates race;
/** Candidates that fail in their start, as a bit each, for the first 64. */
static uint64_t impossible;

static void note(char letter, unsigned i)
{
	size_t n = strlen(done);
	ck_assert_uint_lt(n + 4, sizeof(done));
	snprintf(done + n, sizeof(done) - n, "%c%u ", letter, i);
}

static uint64_t clock_ms;

static void on_start(void *context, unsigned i)
{
	(void)context;
	note('s', i);
	if (i < 64 && impossible & UINT64_C(1) << i)
		candidates_failed(&race, i, "no way", clock_ms);
}

static void on_confirm(void *context, unsigned i)
{
	(void)context;
	note('c', i);
}

static unsigned failures;

static void on_failed(void *context, unsigned i)
{
	(void)context;
	ck_assert_str_ne(race.list[i].reason, "");
	failures++;
}

static void on_stop(void *context, unsigned i)
{
	(void)context;
	note('x', i);
}

static void on_used(void *context, unsigned i)
{
	(void)context;
	note('u', i);
}

static void on_exhausted(void *context, unsigned i)
{
	(void)context;
	note('e', i);
}

static const struct candidates_actions actions = {on_start, on_confirm, on_failed, on_stop, on_used, on_exhausted};

static void expect(const char *letters)
{
	ck_assert_str_eq(done, letters);
	done[0] = '\0';
}

static void tick(uint64_t now)
{
	clock_ms = now;
	candidates_tick(&race, now);
}

/* Three candidates of ranks 0, 1, 2. */
static void start(void)
{
	static const unsigned ranks[] = {0, 1, 2};
	done[0] = '\0';
	impossible = 0;
	clock_ms = 0;
	candidates_init(&race, &actions, NULL);
	candidates_set(&race, ranks, 3, -1, 0);
	expect("");
	ck_assert_uint_eq(candidates_next(&race), UINT64_MAX);
}

static void use(unsigned i, uint64_t now)
{
	candidates_answered(&race, i, now);
	candidates_alive(&race, i, now);
	ck_assert_int_eq(race.used, (int)i);
}

/* A good path: the others are not even begun. */
START_TEST(first_wins)
{
	start();
	candidates_seek(&race, 0);
	expect("s0 ");
	candidates_answered(&race, 0, 20);
	expect("c0 ");
	candidates_alive(&race, 0, 40);
	expect("u0 ");
	ck_assert_uint_eq(candidates_next(&race), UINT64_MAX);
}
END_TEST

/* The next begins after the stagger, both go on, and the one that is answered first is used. */
START_TEST(overlap)
{
	start();
	candidates_seek(&race, 0);
	ck_assert_uint_eq(candidates_next(&race), CANDIDATES_STAGGER_MS);
	tick(CANDIDATES_STAGGER_MS - 1);
	expect("s0 ");
	tick(CANDIDATES_STAGGER_MS);
	expect("s1 ");
	candidates_answered(&race, 1, 260);
	expect("c1 ");
	candidates_alive(&race, 1, 270);
	expect("x0 u1 ");
}
END_TEST

/* One that is used and lost again and again is tried after pauses that grow, until it lasts. */
START_TEST(does_not_last)
{
	static const unsigned rank = 0;
	uint64_t now = 1000;
	start();
	candidates_set(&race, &rank, 1, -1, 0);
	candidates_seek(&race, now);
	for (unsigned i = 0; i < CANDIDATES_SHORT_MAX; i++) {
		use(0, now);
		candidates_failed(&race, 0, "closed", ++now);
		ck_assert_int_eq(race.list[0].state, CANDIDATE_TRYING);
	}
	for (uint64_t pause = CANDIDATES_RETRY_MS; pause <= 4 * CANDIDATES_RETRY_MS; pause *= 2) {
		use(0, now);
		candidates_failed(&race, 0, "closed", ++now);
		ck_assert_int_eq(race.list[0].state, CANDIDATE_WAITING);
		ck_assert_uint_eq(candidates_next(&race), now + pause);
		tick(now += pause);
		ck_assert_int_eq(race.list[0].state, CANDIDATE_TRYING);
	}
	use(0, now);
	candidates_failed(&race, 0, "closed", now += CANDIDATES_SHORT_MS);
	ck_assert_int_eq(race.list[0].state, CANDIDATE_TRYING);
	/* Another network may be better. */
	for (unsigned i = 0; i <= CANDIDATES_SHORT_MAX; i++) {
		use(0, now);
		candidates_failed(&race, 0, "closed", ++now);
	}
	ck_assert_int_eq(race.list[0].state, CANDIDATE_WAITING);
	candidates_hurry(&race, now);
	ck_assert_int_eq(race.list[0].state, CANDIDATE_TRYING);
}
END_TEST

/* One that fails at once does not cost the stagger. */
START_TEST(failure_hurries)
{
	start();
	impossible = 3;
	candidates_seek(&race, 0);
	expect("s0 x0 s1 x1 s2 ");
	ck_assert_str_eq(race.list[0].reason, "no way");
	/* They are tried again, but not at once. */
	tick(CANDIDATES_RETRY_MS - 1);
	expect("");
	impossible = 0;
	tick(CANDIDATES_RETRY_MS);
	expect("s0 ");
}
END_TEST

/* Only one is confirmed at a time, since that ends what was there before; the next has its turn when it fails. */
START_TEST(one_confirmation)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	candidates_answered(&race, 1, 300);
	candidates_answered(&race, 0, 301);
	expect("s0 s1 c1 ");
	candidates_failed(&race, 1, "silence", 400);
	expect("x1 c0 s2 ");
	candidates_alive(&race, 0, 410);
	expect("x2 u0 ");
}
END_TEST

/* No answer for long: started over, without end. */
START_TEST(try_times_out)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	tick(500);
	expect("s0 s1 s2 ");
	tick(CANDIDATES_TRY_MS);
	expect("x0 s0 ");
	ck_assert_str_eq(race.list[0].reason, "no answer");
	tick(CANDIDATES_TRY_MS + 250);
	expect("x1 s1 ");
}
END_TEST

/* What was used last is tried first when it is lost, and the others are not far behind. */
START_TEST(remembers)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	done[0] = '\0';
	candidates_failed(&race, 1, "silence", 100000);
	expect("s1 ");
	tick(100250);
	expect("s0 ");
	tick(100500);
	expect("s2 ");
}
END_TEST

/* Better ones are tried beside the one that is used, worse ones never; the pauses grow. */
START_TEST(comes_back)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	done[0] = '\0';
	ck_assert_uint_eq(candidates_next(&race), 300 + CANDIDATES_RETURN_MS);
	tick(5300);
	expect("s0 ");
	tick(5300 + CANDIDATES_RETURN_TRY_MS);
	expect("x0 ");
	ck_assert_int_eq(race.used, 1);
	ck_assert_uint_eq(candidates_next(&race), 8300 + 2 * CANDIDATES_RETURN_MS);
	tick(18300);
	expect("s0 ");
	candidates_answered(&race, 0, 18310);
	expect("c0 ");
	ck_assert_int_eq(race.used, 1);
	candidates_alive(&race, 0, 18320);
	expect("u0 ");
	ck_assert_uint_eq(candidates_next(&race), UINT64_MAX);
	/* It does not last: the next return is not made as quickly. */
	candidates_failed(&race, 0, "silence", 20000);
	expect("s0 ");
	tick(20250);
	use(1, 20300);
	ck_assert_uint_ge(candidates_next(&race), 20300 + 4 * CANDIDATES_RETURN_MS);
}
END_TEST

/* The confirmation of a better one fails: the one that is used stays. */
START_TEST(return_fails)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	tick(5300);
	candidates_answered(&race, 0, 5310);
	done[0] = '\0';
	candidates_failed(&race, 0, "silence", 6000);
	expect("x0 ");
	ck_assert_int_eq(race.used, 1);
	ck_assert_uint_eq(candidates_next(&race), 6000 + 2 * CANDIDATES_RETURN_MS);
}
END_TEST

/* The one that is used is lost while a better one is being tried: the try goes on, the search begins. */
START_TEST(lost_while_returning)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	tick(5300);
	done[0] = '\0';
	candidates_failed(&race, 1, "silence", 5400);
	expect("s1 ");
	candidates_answered(&race, 0, 5410);
	expect("c0 ");
	candidates_alive(&race, 0, 5420);
	expect("x1 u0 ");
}
END_TEST

/* Addresses of one server are as good as each other. */
START_TEST(equal_ranks)
{
	static const unsigned ranks[] = {0, 0, 1};
	start();
	candidates_set(&race, ranks, 3, -1, 0);
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	ck_assert_uint_eq(candidates_next(&race), UINT64_MAX);
	ck_assert(!candidates_better(&race));
}
END_TEST

/* The network has changed: no waiting for the next return. */
START_TEST(hurry)
{
	start();
	candidates_seek(&race, 0);
	tick(250);
	use(1, 300);
	done[0] = '\0';
	candidates_hurry(&race, 1000);
	expect("s0 ");
}
END_TEST

/* Another list while searching: what was under way is ended. */
START_TEST(another_list)
{
	static const unsigned ranks[] = {0, 1};
	start();
	candidates_seek(&race, 0);
	tick(250);
	done[0] = '\0';
	candidates_set(&race, ranks, 2, 1, 300);
	expect("x0 x1 s1 ");
	candidates_stop(&race, 400);
	expect("x1 ");
	ck_assert_uint_eq(candidates_next(&race), UINT64_MAX);
	/* Late events of tries that are over. */
	candidates_answered(&race, 1, 500);
	candidates_alive(&race, 1, 500);
	candidates_failed(&race, 1, "late", 500);
	expect("");
}
END_TEST

/* Names were looked up again: the one that is used has another place, and a better one is new. */
START_TEST(list_while_used)
{
	static const unsigned one[] = {2}, two[] = {0, 2};
	start();
	candidates_set(&race, one, 1, -1, 0);
	candidates_seek(&race, 0);
	use(0, 10);
	done[0] = '\0';
	candidates_set(&race, two, 2, 1, 100);
	expect("");
	ck_assert_int_eq(race.used, 1);
	ck_assert_uint_eq(candidates_next(&race), 100 + CANDIDATES_RETURN_MS);
}
END_TEST

/* All fail at once, always: bounded work at each tick; and of all but the first one less and less, until the network
 * changes. */
START_TEST(all_impossible)
{
	start();
	impossible = 7;
	failures = 0;
	candidates_seek(&race, 0);
	expect("s0 x0 s1 x1 s2 x2 e2 ");
	tick(2000);
	expect("s0 x0 s1 x1 s2 x2 e2 ");
	ck_assert_uint_eq(candidates_next(&race), 4000);
	tick(4000);
	expect("s0 x0 e0 ");
	tick(6000);
	expect("s0 x0 s1 x1 s2 x2 e2 ");
	ck_assert_uint_eq(failures, 10);
	ck_assert_uint_eq(race.list[0].failures, 4);
	ck_assert_uint_eq(race.list[1].failures, 3);
	candidates_hurry(&race, 6100);
	expect("s0 x0 s1 x1 s2 x2 e2 ");
	tick(8100);
	expect("s0 x0 s1 x1 s2 x2 e2 ");
}
END_TEST

/* For days: the first is tried every two seconds, the others twice a minute. */
START_TEST(longest_pause)
{
	unsigned first = 0, second = 0;

	start();
	impossible = 7;
	candidates_seek(&race, 0);
	for (uint64_t now = 0; now < 600000; now = candidates_next(&race)) {
		done[0] = '\0';
		tick(now);
	}
	first = race.list[0].failures;
	second = race.list[1].failures;
	for (uint64_t now = 600000; now < 1200000; now = candidates_next(&race)) {
		done[0] = '\0';
		tick(now);
	}
	ck_assert_uint_ge(race.list[0].failures - first, 299);
	ck_assert_uint_le(race.list[1].failures - second, 21);
	ck_assert_uint_ge(race.list[1].failures - second, 19);
}
END_TEST

/* The network says that nobody is there: that may pass, so the try goes on, but the next one does not wait. */
START_TEST(hopeless)
{
	start();
	candidates_seek(&race, 0);
	candidates_hopeless(&race, 0, "refused", 10);
	expect("s0 s1 ");
	/* Said again, it hurries nobody. */
	candidates_hopeless(&race, 0, "refused", 20);
	expect("");
	candidates_answered(&race, 0, 30);
	expect("c0 ");
	candidates_failed(&race, 0, "silence", 40);
	expect("x0 s2 ");
	tick(CANDIDATES_TRY_MS + 40);
	expect("x1 s0 x2 s1 ");
	ck_assert_str_eq(race.list[1].reason, "no answer");
	/* That is why, when its time is over. */
	candidates_hopeless(&race, 1, "refused", CANDIDATES_TRY_MS + 50);
	tick(2 * CANDIDATES_TRY_MS + 40);
	ck_assert_str_eq(race.list[1].reason, "refused");
}
END_TEST

/* However long the list is, the last one is begun before ten seconds have passed. */
START_TEST(long_list)
{
	static unsigned ranks[CANDIDATES_MAX];
	uint64_t now = 0;

	start();
	candidates_set(&race, ranks, CANDIDATES_MAX, -1, 0);
	candidates_seek(&race, 0);
	while (race.list[CANDIDATES_MAX - 1].state == CANDIDATE_WAITING) {
		now = candidates_next(&race);
		done[0] = '\0';
		tick(now);
	}
	ck_assert_uint_le(now, CANDIDATES_ALL_MS);
	ck_assert_int_eq(race.list[0].state, CANDIDATE_TRYING);
	candidates_answered(&race, CANDIDATES_MAX - 1, now);
	candidates_alive(&race, CANDIDATES_MAX - 1, now + 1);
	ck_assert_int_eq(race.used, CANDIDATES_MAX - 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("client candidates");
	TCase *t = tcase_create("race");
	tcase_add_test(t, first_wins);
	tcase_add_test(t, overlap);
	tcase_add_test(t, does_not_last);
	tcase_add_test(t, failure_hurries);
	tcase_add_test(t, one_confirmation);
	tcase_add_test(t, try_times_out);
	tcase_add_test(t, remembers);
	tcase_add_test(t, comes_back);
	tcase_add_test(t, return_fails);
	tcase_add_test(t, lost_while_returning);
	tcase_add_test(t, equal_ranks);
	tcase_add_test(t, hurry);
	tcase_add_test(t, another_list);
	tcase_add_test(t, list_while_used);
	tcase_add_test(t, all_impossible);
	tcase_add_test(t, longest_pause);
	tcase_add_test(t, hopeless);
	tcase_add_test(t, long_list);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
