/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of pre-shared keys: what is taken, what is refused and how that is said. */
#include "common/auth/psk.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "000102030405060708090a0b0c0d0e0F"

static char file[] = "/tmp/tscf-psk.XXXXXX";
static char error[256];
static struct tscf_psks psks;

static void setup(void)
{
	int fd;

	strcpy(file, "/tmp/tscf-psk.XXXXXX");
	fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void teardown(void)
{
	tscf_psks_free(&psks);
	unlink(file);
}

static int read_text(const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	tscf_psks_free(&psks);
	return tscf_psks_read(file, &psks, error, sizeof(error));
}

static void refused(const char *text, const char *expected)
{
	ck_assert_int_lt(read_text(text), 0);
	ck_assert_msg(strstr(error, expected) != NULL, "%s", error);
	ck_assert_ptr_null(psks.list);
}

START_TEST(good)
{
	const struct tscf_psk *alice;

	ck_assert_int_eq(read_text("# phones\n\nbob:" KEY KEY "\r\nalice:" KEY "\ncarol@example:" KEY), 0);
	ck_assert_uint_eq(psks.count, 3);
	alice = tscf_psks_find(&psks, "alice", 5);
	ck_assert_ptr_nonnull(alice);
	ck_assert_uint_eq(alice->key_length, 16);
	for (uint8_t i = 0; i < 16; i++)
		ck_assert_uint_eq(alice->key[i], i);
	ck_assert_uint_eq(tscf_psks_find(&psks, "bob", 3)->key_length, 32);
	ck_assert_ptr_nonnull(tscf_psks_find(&psks, "carol@example", 13));
	ck_assert_ptr_null(tscf_psks_find(&psks, "alic", 4));
	ck_assert_ptr_null(tscf_psks_find(&psks, "alice\0", 6));
	ck_assert_ptr_null(tscf_psks_find(&psks, "", 0));
	ck_assert_int_eq(read_text(""), 0);
	ck_assert_ptr_null(tscf_psks_find(&psks, "alice", 5));
}
END_TEST

START_TEST(bad)
{
	refused("alice:" KEY "\nbob\n", ":2: expected IDENTITY:KEY");
	refused(":" KEY "\n", ":1: expected IDENTITY:KEY");
	refused("a b:" KEY "\n", ":1: expected IDENTITY:KEY");
	refused("12345678901234567890123456789012345678901234567890123456789012345:" KEY "\n",
		":1: expected IDENTITY:KEY");
	refused("alice:0001\n", ":1: expected a key of 32 to 128 hexadecimal digits");
	refused("alice:" KEY "0\n", ":1: expected a key");
	refused("alice:" KEY "0g\n", ":1: expected a key");
	refused("alice:" KEY KEY KEY KEY "00\n", ":1: expected a key");
	refused("alice:" KEY "\nbob:" KEY "\nalice:" KEY "\n", "alice is there twice");
}
END_TEST

START_TEST(others_may_read)
{
	ck_assert_int_eq(chmod(file, 0640), 0);
	ck_assert_int_eq(read_text("alice:" KEY "\n"), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "must be 0600"));
	unlink(file);
	ck_assert_int_eq(tscf_psks_read(file, &psks, error, sizeof(error)), -ENOENT);
}
END_TEST

START_TEST(written)
{
	char line[TSCF_PSK_LINE], longest[TSCF_PSK_LINE];
	const char *expected;
	struct tscf_psk psk;

	ck_assert_int_eq(tscf_psk_parse("al:" KEY, strlen("al:" KEY), &psk, &expected), 1);
	ck_assert_uint_eq(tscf_psk_format(&psk, line), strlen("al:" KEY));
	ck_assert_str_eq(line, "al:000102030405060708090a0b0c0d0e0f");
	memset(psk.identity, 'a', TSCF_PSK_IDENTITY_MAX);
	memset(psk.key, 0xff, TSCF_PSK_KEY_MAX);
	psk.key_length = TSCF_PSK_KEY_MAX;
	ck_assert_uint_eq(tscf_psk_format(&psk, longest), TSCF_PSK_LINE - 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("psk");
	TCase *t = tcase_create("file");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good);
	tcase_add_test(t, bad);
	tcase_add_test(t, others_may_read);
	tcase_add_test(t, written);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
