/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which networks are trusted, and what that means for each level.
 */
#include "tests/unit/runner.h"
#include "tscf-client/sockets/preferred.h"

#include <errno.h>
#include <string.h>

static const struct tscf_setting setting = {.name = "trusted"};

static bool matches(const struct networks *n, const char *source, const char *interface, const char *expected)
{
	char by[NETWORKS_TEXT];
	struct tscf_addr addr;

	ck_assert_int_eq(tscf_addr_parse(source, &addr), 0);
	bool result = networks_match(n, &addr, interface, by);
	ck_assert_str_eq(by, expected);
	return result;
}

START_TEST(match)
{
	struct networks n = {0};

	ck_assert(!networks_any(&n));
	ck_assert(!matches(&n, "192.0.2.1", "eth0", ""));
	ck_assert_int_eq(networks_add_prefix(&setting, "192.0.2.77/25", &n), 0);
	ck_assert_int_eq(networks_add_prefix(&setting, "2001:db8::/32", &n), 0);
	ck_assert_int_eq(networks_add_interface(&setting, "eth0", &n), 0);
	ck_assert(networks_any(&n));
	ck_assert(matches(&n, "192.0.2.1", "wlan0", "prefix 192.0.2.0/25"));
	ck_assert(matches(&n, "2001:db8:1::1", "", "prefix 2001:db8::/32"));
	ck_assert(matches(&n, "192.0.2.129", "eth0", "interface eth0"));
	ck_assert(!matches(&n, "192.0.2.129", "eth01", ""));
	ck_assert(!matches(&n, "192.0.2.129", "eth", ""));
	ck_assert(!matches(&n, "2001:db9::1", "", ""));
}
END_TEST

START_TEST(refused)
{
	static const char *const prefixes[] = {"", "0.0.0.0/0", "::/0", "192.0.2.0/33", "example.org"};
	static const char *const names[] = {"", "sixteen-letters-", "a b", "eth%d"};
	struct networks n = {0};

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		ck_assert_int_eq(networks_add_prefix(&setting, prefixes[i], &n), -EINVAL);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		ck_assert_int_eq(networks_add_interface(&setting, names[i], &n), -EINVAL);
	ck_assert(!networks_any(&n));
	for (unsigned i = 0; i < NETWORKS_MAX; i++) {
		ck_assert_int_eq(networks_add_prefix(&setting, "192.0.2.1", &n), 0);
		ck_assert_int_eq(networks_add_interface(&setting, "fifteen-letters", &n), 0);
	}
	ck_assert_int_eq(networks_add_prefix(&setting, "192.0.2.1", &n), -EINVAL);
	ck_assert_int_eq(networks_add_interface(&setting, "eth0", &n), -EINVAL);
	ck_assert(matches(&n, "192.0.2.2", "fifteen-letters", "interface fifteen-letters"));
}
END_TEST

/* Encrypted-only asks everywhere; preferred where the network is not trusted, and is led there until it has left. */
START_TEST(wants)
{
	static const enum preferred_state states[] = {PREFERRED_ENCRYPTED, PREFERRED_LEAVING, PREFERRED_PLAIN};
	static const bool led[] = {true, true, false}, preferred[] = {true, false, false};

	for (unsigned i = 0; i < 3; i++) {
		const struct preferred t = {.state = states[i]};

		ck_assert_int_eq(preferred_wants(&t, TSCF_LEVEL_ENCRYPTED_PREFERRED), preferred[i]);
		ck_assert(preferred_wants(&t, TSCF_LEVEL_ENCRYPTED_ONLY));
		ck_assert(!preferred_wants(&t, TSCF_LEVEL_UNENCRYPTED));
		ck_assert(!preferred_wants(&t, TSCF_LEVEL_DEFAULT));
		ck_assert_int_eq(preferred_lead_to_encrypted(&t), led[i]);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client preferred");
	TCase *tc = tcase_create("networks");

	tcase_add_test(tc, match);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, wants);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
