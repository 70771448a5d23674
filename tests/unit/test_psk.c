/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of pre-shared keys: what is taken, what is refused and how that is said. */
#include "common/auth/psk.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
	psk.kind = TSCF_PSK_JOINING;
	ck_assert_uint_lt(tscf_psk_format(&psk, longest), TSCF_PSK_LINE);
	psk.kind = TSCF_PSK_INVITED;
	psk.until = 999999999999999999;
	ck_assert_uint_lt(tscf_psk_format(&psk, longest), TSCF_PSK_LINE);
}
END_TEST

#define SHARE "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

/* The keys of one-time invitations, at both ends. */
START_TEST(invitations)
{
	static const char *const good_lines[] = {"al:" KEY ":until=0,record=0123456789abcdef",
						 "al:" KEY ":until=1800000000,record=0123456789abcdef",
						 "al:" KEY ":share=" SHARE};
	static const char *const bad_lines[] = {
	    "al:" KEY ":",
	    "al:" KEY ":until=,record=0123456789abcdef",
	    "al:" KEY ":until=01,record=0123456789abcdef",
	    "al:" KEY ":until=-1,record=0123456789abcdef",
	    "al:" KEY ":until=1000000000000000000,record=0123456789abcdef",
	    "al:" KEY ":until=1",
	    "al:" KEY ":until=1,record=0123456789abcde",
	    "al:" KEY ":until=1,record=0123456789abcdef0",
	    "al:" KEY ":until=1,record=0123456789abcdef:",
	    "al:" KEY ":share=00",
	    "al:" KEY ":share=" SHARE "0",
	    "al:" KEY ":once",
	};
	char line[TSCF_PSK_LINE];
	const char *expected;
	struct tscf_psk psk;

	for (size_t i = 0; i < sizeof(good_lines) / sizeof(good_lines[0]); i++) {
		ck_assert_int_eq(tscf_psk_parse(good_lines[i], strlen(good_lines[i]), &psk, &expected), 1);
		tscf_psk_format(&psk, line);
		ck_assert_int_eq(strcasecmp(line, good_lines[i]), 0);
		ck_assert_uint_eq(psk.kind, i < 2 ? TSCF_PSK_INVITED : TSCF_PSK_JOINING);
	}
	ck_assert_uint_eq(psk.share[31], 15);
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++)
		ck_assert_msg(tscf_psk_parse(bad_lines[i], strlen(bad_lines[i]), &psk, &expected) == -EINVAL, "%s",
			      bad_lines[i]);
}
END_TEST

/* Other lines stay as they are, and the file is the owner's alone. */
START_TEST(replaced)
{
	struct tscf_psk psk = {.identity = "bob", .key = {0xab}, .key_length = 16};
	char text[512] = "";
	struct stat st;
	FILE *f;

	ck_assert_int_eq(read_text("# phones\nalice:" KEY "\nbob:" KEY ":share=" SHARE "\r\nbobby:" KEY), 0);
	ck_assert_int_eq(tscf_psks_replace(file, &psk), 0);
	f = fopen(file, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	ck_assert_str_eq(text, "# phones\nalice:" KEY "\nbob:ab000000000000000000000000000000\nbobby:" KEY);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	strcpy(psk.identity, "carol");
	ck_assert_int_eq(tscf_psks_replace(file, &psk), -ENOENT);
	unlink(file);
	ck_assert_int_eq(tscf_psks_replace(file, &psk), -ENOENT);
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
	tcase_add_test(t, invitations);
	tcase_add_test(t, replaced);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
