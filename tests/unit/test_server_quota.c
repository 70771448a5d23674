/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits of each client: the file, the tunnels that are counted, and the packets in a second. */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-server/session/quota.h"

#include <stdio.h>
#include <string.h>

static struct server_quotas *quotas;

static struct server_client_limits *limits(const char *text)
{
	char error[256] = "";
	struct server_client_limits *l = server_client_limits_read(config_file_make(text), error, sizeof(error));

	config_file_remove();
	ck_assert_msg(l != NULL, "%s", error);
	return l;
}

static void take_limits(const char *text)
{
	struct server_client_limits *l = limits(text);

	server_quotas_change(quotas, l);
	server_client_limits_drop(l);
}

static void setup(void)
{
	quotas = server_quotas_new();
	ck_assert_ptr_nonnull(quotas);
}

static void teardown(void)
{
	server_quotas_free(quotas);
}

static struct server_quota *hold(const char *name)
{
	struct tscf_client_name who = {.until = 0};
	struct server_quota *q;

	snprintf(who.name, sizeof(who.name), "%s", name);
	q = server_quota_hold(quotas, name[0] ? &who : NULL);
	ck_assert_ptr_nonnull(q);
	return q;
}

/* --- the file --- */

/* A line has its own numbers, and else those of the line for all. */
START_TEST(file)
{
	struct server_client_limits *l = limits("# who may do what\n\n"
						"alice  tunnels=2 bytes-per-second=3M\n"
						"  A phone with a long name\tbindings=7\r\n"
						"*       tunnels=5 encrypted-tunnels=4 packets-per-second=2k\n"
						"certificate alice tunnels=9\n");
	struct server_limits all = server_client_limits_of(l, NULL), alice = server_client_limits_of(l, "psk alice"),
			     phone = server_client_limits_of(l, "certificate A phone with a long name"),
			     kind = server_client_limits_of(l, "certificate alice");

	ck_assert_uint_eq(all.tunnels, 5);
	ck_assert_uint_eq(all.encrypted_tunnels, 4);
	ck_assert_uint_eq(all.bindings, 0);
	ck_assert_uint_eq(all.up.packets, 2000);
	ck_assert_uint_eq(all.down.bytes, 0);
	ck_assert_uint_eq(alice.tunnels, 2);
	ck_assert_uint_eq(alice.encrypted_tunnels, 4);
	ck_assert_uint_eq(alice.up.bytes, 3000000);
	ck_assert_uint_eq(alice.down.bytes, 3000000);
	ck_assert_uint_eq(phone.bindings, 7);
	ck_assert_uint_eq(phone.tunnels, 5);
	ck_assert_uint_eq(kind.tunnels, 9);
	server_client_limits_drop(l);
	ck_assert_uint_eq(server_client_limits_of(NULL, "psk alice").tunnels, 0);
}
END_TEST

static const struct config_case wrong[] = {
    {"alice tunnels=1\nbob\n", 2, "\"bob\"", "IDENTITY KEY=NUMBER"},
    {"tunnels=1\n", 1, "\"tunnels=1\"", "IDENTITY KEY=NUMBER"},
    {"alice tunnel=1\n", 1, "\"tunnel=1\"", "encrypted-tunnels, bindings"},
    {"alice tunnels=1 two\n", 1, "\"two\"", "KEY one of tunnels"},
    {"alice tunnels=\n", 1, "\"tunnels=\"", "a number from 0"},
    {"alice tunnels=-1\n", 1, "\"tunnels=-1\"", "a number from 0"},
    {"alice tunnels=200001\n", 1, "200001", "to 200000"},
    {"alice bindings=20k tunnels=1x\n", 1, "1x", "to 200000"},
    {"alice bytes-per-second=1001G\n", 1, "1001G", "1000000000000"},
    {"alice bytes-per-second=1Mb\n", 1, "1Mb", "k, M or G"},
    {"alice bytes-per-second=99999999999999999999999\n", 1, "9999", "1000000000000"},
};

START_TEST(wrong_file)
{
	const struct config_case *c = &wrong[_i];
	char error[256] = "", place[256];
	const char *name = config_file_make(c->text);

	ck_assert_ptr_null(server_client_limits_read(name, error, sizeof(error)));
	snprintf(place, sizeof(place), "%s:%d: ", name, c->line);
	config_file_remove();
	ck_assert_msg(strncmp(error, place, strlen(place)) == 0 && strstr(error, c->says) && strstr(error, c->expects),
		      "%s", error);
}
END_TEST

START_TEST(file_twice)
{
	char error[256] = "";

	ck_assert_ptr_null(server_client_limits_read(config_file_make("a tunnels=1\nb tunnels=1\na tunnels=2\n"), error,
						     sizeof(error)));
	config_file_remove();
	ck_assert_msg(strstr(error, "the identity a is there twice") != NULL, "%s", error);
	ck_assert_ptr_null(server_client_limits_read("/nowhere/limits", error, sizeof(error)));
	ck_assert_msg(strstr(error, "/nowhere/limits: ") != NULL, "%s", error);
}
END_TEST

/* --- tunnels --- */

/* All tunnels of an identity have one quota; clients without an identity each have their own. */
START_TEST(tunnels)
{
	struct server_quota *one, *same, *other, *nobody, *another;

	take_limits("psk alice tunnels=2\n");
	one = hold("psk alice");
	same = hold("psk alice");
	other = hold("psk bob");
	nobody = hold("");
	another = hold("");
	ck_assert_ptr_eq(one, same);
	ck_assert_ptr_ne(one, other);
	ck_assert_ptr_ne(nobody, another);
	ck_assert(server_quota_claim(one, SERVER_QUOTA_PLAIN, false));
	ck_assert(!server_quota_full(one, SERVER_QUOTA_PLAIN));
	ck_assert(server_quota_claim(same, SERVER_QUOTA_PLAIN, false));
	ck_assert(server_quota_full(one, SERVER_QUOTA_PLAIN));
	ck_assert(!server_quota_claim(same, SERVER_QUOTA_PLAIN, false));
	ck_assert(server_quota_claim(same, SERVER_QUOTA_PLAIN, true));
	ck_assert(server_quota_claim(same, SERVER_QUOTA_ENCRYPTED, false));
	for (unsigned i = 0; i < 3; i++)
		ck_assert(server_quota_claim(other, SERVER_QUOTA_PLAIN, false));
	server_quota_release(one, SERVER_QUOTA_PLAIN);
	ck_assert(!server_quota_claim(one, SERVER_QUOTA_PLAIN, false));
	server_quota_release(one, SERVER_QUOTA_PLAIN);
	ck_assert(server_quota_claim(one, SERVER_QUOTA_PLAIN, false));
	/* Other limits count at once, for those that are there as well. */
	take_limits("alice tunnels=4\n* tunnels=1\n");
	ck_assert(server_quota_claim(one, SERVER_QUOTA_PLAIN, false));
	ck_assert(server_quota_full(other, SERVER_QUOTA_PLAIN));
	server_quota_drop(quotas, one);
	server_quota_drop(quotas, same);
	server_quota_drop(quotas, other);
	server_quota_drop(quotas, nobody);
	server_quota_drop(quotas, another);
	/* Whoever was gone begins again. */
	one = hold("psk alice");
	ck_assert_uint_eq(one->used[SERVER_QUOTA_PLAIN], 0);
	server_quota_drop(quotas, one);
}
END_TEST

START_TEST(no_quotas)
{
	ck_assert_ptr_null(server_quota_hold(NULL, NULL));
	ck_assert(server_quota_claim(NULL, SERVER_QUOTA_PLAIN, false));
	ck_assert(!server_quota_full(NULL, SERVER_QUOTA_PLAIN));
	ck_assert_ptr_null(server_quota_exceeded(NULL, SERVER_UP, 1, 1000, 5));
	server_quota_release(NULL, SERVER_QUOTA_PLAIN);
	server_quota_drop(NULL, NULL);
}
END_TEST

/* --- packets --- */

/* Send for that time, some packets each millisecond.  @return how many of them pass. */
static unsigned passing(struct server_quota *q, enum server_direction direction, uint64_t from, unsigned ms,
			unsigned each, uint32_t bytes)
{
	unsigned n = 0;

	for (uint64_t now = from; now < from + ms; now++)
		for (unsigned i = 0; i < each; i++)
			n += !server_quota_exceeded(q, direction, 1, bytes, now);
	return n;
}

/* What passes is the rate, and once a bucket; each direction has its own. */
START_TEST(rates)
{
	struct server_quota *q;

	take_limits("alice packets-per-second=1k\nbob bytes-per-second=1M\n");
	q = hold("psk alice");
	ck_assert_uint_eq(passing(q, SERVER_UP, 1000, 10000, 4, 100), 10000 + 250 - 1);
	ck_assert_uint_eq(passing(q, SERVER_DOWN, 1000, 100, 1, 100), 100);
	ck_assert_str_eq(server_quota_exceeded(q, SERVER_UP, 1, 100, 10999), "packets-per-second");
	/* After a pause the bucket is full, and no fuller. */
	ck_assert_uint_eq(passing(q, SERVER_UP, 100000, 1, 1000, 100), 250);
	server_quota_drop(quotas, q);
	q = hold("psk bob");
	ck_assert_uint_eq(passing(q, SERVER_UP, 1000, 10000, 4, 1000), 10000 + 250 - 1);
	ck_assert_str_eq(server_quota_exceeded(q, SERVER_UP, 1, 1000, 10999), "bytes-per-second");
	/* A super-packet passes a full bucket of any size. */
	take_limits("* bytes-per-second=1 packets-per-second=1\n");
	ck_assert_ptr_null(server_quota_exceeded(q, SERVER_UP, 64, 65535, 20000));
	ck_assert_ptr_nonnull(server_quota_exceeded(q, SERVER_UP, 64, 65535, 20000));
	/* Without a limit everything passes again. */
	server_quotas_change(quotas, NULL);
	ck_assert_uint_eq(passing(q, SERVER_UP, 30000, 100, 1000, 65535), 100000);
	server_quota_drop(quotas, q);
}
END_TEST

/* The largest rates and years of running are no problem for the arithmetic. */
START_TEST(extremes)
{
	const uint64_t years = 5ULL * 366 * 86400 * 1000;
	struct server_quota *q;

	take_limits("* bytes-per-second=1000G packets-per-second=10\n");
	q = hold("psk alice");
	ck_assert_uint_eq(passing(q, SERVER_UP, years, 10000, 1, 65535), 128 + 100 - 1);
	server_quota_drop(quotas, q);
}
END_TEST

/* In each direction the stricter of the file's limit and the RADIUS server's holds, in whichever order they come. */
START_TEST(granted)
{
	struct server_quota *q;

	take_limits("alice bytes-per-second=1M\n");
	q = hold("psk alice");
	server_quota_grant(quotas, q, 500000, 2000000);
	ck_assert_uint_eq(passing(q, SERVER_UP, 1000, 10000, 4, 1000), 5000 + 125 - 1);
	ck_assert_uint_eq(passing(q, SERVER_DOWN, 1000, 10000, 4, 1000), 10000 + 250 - 1);
	ck_assert_str_eq(server_quota_exceeded(q, SERVER_UP, 1, 1000, 10999), "bytes-per-second");
	/* The same again fills no bucket. */
	server_quota_grant(quotas, q, 500000, 2000000);
	ck_assert_ptr_nonnull(server_quota_exceeded(q, SERVER_UP, 1, 1000, 10999));
	/* Another file changes nothing of what was granted. */
	take_limits("alice bytes-per-second=100k packets-per-second=4k\n");
	ck_assert_uint_eq(passing(q, SERVER_UP, 20000, 10000, 4, 1000), 65 + 1000);
	server_quotas_change(quotas, NULL);
	ck_assert_uint_eq(passing(q, SERVER_UP, 40000, 10000, 4, 1000), 5000 + 125 - 1);
	ck_assert_uint_eq(passing(q, SERVER_DOWN, 40000, 10000, 4, 1000), 20000 + 500 - 2);
	/* What the RADIUS server says now replaces what it said. */
	server_quota_grant(quotas, q, 0, 1000000);
	ck_assert_uint_eq(passing(q, SERVER_UP, 60000, 10, 1000, 65535), 10000);
	ck_assert_uint_eq(passing(q, SERVER_DOWN, 60000, 10000, 4, 1000), 10000 + 250 - 1);
	/* One limit is there, and the other stays. */
	server_quota_grant(quotas, q, 0, 0);
	take_limits("* packets-per-second=1k\n");
	server_quota_grant(quotas, q, 1, 0);
	server_quota_grant(quotas, q, 0, 0);
	ck_assert_uint_eq(passing(q, SERVER_UP, 80000, 10000, 4, 65535), 10000 + 250 - 1);
	server_quota_drop(quotas, q);
	q = hold("psk alice");
	ck_assert_uint_eq(server_quota_granted(q, SERVER_DOWN), 0);
	server_quota_drop(quotas, q);
}
END_TEST

/* The least and the most that can be granted. */
START_TEST(granted_extremes)
{
	struct server_quota *q = hold("psk alice");

	server_quota_grant(quotas, q, 1, UINT32_MAX);
	ck_assert_ptr_null(server_quota_exceeded(q, SERVER_UP, 1, 65535, 1000));
	ck_assert_ptr_nonnull(server_quota_exceeded(q, SERVER_UP, 1, 65535, 1000));
	ck_assert_ptr_nonnull(server_quota_exceeded(q, SERVER_UP, 1, 1000, 900000));
	ck_assert_ptr_null(server_quota_exceeded(q, SERVER_UP, 1, 1000, 1010000));
	ck_assert_uint_eq(passing(q, SERVER_DOWN, 1000, 1000, 60, 65535), 60000);
	ck_assert_uint_lt(passing(q, SERVER_DOWN, 5000, 1000, 1000, 65535), 90000);
	server_quota_drop(quotas, q);
	server_quota_grant(quotas, NULL, 1, 1);
	server_quota_grant_again(quotas, NULL, 1, 1);
	ck_assert_uint_eq(server_quota_granted(NULL, SERVER_UP), 0);
}
END_TEST

/* Tunnels that come back in any order leave the strictest. */
START_TEST(granted_again)
{
	struct server_quota *q = hold("psk alice");

	server_quota_grant_again(quotas, q, 5000, 0);
	server_quota_grant_again(quotas, q, 9000, 7000);
	server_quota_grant_again(quotas, q, 0, 8000);
	ck_assert_uint_eq(server_quota_granted(q, SERVER_UP), 5000);
	ck_assert_uint_eq(server_quota_granted(q, SERVER_DOWN), 7000);
	ck_assert_uint_eq(passing(q, SERVER_UP, 1000, 10000, 1, 1000), 65 + 50);
	server_quota_drop(quotas, q);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_quota");
	TCase *t = tcase_create("quota");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, file);
	tcase_add_loop_test(t, wrong_file, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, file_twice);
	tcase_add_test(t, tunnels);
	tcase_add_test(t, no_quotas);
	tcase_add_test(t, rates);
	tcase_add_test(t, extremes);
	tcase_add_test(t, granted);
	tcase_add_test(t, granted_extremes);
	tcase_add_test(t, granted_again);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
