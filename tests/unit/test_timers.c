/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a daemon are called when due and in order, after what has arrived was read, also in a late loop. */
#include "common/daemon/timers.h"
#include "tests/unit/runner.h"

#include <string.h>
#include <unistd.h>

static struct ev_loop *loop;
static struct tscf_timers timers;
static uint64_t now;
static char calls[16];

static struct part {
	struct tscf_timer timer;
	uint64_t due, after; /**< after: the pause from one call to the next; 0: there is none */
	char name;
} parts[3];

static uint64_t next(const void *owner)
{
	return ((const struct part *)owner)->due;
}

static void tick(void *owner)
{
	struct part *p = owner;
	strncat(calls, &p->name, 1);
	p->due = p->after ? now + p->after : UINT64_MAX;
}

static void set_up(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	now = 1000;
	calls[0] = '\0';
	tscf_timers_init(&timers, loop, &now);
	for (unsigned i = 0; i < 3; i++) {
		parts[i] = (struct part){.due = UINT64_MAX, .name = (char)('a' + i)};
		tscf_timers_add(&timers, &parts[i].timer, next, tick, &parts[i]);
	}
}

static void tear_down(void)
{
	ev_timer_stop(loop, &timers.wake);
	ev_loop_destroy(loop);
}

/* The loop sleeps once, and this clock is where it was told to be. */
static uint64_t sleep_once(void)
{
	uint64_t at = tscf_timers_sleep(&timers);
	if (at != UINT64_MAX && at > now)
		now = at;
	ev_run(loop, EVRUN_ONCE);
	return at;
}

START_TEST(none_is_due)
{
	ck_assert(tscf_timers_sleep(&timers) == UINT64_MAX);
	ck_assert(!ev_is_active(&timers.wake));
}
END_TEST

START_TEST(first_wakes)
{
	parts[1].due = 1003;
	parts[2].due = 1005;
	ck_assert_uint_eq(sleep_once(), 1003);
	ck_assert_str_eq(calls, "b");
	ck_assert_uint_eq(sleep_once(), 1005);
	ck_assert_str_eq(calls, "bc");
}
END_TEST

START_TEST(same_moment_in_order)
{
	parts[2].due = 0;
	parts[0].due = 1000;
	sleep_once();
	ck_assert_str_eq(calls, "ac");
}
END_TEST

/* What a part wants follows from its state: nobody has to say that it has changed. */
START_TEST(state_changes_between)
{
	parts[0].due = 5000000;
	ck_assert_uint_eq(tscf_timers_sleep(&timers), 5000000);
	parts[0].due = 1001;
	ck_assert_uint_eq(sleep_once(), 1001);
	ck_assert_str_eq(calls, "a");
}
END_TEST

START_TEST(again_and_again)
{
	parts[0].due = 1001;
	parts[0].after = 1;
	for (unsigned i = 0; i < 3; i++)
		sleep_once();
	ck_assert_str_eq(calls, "aaa");
	ck_assert_uint_eq(now, 1003);
}
END_TEST

/* Something has arrived, and is read. */
static void on_readable(struct ev_loop *l, ev_io *w, int events)
{
	char name;
	(void)l, (void)events;
	ck_assert_int_eq(read(w->fd, &name, 1), 1);
	strncat(calls, &name, 1);
}

/* Both are found in the same turn. */
START_TEST(what_has_arrived_comes_first)
{
	ev_io readable;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ev_io_init(&readable, on_readable, ends[0], EV_READ);
	ev_io_start(loop, &readable);
	parts[0].due = 1000;
	ck_assert_int_eq(write(ends[1], "r", 1), 1);
	sleep_once();
	ck_assert_str_eq(calls, "ra");
	ev_io_stop(loop, &readable);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* A process that was stopped has not looked at its sockets yet. */
START_TEST(late_loop_looks_once_more)
{
	parts[0].due = 1010;
	parts[0].after = 1;
	tscf_timers_sleep(&timers);
	now = 4000;
	ev_run(loop, EVRUN_ONCE);
	ck_assert_str_eq(calls, "");
	/* But only once, or a loop that is late each time would never call them. */
	tscf_timers_sleep(&timers);
	now = 5000;
	ev_run(loop, EVRUN_ONCE);
	ck_assert_str_eq(calls, "a");
	tscf_timers_sleep(&timers);
	now = 6000;
	ev_run(loop, EVRUN_ONCE);
	ck_assert_str_eq(calls, "a");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("timers");
	TCase *c = tcase_create("timers");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, none_is_due);
	tcase_add_test(c, first_wakes);
	tcase_add_test(c, same_moment_in_order);
	tcase_add_test(c, state_changes_between);
	tcase_add_test(c, again_and_again);
	tcase_add_test(c, what_has_arrived_comes_first);
	tcase_add_test(c, late_loop_looks_once_more);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return tscf_test_main(suite);
}
