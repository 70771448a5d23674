/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether a TCP connection is late: when an acknowledgement is overdue, a lost segment awaited, or more waits than the
 * path takes; how often the kernel is asked; and what it says of a connection on loopback.
 */
#include "common/transport/stream_progress.h"
#include "tests/unit/runner.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 100

static struct tscf_stream_progress progress;

static void setup(void)
{
	progress = (struct tscf_stream_progress){0};
}

/** The kernel says @p now that @p acked bytes are acknowledged, and whether others were sent. */
static bool note(uint64_t now, uint64_t acked, bool unacked)
{
	const struct tscf_stream_sample sample = {.acked = acked, .unacked = unacked, .patience = PATIENCE};

	return tscf_stream_progress_note(&progress, &sample, now);
}

START_TEST(what_is_acknowledged_in_time_is_not_late)
{
	for (uint64_t now = 1000; now < 5000; now += 80)
		ck_assert(!note(now, now, true));
	/* Nothing was sent for long, then something. */
	ck_assert(!note(20000, 9000, false));
	ck_assert(!note(20080, 9000, true));
}
END_TEST

/* The time counts from the first packet that is not acknowledged, whatever was sent later. */
START_TEST(an_acknowledgement_is_overdue)
{
	ck_assert(!note(1000, 500, false));
	ck_assert(!note(1080, 500, true));
	ck_assert(!note(1000 + PATIENCE, 500, true));
	ck_assert(note(1000 + PATIENCE + 1, 500, true));
	ck_assert(note(9000, 500, true));
	/* It comes; the rest has its time again. */
	ck_assert(!note(9020, 600, true));
	ck_assert(!note(9020 + PATIENCE, 600, true));
	ck_assert(note(9021 + PATIENCE, 600, true));
	ck_assert(!note(9200, 700, false));
}
END_TEST

START_TEST(packets_wait_behind_others)
{
	struct tscf_stream_sample sample = {.acked = 5, .unacked = true, .patience = PATIENCE, .recovers = true};

	ck_assert(tscf_stream_progress_note(&progress, &sample, 1000));
	sample.recovers = false;
	sample.acked = 6;
	ck_assert(!tscf_stream_progress_note(&progress, &sample, 1020));
	sample.unsent = true;
	sample.acked = 7;
	ck_assert(tscf_stream_progress_note(&progress, &sample, 1040));
}
END_TEST

/* A connection on loopback, whose other end reads nothing. */
START_TEST(the_kernel_says_it)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	static const uint8_t data[65536];
	socklen_t length = sizeof(at);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, length), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &length), 0);
	connect(fd, (struct sockaddr *)&at, length);
	ck_assert(!tscf_stream_progress_is_late(&progress, fd, 1000));
	ck_assert(progress.asked);
	while (send(fd, data, sizeof(data), 0) > 0)
		;
	/* It is asked now and then only. */
	ck_assert(!tscf_stream_progress_is_late(&progress, fd, 1000 + TSCF_STREAM_PROGRESS_MS - 1));
	ck_assert(tscf_stream_progress_is_late(&progress, fd, 1000 + TSCF_STREAM_PROGRESS_MS));
	close(fd);
	close(listener);
	/* It says nothing: there is no reason to avoid the connection. */
	setup();
	ck_assert(!tscf_stream_progress_is_late(&progress, -1, 1000));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("stream_progress");
	TCase *t = tcase_create("progress");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, what_is_acknowledged_in_time_is_not_late);
	tcase_add_test(t, an_acknowledgement_is_overdue);
	tcase_add_test(t, packets_wait_behind_others);
	tcase_add_test(t, the_kernel_says_it);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
