/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of a list of sessions: a list that is read in pieces, each behind the place that the piece before has told,
 * has every session once, in whatever order they come from the daemon, and whether or not those at the places last. */
#include "tests/unit/runner.h"

#include "tscf-server/admin/session_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 60
#define PIECE 7

static const char *const names[] = {"identity", "internal", "outer", "age", "idle", "received", "sent"};

/** Session number @p n of some that share values: names with every kind of character, none, and numbers. */
static json_t *make_session(unsigned n)
{
	static const char *const identities[] = {"psk bob", "psk O'Neil: \"x\" %", "certificate \xc3\xa9t\xc3\xa9",
						 NULL};
	char place[64], address[32];

	snprintf(place, sizeof(place), "%u:%u:%x", n % 2, n, 0xabc0 + n);
	snprintf(address, sizeof(address), "10.64.0.%u", n / 2);
	return json_pack("{s:s,s:s*,s:[s],s:s,s:i,s:i,s:I,s:i}", "place", place, "identity", identities[n % 4],
			 "internal", address, "outer", address, "since", n % 5, "idle", 0, "received_bytes",
			 (json_int_t)(n % 3) << 40, "sent_bytes", n);
}

static int compare(const void *one, const void *other, void *key)
{
	return session_compare(*(json_t *const *)one, *(json_t *const *)other, key);
}

/** @return how many of the @p count sessions of @p all are behind @p place, which has the key's form; NULL: all. */
static unsigned first_behind(json_t **all, unsigned count, const char *place, const struct session_key *key)
{
	json_t *after = session_place_parse(place, key);
	unsigned n = 0;

	ck_assert_msg(after, "%s is not read", place);
	while (n < count && session_compare(all[n], after, key) <= 0)
		n++;
	json_decref(after);
	return n;
}

START_TEST(pieces_make_the_whole)
{
	const struct session_key *key = session_key_find(names[_i]);
	json_t *all[COUNT];

	ck_assert_ptr_nonnull(key);
	for (unsigned n = 0; n < COUNT; n++)
		all[n] = make_session(n * 37 % COUNT);
	qsort_r(all, COUNT, sizeof(all[0]), compare, (void *)(uintptr_t)key);
	for (unsigned n = PIECE; n <= COUNT; n += PIECE) {
		char *place = session_place_format(all[n - 1], key);
		json_t *gone = all[n - 1];

		ck_assert_uint_eq(strspn(place, "abcdefghijklmnopqrstuvwxyz0123456789:"), strlen(place));
		ck_assert_uint_eq(first_behind(all, COUNT, place, key), n);
		/* The session at the place has ended. */
		memmove(&all[n - 1], &all[n], (COUNT - n) * sizeof(all[0]));
		ck_assert_uint_eq(first_behind(all, COUNT - 1, place, key), n - 1);
		memmove(&all[n], &all[n - 1], (COUNT - n) * sizeof(all[0]));
		all[n - 1] = gone;
		free(place);
	}
	for (unsigned n = 0; n < COUNT; n++)
		json_decref(all[n]);
}
END_TEST

START_TEST(large_numbers_come_first)
{
	json_t *small = json_pack("{s:s,s:i}", "place", "0:1:a", "sent_bytes", 1);
	json_t *large = json_pack("{s:s,s:I}", "place", "0:2:b", "sent_bytes", (json_int_t)1 << 40);

	ck_assert_int_gt(session_compare(small, large, session_key_find("sent")), 0);
	ck_assert_int_lt(session_compare(small, large, session_key_find("identity")), 0);
	/* The first of both is the elder. */
	json_object_set_new(small, "since", json_integer(1700000000));
	json_object_set_new(large, "since", json_integer(1700000001));
	ck_assert_int_lt(session_compare(small, large, session_key_find("age")), 0);
	json_decref(small);
	json_decref(large);
}
END_TEST

START_TEST(places_of_the_daemon)
{
	json_t *session = json_pack("{s:s}", "place", "1:17:abc"), *none = json_object(), *parsed;
	char *place = session_place_format(session, NULL);

	ck_assert_str_eq(place, "1:17:abc");
	parsed = session_place_parse(place, NULL);
	ck_assert_ptr_nonnull(parsed);
	ck_assert_ptr_null(session_place_format(none, NULL));
	ck_assert_ptr_null(session_place_format(none, session_key_find("sent")));
	json_decref(parsed);
	json_decref(session);
	json_decref(none);
	free(place);
}
END_TEST

START_TEST(what_is_no_place)
{
	static const char *const wrong[] = {"",
					    "x",
					    "1:2",
					    "1:2:",
					    "1:2:g",
					    "1:2:abc ",
					    "1:2:abc:",
					    "sent:5:1:2:a",
					    "age:5:1:2:a:b",
					    "age:5:1:2",
					    "age::1:2:a",
					    "age:-5:1:2:a",
					    "age:5x:1:2:a",
					    "age:99999999999999999999:1:2:a"};
	static const char *const wrong_text[] = {"outer", "outer:", "outer:5:1:2:a", "outer:zz:1:2:a",
						 "outer:ff:1:2:a"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_ptr_null(session_place_parse(wrong[i], NULL));
		ck_assert_msg(!session_place_parse(wrong[i], session_key_find("age")), "%s", wrong[i]);
	}
	for (size_t i = 0; i < sizeof(wrong_text) / sizeof(wrong_text[0]); i++)
		ck_assert_msg(!session_place_parse(wrong_text[i], session_key_find("outer")), "%s", wrong_text[i]);
	ck_assert_ptr_null(session_key_find("size"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("session-order");
	TCase *t = tcase_create("order");

	tcase_add_loop_test(t, pieces_make_the_whole, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(t, large_numbers_come_first);
	tcase_add_test(t, places_of_the_daemon);
	tcase_add_test(t, what_is_no_place);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
