/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dictionary of RADIUS attributes: what it lacks is added, and an attribute of another type than its own is
 * refused. */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-server/radius/radius.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dictionary[512];

/** Open a configuration whose dictionary has this text.  @return the result; what is said is in *said. */
static int open_with(const char *text, struct server_radius **radius, const char **said)
{
	char config[1024];
	int err;

	snprintf(dictionary, sizeof(dictionary), "%s", config_file_make(text));
	snprintf(config, sizeof(config),
		 "authserver 127.0.0.1:1812:secret\nacctserver 127.0.0.1:1813:secret\nservers /dev/null\n"
		 "dictionary %s\ndefault_realm\nradius_timeout 1\nradius_retries 1\nbindaddr *\n",
		 dictionary);
	capture_begin();
	err = server_radius_open(config_file_make(config), radius);
	*said = capture_end();
	config_file_remove();
	unlink(dictionary);
	return err;
}

START_TEST(test_good)
{
	static const char *const texts[] = {
	    "",
	    "ATTRIBUTE User-Name 1 string\nATTRIBUTE Event-Timestamp 55 date\n",
	    "VENDOR Wi-Fi 14122\nATTRIBUTE Up 7 integer Wi-Fi\nATTRIBUTE Session-Timeout 27 integer\n",
	};
	struct server_radius *radius;
	const char *said;

	ck_assert_int_eq(open_with(texts[_i], &radius, &said), 0);
	ck_assert_str_eq(said, "");
	server_radius_close(radius);
}
END_TEST

static const struct {
	const char *text, *says;
} wrong[] = {
    {"VENDOR WISPr 14122\nATTRIBUTE WISPr-Bandwidth-Max-Up 7 string WISPr\n",
     "attribute 7 of vendor 14122 (WISPr), WISPr-Bandwidth-Max-Up, has the type string: expected integer"},
    {"VENDOR Wi-Fi 14122\nATTRIBUTE Down 8 ipaddr Wi-Fi\n",
     "attribute 8 of vendor 14122 (WISPr), Down, has the type ipaddr: expected integer"},
    {"ATTRIBUTE Session-Timeout 27 string\n", "attribute 27, Session-Timeout, has the type string: expected integer"},
    {"ATTRIBUTE Framed-IPv6-Address 168 ipv6prefix\n",
     "attribute 168, Framed-IPv6-Address, has the type ipv6prefix: expected ipv6addr"},
    {"ATTRIBUTE Name 1 integer\n", "attribute 1, Name, has the type integer: expected string"},
};

START_TEST(test_wrong)
{
	char where[600];
	struct server_radius *radius = NULL;
	const char *said;
	int err = open_with(wrong[_i].text, &radius, &said);

	snprintf(where, sizeof(where), "error: %s: %s\n", dictionary, wrong[_i].says);
	ck_assert_int_eq(err, -EINVAL);
	ck_assert_ptr_null(radius);
	ck_assert_msg(strstr(said, where) != NULL, "expected '%s', said '%s'", where, said);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server radius");
	TCase *tc = tcase_create("dictionary");

	tcase_add_loop_test(tc, test_good, 0, 3);
	tcase_add_loop_test(tc, test_wrong, 0, sizeof(wrong) / sizeof(wrong[0]));
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return server_radius_built() ? tscf_test_main(make_suite) : TSCF_TEST_SKIP;
}
