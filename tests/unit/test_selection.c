/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a capture is asked for is what the daemon reads, with or without a text; what is no selection is refused.
 */
#include "common/capture/selection.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

static struct tscf_prefix prefix(const char *text)
{
	struct tscf_prefix p;

	ck_assert_int_eq(tscf_prefix_parse(text, &p), 0);
	return p;
}

START_TEST(there_and_back)
{
	const struct tscf_capture_selection asked = {
	    .filter = {.protocol = IPPROTO_UDP, .port = 5004, .remote = prefix("2001:db8::/32"), .remote_port = 65535},
	    .client = "psk \"phone\" 1"};
	struct tscf_control_request request = {.op = TSCF_CONTROL_CAPTURE};
	struct tscf_capture_selection read;
	void *owner;
	char *text;

	ck_assert_int_eq(tscf_capture_selection_write(&asked, &request, &text), 0);
	ck_assert_int_eq(tscf_capture_selection_read(&request, text, &read, &owner), 0);
	ck_assert_uint_eq(read.filter.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(read.filter.port, 5004);
	ck_assert_uint_eq(read.filter.remote.length, 32);
	ck_assert(tscf_addr_equal(&read.filter.remote.addr, &asked.filter.remote.addr));
	ck_assert_uint_eq(read.filter.remote_port, 65535);
	ck_assert_str_eq(read.client, asked.client);
	tscf_capture_selection_free(owner);
	free(text);
}
END_TEST

START_TEST(of_everything)
{
	const struct tscf_capture_selection asked = {.client = NULL};
	struct tscf_control_request request = {.op = TSCF_CONTROL_CAPTURE};
	struct tscf_capture_selection read;
	void *owner;
	char *text;

	ck_assert_int_eq(tscf_capture_selection_write(&asked, &request, &text), 0);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(tscf_capture_selection_read(&request, text, &read, &owner), 0);
	ck_assert(read.filter.remote.addr.family == 0 && read.filter.remote_port == 0 && !read.client);
	tscf_capture_selection_free(owner);
}
END_TEST

static const char *const refused[] = {
    "phone", "[]", "{\"remote\": \"somewhere\"}", "{\"remote_port\": 65536}", "{\"remote_port\": -1}", "{",
};

START_TEST(wrong)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_CAPTURE};
	struct tscf_capture_selection read;
	void *owner;

	ck_assert_int_eq(tscf_capture_selection_read(&request, refused[_i], &read, &owner), -EINVAL);
	ck_assert_ptr_null(owner);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("selection");
	TCase *tc = tcase_create("selection");

	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, of_everything);
	tcase_add_loop_test(tc, wrong, 0, sizeof(refused) / sizeof(refused[0]));
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
