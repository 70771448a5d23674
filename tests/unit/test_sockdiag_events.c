/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed sockets are reported, and neither many sockets nor lost events break a dump. */
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"
#include "tests/unit/sockdiag_case.h"

#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_deadline(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)l;
	(void)events;
	*(bool *)timer->data = true;
}

/** Run the loop until @p condition; fails after five seconds. */
static void run_until(bool (*condition)(void))
{
	bool late = false;
	ev_timer deadline;

	ev_timer_init(&deadline, on_deadline, 5., 0.);
	deadline.data = &late;
	ev_timer_start(loop, &deadline);
	while (!condition() && !late)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &deadline);
	ck_assert_msg(condition(), "not within five seconds");
}

static bool awaited_is_gone(void)
{
	return seen.gone;
}

static bool dump_is_done(void)
{
	return seen.done > 0;
}

static bool events_were_lost(void)
{
	return seen.lost > 0;
}

START_TEST(close_is_told)
{
	static const struct {
		int family, type;
		const char *bound;
	} cases[] = {
	    {AF_INET, SOCK_DGRAM, "127.0.0.1:5060"},
	    {AF_INET6, SOCK_DGRAM, "[::1]:5060"},
	    {AF_INET, SOCK_STREAM, "127.0.0.1:5060"},
	    {AF_INET6, SOCK_STREAM, "[::1]:5060"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = marked_socket(cases[i].family, cases[i].type, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

		bind_to(fd, cases[i].bound);
		if (cases[i].type == SOCK_STREAM)
			ck_assert_int_eq(listen(fd, 1), 0);
		seen.awaited = cookie_of(fd);
		seen.gone = false;
		close(fd);
		run_until(awaited_is_gone);
		dump();
		ck_assert_uint_eq(seen.count, 0);
	}
}
END_TEST

/** The descriptor is a child's, which gets no chance to say anything. */
START_TEST(killed_program_is_told)
{
	int fd = marked_socket(AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY), status;
	pid_t child;

	bind_to(fd, "127.0.0.1:5060");
	seen.awaited = cookie_of(fd);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	dump();
	ck_assert_ptr_nonnull(find(seen.awaited));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	run_until(awaited_is_gone);
	dump();
	ck_assert_uint_eq(seen.count, 0);
}
END_TEST

static void open_many(int *fds)
{
	struct rlimit limit = {MANY + 100, MANY + 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = marked_socket(i & 1 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_PREFERRED);
		bind_to(fds[i], i & 1 ? "[::]:0" : "127.0.0.1:0");
	}
}

static int compare_cookies(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/** Every one of them is in found, once. */
static void check_many(const int *fds)
{
	static uint64_t wanted[MANY], got[MANY];

	ck_assert_uint_eq(seen.count, MANY);
	for (int i = 0; i < MANY; i++) {
		wanted[i] = cookie_of(fds[i]);
		got[i] = seen.found[i].cookie;
	}
	qsort(wanted, MANY, sizeof(*wanted), compare_cookies);
	qsort(got, MANY, sizeof(*got), compare_cookies);
	ck_assert_int_eq(memcmp(wanted, got, sizeof(wanted)), 0);
}

/** A long dump leaves the loop free in between, refuses a second one, and gives way to one that cannot wait. */
START_TEST(many_sockets_come_in_pieces)
{
	static int fds[MANY];
	size_t last = 0, most = 0;

	open_many(fds);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), -EBUSY);
	for (unsigned rounds = 0; seen.done == 0; rounds++) {
		ck_assert_uint_lt(rounds, 1000);
		ev_run(loop, EVRUN_ONCE);
		most = seen.count - last > most ? seen.count - last : most;
		last = seen.count;
	}
	ck_assert_int_eq(seen.error, 0);
	ck_assert_uint_lt(most, MANY / 2);
	check_many(fds);

	seen.count = 0;
	seen.done = 0;
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	ev_run(loop, EVRUN_ONCE);
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), 0);
	ck_assert_int_eq(seen.cancelled, 1);
	ck_assert_int_eq(seen.done, 2);
	ck_assert_int_eq(seen.error, 0);
	check_many(fds);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}
END_TEST

/** The kernel sends the events in its own time: close more sockets until its count of lost ones rises. */
static void await_overflow(void)
{
	time_t deadline = time(NULL) + 10;
	bool overflow = false;
	char *text;

	while (!overflow && time(NULL) < deadline) {
		for (int i = 0; i < 1000; i++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		text = tscf_netns_output("awk '$2 == %d && $9 > 0' /proc/net/netlink", NETLINK_SOCK_DIAG);
		overflow = *text != '\0';
		free(text);
	}
	ck_assert_msg(overflow, "no event was lost");
}

/** More events than the queue holds: a dump begun before goes on to its end, and the loss itself is told. */
START_TEST(lost_events_break_nothing)
{
	static int fds[MANY];
	int kept = marked_socket(AF_INET, SOCK_STREAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

	bind_to(kept, "127.0.0.1:5060");
	ck_assert_int_eq(listen(kept, 1), 0);
	open_many(fds);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	await_overflow();
	run_until(dump_is_done);
	run_until(events_were_lost);
	ck_assert_int_eq(seen.error, 0);
	ck_assert_ptr_nonnull(find(cookie_of(kept)));
	dump();
	ck_assert_uint_eq(seen.count, 1);
	close(kept);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sockdiag events");
	TCase *events = tcase_create("events");

	tcase_add_checked_fixture(events, setup, teardown);
	tcase_set_timeout(events, 60);
	tcase_add_test(events, close_is_told);
	tcase_add_test(events, killed_program_is_told);
	tcase_add_test(events, many_sockets_come_in_pieces);
	tcase_add_test(events, lost_events_break_nothing);
	suite_add_tcase(suite, events);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
