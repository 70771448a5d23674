/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel says of wireless networks: which one the device is in and whether it encrypts; and a device that is
 * not wireless, on a kernel with or without such devices.
 */
#include "common/linux/wireless.h"
#include "common/linux/wireless_message.h"
#include "tests/unit/runner.h"
#include "tests/unit/wireless_build.h"

#include <linux/nl80211.h>
#include <net/if.h>
#include <string.h>

#define IN_IT  NL80211_BSS_STATUS_ASSOCIATED
#define AD_HOC NL80211_BSS_STATUS_IBSS_JOINED
#define CLEAR  0x0401
#define CIPHER 0x0411 /* with the bit for privacy */

static struct nlmsghdr *header(struct wireless_message *m)
{
	return (struct nlmsghdr *)m->data;
}

static const struct {
	int status, capability;
	unsigned elements;
	int beacon;
	enum tscf_bss bss;
} networks[] = {
    {IN_IT, CLEAR, WIRELESS_NAME, -1, TSCF_BSS_OPEN},
    {IN_IT, CLEAR, WIRELESS_NAME, WIRELESS_NAME, TSCF_BSS_OPEN},
    {IN_IT, CLEAR, 0, -1, TSCF_BSS_OPEN},
    /* WEP. */
    {IN_IT, CIPHER, WIRELESS_NAME | WIRELESS_QUALITY, -1, TSCF_BSS_OPEN},
    {IN_IT, CIPHER, WIRELESS_NAME | WIRELESS_RSN, -1, TSCF_BSS_SECURE},
    {IN_IT, CIPHER, WIRELESS_NAME | WIRELESS_QUALITY | WIRELESS_WPA, -1, TSCF_BSS_SECURE},
    {IN_IT, CIPHER, WIRELESS_RSN, WIRELESS_NAME | WIRELESS_RSN, TSCF_BSS_SECURE},
    {AD_HOC, CIPHER, WIRELESS_RSN, -1, TSCF_BSS_SECURE},
    {AD_HOC, CLEAR, WIRELESS_NAME, -1, TSCF_BSS_OPEN},
    /* They do not agree, or do not say all. */
    {IN_IT, CLEAR, WIRELESS_RSN, -1, TSCF_BSS_OPEN},
    {IN_IT, -1, WIRELESS_RSN, -1, TSCF_BSS_OPEN},
    {IN_IT, CIPHER, WIRELESS_RSN, WIRELESS_NAME, TSCF_BSS_OPEN},
    {IN_IT, CIPHER, WIRELESS_NAME, WIRELESS_RSN, TSCF_BSS_OPEN},
    {IN_IT, CIPHER, WIRELESS_NAME | WIRELESS_CUT, -1, TSCF_BSS_OPEN},
    /* In range only. */
    {-1, CIPHER, WIRELESS_RSN, -1, TSCF_BSS_OTHER},
    {-1, CLEAR, WIRELESS_NAME, -1, TSCF_BSS_OTHER},
    {NL80211_BSS_STATUS_AUTHENTICATED, CLEAR, WIRELESS_NAME, -1, TSCF_BSS_OTHER},
};

START_TEST(network)
{
	struct wireless_message m;

	wireless_network(&m, networks[_i].status, networks[_i].capability, networks[_i].elements, networks[_i].beacon);
	ck_assert_int_eq(tscf_wireless_bss(header(&m)), networks[_i].bss);
	ck_assert_int_eq(tscf_wireless_family(header(&m)), 0);
}
END_TEST

START_TEST(family)
{
	struct wireless_message m;

	wireless_family(&m, TSCF_WIRELESS_FAMILY, 30);
	ck_assert_int_eq(tscf_wireless_family(header(&m)), 30);
	ck_assert_int_eq(tscf_wireless_bss(header(&m)), TSCF_BSS_OTHER);
	wireless_family(&m, "nl802", 30);
	ck_assert_int_eq(tscf_wireless_family(header(&m)), 0);
	wireless_family(&m, "nl80211x", 30);
	ck_assert_int_eq(tscf_wireless_family(header(&m)), 0);
}
END_TEST

/* However early a message ends, nothing behind its end is read, and a network is not taken for a secure one before all
 * of it is there. */
START_TEST(cut)
{
	struct wireless_message whole, part;

	wireless_network(&whole, IN_IT, CIPHER, WIRELESS_RSN, WIRELESS_RSN);
	for (uint32_t length = sizeof(struct nlmsghdr); length < whole.length; length++) {
		memset(&part, 0xff, sizeof(part));
		memcpy(part.data, whole.data, length);
		memcpy(part.data, &length, sizeof(length));
		ck_assert_int_ne(tscf_wireless_bss(header(&part)), TSCF_BSS_SECURE);
	}
	wireless_family(&whole, TSCF_WIRELESS_FAMILY, 30);
	for (uint32_t length = sizeof(struct nlmsghdr); length + 3 < whole.length; length++) {
		memset(&part, 0xff, sizeof(part));
		memcpy(part.data, whole.data, length);
		memcpy(part.data, &length, sizeof(length));
		ck_assert_int_eq(tscf_wireless_family(header(&part)), 0);
	}
}
END_TEST

START_TEST(no_wireless_device)
{
	ck_assert_int_eq(tscf_wireless_look((int)if_nametoindex("lo")), TSCF_WIRELESS_NONE);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("wireless");
	TCase *tc = tcase_create("wireless");

	tcase_add_loop_test(tc, network, 0, sizeof(networks) / sizeof(networks[0]));
	tcase_add_test(tc, family);
	tcase_add_test(tc, cut);
	tcase_add_test(tc, no_wireless_device);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
