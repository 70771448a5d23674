/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel says of wireless networks: which one the device is in and whether it encrypts; a device that is not
 * wireless, on a kernel with or without such devices; how often the kernel is asked, and what if it fails.
 */
#include "common/linux/netlink_internal.h"
#include "common/linux/wireless.h"
#include "common/linux/wireless_message.h"
#include "tests/unit/runner.h"
#include "tests/unit/wireless_build.h"

#include <errno.h>
#include <linux/genetlink.h>
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
	struct tscf_wireless_socket s = {.netlink = NULL};

	ck_assert_int_eq(tscf_wireless_look(&s, (int)if_nametoindex("lo")), TSCF_WIRELESS_NONE);
	tscf_wireless_close(&s);
	ck_assert_ptr_null(s.netlink);
}
END_TEST

#define FAMILY 30

/** A kernel that has nl80211, and what it was asked. */
static struct {
	int family, error; /**< of the next request for networks */
	unsigned connects, listings, requests;
} kernel;

extern __typeof__(tscf_netlink_connect) __wrap_tscf_netlink_connect, __real_tscf_netlink_connect;
extern __typeof__(tscf_netlink_dump) __wrap_tscf_netlink_dump, __real_tscf_netlink_dump;

int __wrap_tscf_netlink_connect(int protocol, struct tscf_netlink **out)
{
	kernel.connects++;
	return __real_tscf_netlink_connect(protocol, out);
}

int __wrap_tscf_netlink_dump(struct tscf_netlink *nl, struct nl_msg *msg, tscf_netlink_visit visit, void *context)
{
	int type = nlmsg_hdr(msg)->nlmsg_type;
	struct wireless_message m;

	if (kernel.family == 0)
		return __real_tscf_netlink_dump(nl, msg, visit, context);
	nlmsg_free(msg);
	if (type == GENL_ID_CTRL) {
		kernel.listings++;
		wireless_family(&m, TSCF_WIRELESS_FAMILY, (uint16_t)kernel.family);
		return visit(header(&m), context);
	}
	kernel.requests++;
	if (type != kernel.family)
		return -ENOENT;
	if (kernel.error != 0)
		return kernel.error;
	wireless_network(&m, IN_IT, CIPHER, WIRELESS_NAME | WIRELESS_RSN, -1);
	return visit(header(&m), context);
}

/* One socket and one listing of the families do for all looks, until a request fails. */
START_TEST(kept)
{
	struct tscf_wireless_socket s = {.netlink = NULL};

	kernel.family = FAMILY;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(tscf_wireless_look(&s, 7), TSCF_WIRELESS_SECURE);
	ck_assert_uint_eq(kernel.connects, 1);
	ck_assert_uint_eq(kernel.listings, 1);
	ck_assert_uint_eq(kernel.requests, 3);
	/* The device is no wireless one. */
	kernel.error = -ENODEV;
	ck_assert_int_eq(tscf_wireless_look(&s, 7), TSCF_WIRELESS_NONE);
	ck_assert_uint_eq(kernel.connects, 1);
	/* The module was loaded again. */
	kernel.error = 0;
	kernel.family = FAMILY + 1;
	ck_assert_int_eq(tscf_wireless_look(&s, 7), TSCF_WIRELESS_SECURE);
	ck_assert_uint_eq(kernel.connects, 2);
	ck_assert_uint_eq(kernel.listings, 2);
	/* It does not answer, and does again. */
	kernel.error = -EIO;
	ck_assert_int_eq(tscf_wireless_look(&s, 7), TSCF_WIRELESS_UNKNOWN);
	ck_assert_uint_eq(kernel.connects, 3);
	kernel.error = 0;
	ck_assert_int_eq(tscf_wireless_look(&s, 7), TSCF_WIRELESS_SECURE);
	tscf_wireless_close(&s);
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
	tcase_add_test(tc, kept);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
