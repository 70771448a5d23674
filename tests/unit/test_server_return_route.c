/* SPDX-License-Identifier: GPL-3.0-or-later */
/* It is said once that nothing comes back from the service network, and only if something went there for a while. */
#include "tests/unit/runner.h"
#include "tscf-server/return_route.h"

#define START 1000

static struct server_return_route r;

static void setup(void)
{
	r = (struct server_return_route){.since = 0};
	ck_assert(!server_return_route_missing(&r, 500, 400, START));
}

static bool look(uint64_t ms, uint64_t sent, uint64_t received)
{
	return server_return_route_missing(&r, 500 + sent, 400 + received, START + ms);
}

START_TEST(said_once)
{
	ck_assert(!look(SERVER_RETURN_ROUTE_MS - 1, 1000, 0));
	ck_assert(look(SERVER_RETURN_ROUTE_MS, 1000, SERVER_RETURN_ROUTE_STRAY));
	ck_assert(!look(10ULL * SERVER_RETURN_ROUTE_MS, 9000, SERVER_RETURN_ROUTE_STRAY));
}
END_TEST

START_TEST(few_packets)
{
	ck_assert(!look(SERVER_RETURN_ROUTE_MS, SERVER_RETURN_ROUTE_SENT - 1, 0));
	ck_assert(look(20ULL * SERVER_RETURN_ROUTE_MS, SERVER_RETURN_ROUTE_SENT, 0));
}
END_TEST

/* An answer begins the time anew, and what has been said may be said again. */
START_TEST(some_come_back)
{
	const uint64_t some = SERVER_RETURN_ROUTE_STRAY + 1;

	ck_assert(!look(SERVER_RETURN_ROUTE_MS, 1000, some));
	ck_assert(!look(2 * SERVER_RETURN_ROUTE_MS - 1, 2000, some));
	ck_assert(look(2 * SERVER_RETURN_ROUTE_MS, 2000, some));
	ck_assert(!look(2 * SERVER_RETURN_ROUTE_MS + 1, 2000, 2 * some));
	ck_assert(look(3 * SERVER_RETURN_ROUTE_MS + 1, 3000, 2 * some));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("return route");
	TCase *tc = tcase_create("return route");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, said_once);
	tcase_add_test(tc, few_packets);
	tcase_add_test(tc, some_come_back);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
