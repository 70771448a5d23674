/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Searches beside the event loop: each turn of the loop handles a few of the sockets that are found, a search that does
 * not come to its end delays its own user alone, no user begins any number, and what is found for nobody is closed.
 */
#include "tests/unit/runner.h"
#include "tests/unit/thread_loop.h"
#include "tscf-client/sockets/searches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/** How many sockets the tested search finds: more than wait at a time. */
#define MANY (5 * SEARCHES_FINDS + 3)

/** A search of the test's own. */
struct one {
	struct search search;
	unsigned finds;       /* so many */
	int waits_for;        /* the end of this pipe, or -1 */
	atomic_bool begun;    /* by its thread */
	unsigned found, most; /* most: in one turn of the loop */
	unsigned turn;        /* in which it has found last, and what there */
	unsigned in_turn;
	uint32_t next_note;
	bool over;
	atomic_bool freed;
};

static struct ev_loop *loop;
static struct searches *all;
static struct tscf_control_call_in *const caller = (struct tscf_control_call_in *)1;

static void work(struct search *s)
{
	struct one *o = (struct one *)s;
	char byte;

	o->begun = true;
	if (o->waits_for >= 0)
		ck_assert_int_eq(read(o->waits_for, &byte, 1), 0);
	for (unsigned i = 0; i < o->finds; i++)
		search_found(s, 1, open("/dev/null", O_RDONLY | O_CLOEXEC), i);
}

static void found(struct search *s, const struct search_find *find)
{
	struct one *o = (struct one *)s;

	ck_assert_int_eq(find->pid, 1);
	ck_assert_uint_eq(find->note, o->next_note++);
	ck_assert_int_eq(close(find->fd), 0);
	o->in_turn = o->turn == ev_iteration(loop) ? o->in_turn + 1 : 1;
	o->turn = ev_iteration(loop);
	o->most = o->in_turn > o->most ? o->in_turn : o->most;
	o->found++;
}

static void over(struct search *s)
{
	struct one *o = (struct one *)s;

	ck_assert(!o->over);
	o->over = true;
}

static void end(struct search *s)
{
	struct one *o = (struct one *)s;

	ck_assert(!o->freed);
	o->freed = true;
}

static void make(struct one *o, uid_t uid, unsigned finds, int waits_for)
{
	*o = (struct one){
	    .search = {.uid = uid, .work = work, .found = found, .over = over, .free = end, .call = caller},
	    .finds = finds,
	    .waits_for = waits_for};
}

static void set_up(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	all = searches_new(loop);
	ck_assert_ptr_nonnull(all);
}

static void tear_down(void)
{
	searches_free(all);
	ev_loop_destroy(loop);
}

START_TEST(few_in_a_turn)
{
	unsigned fds = count_fds();
	struct one o;

	make(&o, 1000, MANY, -1);
	ck_assert_int_eq(searches_begin(all, &o.search), 0);
	run_until(loop, o.over);
	ck_assert(o.freed);
	ck_assert_uint_eq(o.found, MANY);
	ck_assert_uint_le(o.most, SEARCHES_FINDS);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

/* The second search of a user waits for the first; those of others, of root and of the client do not. */
START_TEST(one_user_waits)
{
	static const uid_t others[] = {1001, 0, SEARCHES_CLIENT};
	struct one stuck, second, other;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	make(&stuck, 1000, 1, pipes[0]);
	make(&second, 1000, 1, -1);
	ck_assert_int_eq(searches_begin(all, &stuck.search), 0);
	ck_assert_int_eq(searches_begin(all, &second.search), 0);
	run_until(loop, stuck.begun);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		make(&other, others[i], 1, -1);
		ck_assert_int_eq(searches_begin(all, &other.search), 0);
		run_until(loop, other.over);
	}
	ck_assert(!stuck.over && !second.begun);
	close(pipes[1]);
	run_until(loop, second.over);
	ck_assert(stuck.over);
	close(pipes[0]);
}
END_TEST

/* So many users may hold threads; root gets one all the same, and a further user when one of them is done. */
START_TEST(threads_of_users)
{
	struct one stuck[SEARCHES_THREADS], last, root;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	for (unsigned i = 0; i < SEARCHES_THREADS; i++) {
		make(&stuck[i], 1000 + i, 0, pipes[0]);
		ck_assert_int_eq(searches_begin(all, &stuck[i].search), 0);
	}
	make(&last, 2000, 1, -1);
	make(&root, 0, 1, -1);
	ck_assert_int_eq(searches_begin(all, &last.search), 0);
	ck_assert_int_eq(searches_begin(all, &root.search), 0);
	run_until(loop, root.over);
	ck_assert(!last.begun);
	close(pipes[1]);
	run_until(loop, last.over);
	for (unsigned i = 0; i < SEARCHES_THREADS; i++)
		run_until(loop, stuck[i].over);
	close(pipes[0]);
}
END_TEST

START_TEST(limit_of_user)
{
	struct one *many = calloc(SEARCHES_PER_USER + 2, sizeof(*many)), *over_limit = &many[SEARCHES_PER_USER];
	int pipes[2];

	ck_assert_ptr_nonnull(many);
	ck_assert_int_eq(pipe(pipes), 0);
	for (unsigned i = 0; i < SEARCHES_PER_USER; i++) {
		make(&many[i], 1000, 0, pipes[0]);
		ck_assert_int_eq(searches_begin(all, &many[i].search), 0);
	}
	make(over_limit, 1000, 0, -1);
	ck_assert_int_eq(searches_begin(all, &over_limit->search), -EBUSY);
	ck_assert(!over_limit->freed);
	make(over_limit + 1, 1001, 0, -1);
	ck_assert_int_eq(searches_begin(all, &over_limit[1].search), 0);
	run_until(loop, over_limit[1].over);
	close(pipes[1]);
	run_until(loop, many[SEARCHES_PER_USER - 1].over);
	ck_assert_int_eq(searches_begin(all, &over_limit->search), 0);
	run_until(loop, over_limit->over);
	close(pipes[0]);
	free(many);
}
END_TEST

START_TEST(caller_gone)
{
	struct one o;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	make(&o, 1000, 0, pipes[0]);
	ck_assert_int_eq(searches_begin(all, &o.search), 0);
	searches_gone(all, NULL);
	ck_assert_ptr_eq(o.search.call, caller);
	searches_gone(all, caller);
	close(pipes[1]);
	run_until(loop, o.over);
	ck_assert_ptr_null(o.search.call);
	close(pipes[0]);
}
END_TEST

/* The client ends: searches that wait are freed at once, others when they end, and what they find is closed. */
START_TEST(client_ends)
{
	struct one full, stuck, waiting;
	unsigned fds = count_fds();
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	make(&full, 1000, MANY, -1);
	make(&stuck, 1001, MANY, pipes[0]);
	make(&waiting, 1001, 1, -1);
	ck_assert_int_eq(searches_begin(all, &full.search), 0);
	ck_assert_int_eq(searches_begin(all, &stuck.search), 0);
	ck_assert_int_eq(searches_begin(all, &waiting.search), 0);
	wait_until(full.begun && stuck.begun);
	searches_free(all);
	ck_assert(waiting.freed && !stuck.freed);
	close(pipes[1]);
	wait_until(full.freed && stuck.freed);
	ck_assert(!full.over && !stuck.over && !waiting.over);
	close(pipes[0]);
	ck_assert_uint_eq(count_fds(), fds);
	all = searches_new(loop);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("searches");
	TCase *t = tcase_create("searches");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, few_in_a_turn);
	tcase_add_test(t, one_user_waits);
	tcase_add_test(t, threads_of_users);
	tcase_add_test(t, limit_of_user);
	tcase_add_test(t, caller_gone);
	tcase_add_test(t, client_ends);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
