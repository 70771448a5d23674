/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often the kernel is compared with what is wanted there, while another program fights or nothing can be done. */
#include "common/linux/pace.h"
#include "tests/unit/runner.h"

/* The first look is at once, the next ones wait longer and longer, but never long. */
START_TEST(fight)
{
	struct tscf_pace p;
	uint64_t now = 100000;
	unsigned looks = 0, contested = 0;

	tscf_pace_init(&p);
	tscf_pace_notice(&p, now, 0);
	ck_assert(tscf_pace_due(&p, now));
	ck_assert_int_eq(tscf_pace_looked(&p, now, true, false), TSCF_PACE_RESTORED);
	for (; now < 102000; now++) {
		tscf_pace_notice(&p, now, 0);
		ck_assert(p.due <= now + TSCF_PACE_GAP_MAX_MS);
		if (!tscf_pace_due(&p, now))
			continue;
		looks++;
		contested += tscf_pace_looked(&p, now, true, false) == TSCF_PACE_CONTESTED_NOW;
	}
	ck_assert_uint_le(looks, 2000 / TSCF_PACE_GAP_MAX_MS + 6);
	ck_assert_uint_eq(contested, 1);
	ck_assert(tscf_pace_contested(&p));
	now = p.due;
	ck_assert_int_eq(tscf_pace_looked(&p, now, false, false), TSCF_PACE_SAME);
	now = p.due;
	ck_assert_uint_ge(now, p.restored + TSCF_PACE_QUIET_MS);
	ck_assert_int_eq(tscf_pace_looked(&p, now, false, false), TSCF_PACE_LEFT_ALONE);
	ck_assert(!tscf_pace_contested(&p));
	ck_assert(p.due == UINT64_MAX);
}
END_TEST

/* What cannot be put back is tried again by itself, less and less often; what is noticed meanwhile does not wait for
 * that. */
START_TEST(failures)
{
	struct tscf_pace p;
	uint64_t now = 1000;
	unsigned looks = 0;

	tscf_pace_init(&p);
	tscf_pace_notice(&p, now, 0);
	tscf_pace_looked(&p, now, false, true);
	for (; now < 21000; now++) {
		if (!tscf_pace_due(&p, now))
			continue;
		looks++;
		tscf_pace_looked(&p, now, false, true);
	}
	ck_assert_uint_ge(looks, 20);
	ck_assert_uint_le(looks, 32);
	ck_assert_uint_gt(p.due, now + TSCF_PACE_GAP_MAX_MS);
	tscf_pace_notice(&p, now, 0);
	ck_assert_uint_le(p.due, now + TSCF_PACE_GAP_MAX_MS);
	for (looks = 0; now < 41000; now++) {
		tscf_pace_notice(&p, now, 0);
		if (!tscf_pace_due(&p, now))
			continue;
		looks++;
		tscf_pace_looked(&p, now, false, true);
	}
	ck_assert_uint_le(looks, 20000 / TSCF_PACE_GAP_MAX_MS + 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("pace");
	TCase *t = tcase_create("pace");

	tcase_add_test(t, fight);
	tcase_add_test(t, failures);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
