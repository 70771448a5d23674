/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/identity.h"

#include "common/base/log.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/tscf-identity.XXXXXX";
static char state[64], file[96], machine[96];

static void set_up(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(state, sizeof(state), "%s/state", directory);
	snprintf(file, sizeof(file), "%s/client-id", state);
	snprintf(machine, sizeof(machine), "%s/machine-id", directory);
	tscf_log_init("test", TSCF_LOG_ERROR);
}

static void tear_down(void)
{
	unlink(file);
	unlink(machine);
	rmdir(state);
	rmdir(directory);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/** Who a client is that runs now. */
static void identify(uint8_t id[CLIENT_ID_SIZE])
{
	struct client_identity identity;

	client_identity_open(&identity, state, machine);
	ck_assert_int_ge(identity.lock, 0);
	memcpy(id, identity.id, CLIENT_ID_SIZE);
	client_identity_close(&identity);
}

START_TEST(same_in_every_run)
{
	struct client_identity first, second;
	struct stat s;

	client_identity_open(&first, state, machine);
	ck_assert_int_ge(first.lock, 0);
	client_identity_close(&first);
	ck_assert_int_eq(stat(file, &s), 0);
	ck_assert_uint_eq(s.st_mode & 0777, 0600);
	ck_assert_int_eq(s.st_size, 33);
	client_identity_open(&second, state, machine);
	ck_assert_mem_eq(first.id, second.id, CLIENT_ID_SIZE);
	client_identity_close(&second);
}
END_TEST

START_TEST(two_at_a_time)
{
	struct client_identity first, second;

	client_identity_open(&first, state, machine);
	client_identity_open(&second, state, machine);
	ck_assert_int_eq(second.lock, -1);
	ck_assert_mem_ne(first.id, second.id, CLIENT_ID_SIZE);
	client_identity_close(&second);
	client_identity_close(&first);
}
END_TEST

START_TEST(written_by_hand)
{
	static const uint8_t expected[CLIENT_ID_SIZE] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
							 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	struct client_identity identity;

	ck_assert_int_eq(mkdir(state, 0700), 0);
	put(file, "00112233445566778899aabbccddeeff\n");
	client_identity_open(&identity, state, machine);
	ck_assert_mem_eq(identity.id, expected, CLIENT_ID_SIZE);
	client_identity_close(&identity);
}
END_TEST

static const char *const damaged[] = {"00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeefg\n",
				      "00112233445566778899aabbccddeeff\n\n", "0\n"};

START_TEST(damaged_is_replaced)
{
	struct client_identity first, second;

	ck_assert_int_eq(mkdir(state, 0700), 0);
	put(file, damaged[_i]);
	client_identity_open(&first, state, machine);
	ck_assert_int_ge(first.lock, 0);
	client_identity_close(&first);
	client_identity_open(&second, state, machine);
	ck_assert_mem_eq(first.id, second.id, CLIENT_ID_SIZE);
	client_identity_close(&second);
}
END_TEST

/* With a state directory that was copied with its machine, which has got an identifier of its own since. */
START_TEST(copied_to_another_machine)
{
	uint8_t first[CLIENT_ID_SIZE], second[CLIENT_ID_SIZE];

	put(machine, "00112233445566778899aabbccddeeff\n");
	identify(first);
	identify(second);
	ck_assert_mem_eq(first, second, CLIENT_ID_SIZE);
	put(machine, "ffeeddccbbaa99887766554433221100\n");
	identify(second);
	ck_assert_mem_ne(first, second, CLIENT_ID_SIZE);
	identify(first);
	ck_assert_mem_eq(first, second, CLIENT_ID_SIZE);
	/* A machine that does not say which one it is: nothing is known. */
	unlink(machine);
	identify(second);
	ck_assert_mem_eq(first, second, CLIENT_ID_SIZE);
}
END_TEST

/* A file of an earlier version says nothing of the machine: it is kept, and is of this machine from then on. */
START_TEST(upgraded)
{
	uint8_t first[CLIENT_ID_SIZE], second[CLIENT_ID_SIZE];

	identify(first);
	put(machine, "00112233445566778899aabbccddeeff\n");
	identify(second);
	ck_assert_mem_eq(first, second, CLIENT_ID_SIZE);
	put(machine, "ffeeddccbbaa99887766554433221100\n");
	identify(second);
	ck_assert_mem_ne(first, second, CLIENT_ID_SIZE);
}
END_TEST

START_TEST(no_directory)
{
	struct client_identity first, second;

	client_identity_open(&first, "/dev/null/state", machine);
	client_identity_open(&second, "/dev/null/state", machine);
	ck_assert_int_eq(first.lock, -1);
	ck_assert_mem_ne(first.id, second.id, CLIENT_ID_SIZE);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client_identity");
	TCase *tcase = tcase_create("file");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, same_in_every_run);
	tcase_add_test(tcase, two_at_a_time);
	tcase_add_test(tcase, written_by_hand);
	tcase_add_loop_test(tcase, damaged_is_replaced, 0, 4);
	tcase_add_test(tcase, copied_to_another_machine);
	tcase_add_test(tcase, upgraded);
	tcase_add_test(tcase, no_directory);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
