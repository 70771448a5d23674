/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work that can wait is all done, and what cannot wait is not kept waiting by it. */
#include "common/transport/deferred_work.h"
#include "tests/unit/event.h"
#include "tests/unit/runner.h"

#include <stdint.h>
#include <time.h>
#include <unistd.h>

/* A step costs at least this: so many fit into the time of one pass, and one more. */
#define STEP_NS      100000
#define PER_PASS_MAX (TSCF_DEFERRED_NS / STEP_NS + 1)

struct work {
	struct tscf_deferred_work deferred;
	unsigned left, done, in_this_pass, most, pauses;
};

static struct ev_loop *loop;
static struct work work;

static uint64_t nanoseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool step(void *context)
{
	struct work *w = context;
	uint64_t end = nanoseconds() + STEP_NS;

	while (nanoseconds() < end)
		;
	w->done++;
	w->left--;
	if (++w->in_this_pass > w->most)
		w->most = w->in_this_pass;
	return w->left > 0;
}

static void pause_work(void *context)
{
	struct work *w = context;

	ck_assert_uint_gt(w->left, 0);
	w->pauses++;
}

/* Something is always ready to be read: every pass has more urgent work. */
static void on_readable(struct ev_loop *l, struct ev_io *watcher, int events)
{
	(void)l;
	(void)watcher;
	(void)events;
	work.in_this_pass = 0;
}

static bool all_done(void *context)
{
	return ((struct work *)context)->left == 0;
}

static void setup(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	work = (struct work){.left = 50};
	tscf_deferred_work_init(&work.deferred, loop, step, pause_work, &work);
}

static void teardown(void)
{
	tscf_deferred_work_stop(&work.deferred);
	ev_loop_destroy(loop);
}

START_TEST(a_little_is_done_in_every_pass)
{
	struct ev_io io;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ev_io_init(&io, on_readable, pipes[0], EV_READ);
	ev_io_start(loop, &io);
	tscf_deferred_work_wake(&work.deferred);
	tscf_deferred_work_wake(&work.deferred);
	ck_assert(tscf_test_run_until(loop, all_done, &work, 10));
	ck_assert_uint_eq(work.done, 50);
	ck_assert_uint_le(work.most, PER_PASS_MAX);
	ck_assert_uint_ge(work.pauses, (50 - 1) / PER_PASS_MAX);
	ev_io_stop(loop, &io);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(the_loop_does_not_sleep_on_work)
{
	tscf_deferred_work_wake(&work.deferred);
	/* Nothing else is in the loop: it would sleep for ever. */
	while (work.left > 0)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(work.done, 50);
	tscf_test_run_for(loop, 0.02);
	ck_assert_uint_eq(work.done, 50);
}
END_TEST

START_TEST(stopped_work_is_left_alone)
{
	tscf_deferred_work_wake(&work.deferred);
	tscf_deferred_work_stop(&work.deferred);
	tscf_test_run_for(loop, 0.02);
	ck_assert_uint_eq(work.done, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("deferred work");
	TCase *tc = tcase_create("steps");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_little_is_done_in_every_pass);
	tcase_add_test(tc, the_loop_does_not_sleep_on_work);
	tcase_add_test(tc, stopped_work_is_left_alone);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
