/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cookies prove the outer address, the port and the client, for a while, and nothing else does. */
#include "tests/unit/runner.h"
#include "tscf-server/session/cookie.h"

#include <string.h>

#define MINUTE 60000

static struct server_cookies cookies;
static union tscf_endpoint here;
static uint8_t id[16], cookie[SERVER_COOKIE_SIZE];

static void setup(void)
{
	server_cookies_init(&cookies);
	ck_assert_int_eq(tscf_endpoint_parse("198.51.100.7:4711", 0, &here), 0);
	memset(id, 7, sizeof(id));
	server_cookie_make(&cookies, &here, id, 5 * MINUTE, cookie);
}

static bool valid(const union tscf_endpoint *outer, uint64_t now)
{
	return server_cookie_valid(&cookies, outer, id, now, cookie, sizeof(cookie));
}

START_TEST(lifetime)
{
	ck_assert(valid(&here, 5 * MINUTE));
	ck_assert(valid(&here, 6 * MINUTE - 1));
	ck_assert(valid(&here, 7 * MINUTE - 1));
	ck_assert(!valid(&here, 7 * MINUTE));
	ck_assert(!valid(&here, 261 * MINUTE));
	ck_assert(!valid(&here, 0));
}
END_TEST

START_TEST(of_nobody_else)
{
	static const char *const others[] = {"198.51.100.8:4711", "198.51.100.7:4712", "[2001:db8::7]:4711"};
	union tscf_endpoint other;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_int_eq(tscf_endpoint_parse(others[i], 0, &other), 0);
		ck_assert(!valid(&other, 5 * MINUTE));
	}
	id[15] ^= 1;
	ck_assert(!valid(&here, 5 * MINUTE));
}
END_TEST

START_TEST(of_no_other_server)
{
	struct server_cookies another;

	server_cookies_init(&another);
	ck_assert(!server_cookie_valid(&another, &here, id, 5 * MINUTE, cookie, sizeof(cookie)));
}
END_TEST

START_TEST(altered)
{
	for (size_t i = 0; i < sizeof(cookie); i++) {
		cookie[i] ^= 0x10;
		ck_assert(!valid(&here, 5 * MINUTE));
		cookie[i] ^= 0x10;
	}
	for (uint32_t length = 0; length < sizeof(cookie); length++)
		ck_assert(!server_cookie_valid(&cookies, &here, id, 5 * MINUTE, cookie, length));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-cookie");
	TCase *t = tcase_create("cookie");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, lifetime);
	tcase_add_test(t, of_nobody_else);
	tcase_add_test(t, of_no_other_server);
	tcase_add_test(t, altered);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
