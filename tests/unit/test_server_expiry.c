/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Silent sessions: with the service server-keepalive their clients are asked early enough for translators on the way,
 * in either tunnel, and no others are. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

/** The setting of the world. */
#define SECONDS 25

static void setup_keepalive(void)
{
	w = world_new(SERVER_SERVICE_DTTE | SERVER_SERVICE_KEEPALIVE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
}

static unsigned sent_to(const struct world_client *c)
{
	return world_peer_at(w, &c->outer)->sent;
}

static void pass_seconds(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		world_pass(w, 1000);
}

/* The pause between two of them is never longer than the setting, and not much shorter. */
START_TEST(silent_clients_are_asked)
{
	const unsigned long_time = 10 * SECONDS;
	unsigned before, silence = 0, longest = 0;

	world_connect(&a);
	before = sent_to(&a);
	for (unsigned i = 0; i < long_time; i++) {
		unsigned sent = sent_to(&a);

		pass_seconds(1);
		silence = sent_to(&a) == sent ? silence + 1 : 0;
		longest = silence > longest ? silence : longest;
		/* It answers: then it has just been heard. */
		if (silence == 0)
			ck_assert_int_eq(world_keepalive(&a, false), 0);
	}
	ck_assert_uint_le(longest, SECONDS);
	ck_assert_uint_le(sent_to(&a) - before, long_time / (SECONDS * 2 / 3));
	ck_assert_uint_ge(sent_to(&a) - before, long_time / SECONDS);
}
END_TEST

/* What the server sends to it does not count, what comes from it does. */
START_TEST(busy_clients_are_not_asked)
{
	unsigned before;

	world_connect(&a);
	before = sent_to(&a);
	for (unsigned i = 0; i < 4 * SECONDS / 5; i++) {
		pass_seconds(5);
		world_keepalive(&a, false);
	}
	ck_assert_uint_eq(sent_to(&a), before);
}
END_TEST

START_TEST(encrypted_tunnels_too)
{
	unsigned before;

	world_connect(&a);
	world_encrypt(&a);
	before = a.connection->sent;
	pass_seconds(SECONDS);
	ck_assert_uint_eq(a.connection->sent, before + 1);
	/* Its end leaves no trace in the list. */
	server_session_end(w->state, world_encrypted(&a), w->now, "test");
	server_session_end(w->state, world_plain(&a), w->now, "test");
	pass_seconds(SECONDS);
	ck_assert_ptr_null(w->state->sessions.refreshed);
}
END_TEST

/* A tunnel has what was assigned when it was established. */
START_TEST(where_it_is_assigned)
{
	unsigned before_a, before_b;

	world_connect(&a);
	w->interface->services = SERVER_SERVICE_DTTE;
	world_connect(&b);
	before_a = sent_to(&a);
	before_b = sent_to(&b);
	pass_seconds(SECONDS);
	ck_assert_uint_eq(sent_to(&a), before_a + 1);
	ck_assert_uint_eq(sent_to(&b), before_b);
}
END_TEST

/* Without the service: asked after an eighth of the persistence time, ended after all of it. */
START_TEST(silent_for_long)
{
	unsigned before;

	w->interface->services = SERVER_SERVICE_DTTE;
	world_connect(&a);
	before = sent_to(&a);
	pass_seconds(40);
	ck_assert_uint_eq(sent_to(&a), before);
	pass_seconds(10);
	ck_assert_uint_eq(sent_to(&a), before + 1);
	pass_seconds(330 - 51);
	ck_assert_ptr_nonnull(world_plain(&a));
	pass_seconds(45);
	ck_assert_ptr_null(world_plain(&a));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_expiry");
	TCase *t = tcase_create("expiry");

	tcase_add_checked_fixture(t, setup_keepalive, teardown);
	tcase_add_test(t, silent_clients_are_asked);
	tcase_add_test(t, busy_clients_are_not_asked);
	tcase_add_test(t, encrypted_tunnels_too);
	tcase_add_test(t, where_it_is_assigned);
	tcase_add_test(t, silent_for_long);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
