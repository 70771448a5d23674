/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs of a reader: they are done in their order, and the loop goes on meanwhile; one that takes too long is reported
 * with its file, and so are those behind it; one that is under way when the reader is freed ends by itself.
 */
#include "tests/unit/runner.h"
#include "tests/unit/thread_loop.h"

#include "common/daemon/reader.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "/some/file"

struct one {
	struct tscf_reader_job job;
	int waits_for; /* the end of this pipe, or -1 */
	bool in_order; /* those before it are over */
	const struct one *before;
	atomic_bool begun; /* by its thread */
	bool late, over;
	char file[64];
	atomic_bool freed;
};

static struct ev_loop *loop;
static struct tscf_reader *reader;

static void work(struct tscf_reader_job *job)
{
	struct one *o = (struct one *)job;
	char byte;

	o->begun = true;
	tscf_reading_note(FILE_NAME);
	if (o->waits_for >= 0)
		ck_assert_int_eq(read(o->waits_for, &byte, 1), 0);
}

static void late(struct tscf_reader_job *job, const char *file)
{
	struct one *o = (struct one *)job;

	ck_assert(!o->late && !o->over);
	o->late = true;
	strncpy(o->file, file, sizeof(o->file) - 1);
}

static void over(struct tscf_reader_job *job)
{
	struct one *o = (struct one *)job;

	ck_assert(!o->over);
	o->over = true;
	o->in_order = !o->before || o->before->freed;
}

static void end(struct tscf_reader_job *job)
{
	struct one *o = (struct one *)job;

	ck_assert(!o->freed);
	o->freed = true;
}

static void begin(struct one *o, const struct one *before, int waits_for, unsigned patience)
{
	*o = (struct one){
	    .job = {.work = work, .late = late, .over = over, .free = end, .patience = patience},
	    .waits_for = waits_for,
	    .before = before,
	};
	tscf_reader_begin(reader, &o->job);
}

static void set_up(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	reader = tscf_reader_new(loop);
	ck_assert_ptr_nonnull(reader);
}

static void tear_down(void)
{
	tscf_reader_free(reader);
	ev_loop_destroy(loop);
}

START_TEST(in_order)
{
	struct one some[3];

	for (unsigned i = 0; i < 3; i++)
		begin(&some[i], i > 0 ? &some[i - 1] : NULL, -1, 60000);
	run_until(loop, some[2].freed);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(some[i].over && some[i].in_order && some[i].freed && !some[i].late);
	/* Its thread has ended: the next job gets one. */
	begin(&some[0], NULL, -1, 60000);
	run_until(loop, some[0].freed);
}
END_TEST

START_TEST(hangs)
{
	struct one stuck, second;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	begin(&stuck, NULL, pipes[0], 20);
	begin(&second, &stuck, -1, 40);
	ck_assert(!tscf_reader_hangs(reader));
	run_until(loop, stuck.late && second.late);
	ck_assert(tscf_reader_hangs(reader));
	ck_assert_str_eq(stuck.file, FILE_NAME);
	ck_assert_str_eq(second.file, FILE_NAME);
	ck_assert(stuck.begun && !second.begun && !stuck.over);
	close(pipes[1]);
	run_until(loop, second.freed);
	ck_assert(stuck.over && second.over && second.in_order);
	ck_assert(stuck.job.is_late && second.job.is_late);
	ck_assert(!tscf_reader_hangs(reader));
	close(pipes[0]);
}
END_TEST

START_TEST(freed_meanwhile)
{
	struct one stuck, second;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	begin(&stuck, NULL, pipes[0], 60000);
	begin(&second, &stuck, -1, 60000);
	run_until(loop, stuck.begun);
	tscf_reader_free(reader);
	reader = NULL;
	ck_assert(second.freed && !second.begun && !stuck.freed);
	ck_assert(tscf_readers_linger());
	close(pipes[1]);
	run_until(loop, !tscf_readers_linger());
	ck_assert(stuck.freed && !stuck.over);
	close(pipes[0]);
}
END_TEST

/* A name that does not fit is cut; a thread of no reader has no notes. */
START_TEST(notes)
{
	struct tscf_reading reading = {.file = ""};
	char name[PATH_MAX + 10], last[PATH_MAX];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tscf_reading_note(name);
	tscf_reading_last(&reading, last);
	ck_assert_str_eq(last, "");
	tscf_reading_begin(&reading);
	tscf_reading_note(name);
	tscf_reading_begin(NULL);
	tscf_reading_note("other");
	tscf_reading_last(&reading, last);
	ck_assert_uint_eq(strlen(last), PATH_MAX - 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("reader");
	TCase *tc = tcase_create("reader");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, in_order);
	tcase_add_test(tc, hangs);
	tcase_add_test(tc, freed_meanwhile);
	tcase_add_test(tc, notes);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
