/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificates that clients send in parts: they are put together, limited, and kept for admitted clients. */
#include "tests/unit/runner.h"

#include "common/crypto/hash.h"
#include "tscf-server/session/certificates.h"

#include <string.h>

#define TOTAL 2500

static struct server_certificates kept;
static uint8_t der[SERVER_CERTIFICATES * 2][TOTAL], digest[SERVER_CERTIFICATES * 2][32];

static void setup(void)
{
	for (unsigned i = 0; i < SERVER_CERTIFICATES * 2; i++) {
		memset(der[i], (int)i, TOTAL);
		tscf_sha256(der[i], TOTAL, digest[i]);
	}
}

static void teardown(void)
{
	server_certificates_free(&kept);
}

static union tscf_endpoint source(unsigned i, uint16_t port)
{
	const uint8_t bytes[4] = {198, 51, 100, (uint8_t)i};
	const struct tscf_addr addr = tscf_addr_v4(bytes);
	union tscf_endpoint e;

	tscf_endpoint_make(&addr, port, &e);
	return e;
}

static bool send_part(unsigned from, unsigned which, uint16_t offset, uint64_t now)
{
	const union tscf_endpoint outer = source(from, 5000);
	const uint16_t left = (uint16_t)(TOTAL - offset);
	const struct tscf_chain_part part = {
	    .total = TOTAL, .offset = offset, .length = left < 1000 ? left : 1000, .bytes = der[which] + offset};

	return server_certificates_take(&kept, &outer, digest[which], &part, now);
}

static void send_all(unsigned from, unsigned which, uint64_t now)
{
	for (uint16_t at = 0; at < TOTAL; at = (uint16_t)(at + 1000))
		ck_assert(send_part(from, which, at, now));
}

static bool has(unsigned which)
{
	struct tscf_certificates out;

	return server_certificates_find(&kept, digest[which], 0, &out) && out.length == TOTAL &&
	       memcmp(out.der, der[which], TOTAL) == 0;
}

/* In any order, and more than once. */
START_TEST(put_together)
{
	ck_assert(send_part(1, 0, 2000, 0));
	ck_assert(send_part(1, 0, 2000, 0));
	ck_assert(send_part(1, 0, 0, 0));
	ck_assert(!has(0));
	/* A part from elsewhere does not complete it. */
	ck_assert(send_part(2, 0, 1000, 0));
	ck_assert(!has(0));
	ck_assert(send_part(1, 0, 1000, 0));
	ck_assert(has(0));
	ck_assert(send_part(2, 0, 0, 0));
	ck_assert(has(0));
}
END_TEST

/* Other bytes than the digest says, or a part that is none. */
START_TEST(wrong)
{
	const union tscf_endpoint outer = source(1, 5000);
	struct tscf_chain_part part = {.total = 500, .length = 500, .bytes = der[1]};

	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
	ck_assert(!has(0));
	part.total = TSCF_CERTIFICATES_SIZE + 1;
	part.length = 1000;
	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
	part.total = TOTAL;
	part.length = 999;
	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
	part.length = 1000;
	part.offset = 1;
	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
	part = (struct tscf_chain_part){.total = 0, .bytes = der[0]};
	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
	part = (struct tscf_chain_part){.total = 65535, .offset = 65000, .length = 535, .bytes = der[0]};
	ck_assert(!server_certificates_take(&kept, &outer, digest[0], &part, 0));
}
END_TEST

/* One source has a few places, and nobody takes those of admitted clients. */
START_TEST(limited)
{
	for (unsigned i = 0; i < SERVER_CERTIFICATES_ADMITTED + 1; i++) {
		send_all(i, i, i);
		server_certificates_admitted(&kept, digest[i]);
	}
	send_all(100, 40, 50);
	for (unsigned i = 0; i < SERVER_CERTIFICATES_SOURCE; i++)
		send_all(101, 41 + i, 60 + i);
	ck_assert(has(40) && has(41));
	send_all(101, 41 + SERVER_CERTIFICATES_SOURCE, 100);
	ck_assert(!has(41) && has(42) && has(40));
	for (unsigned i = 0; i < 50; i++)
		send_all(110 + i, 60 + i, 200 + i);
	for (unsigned i = 1; i < SERVER_CERTIFICATES_ADMITTED + 1; i++)
		ck_assert(has(i));
	/* The one that was admitted first gave up its place. */
	ck_assert(!has(0) && !has(40) && has(109));
}
END_TEST

START_TEST(forgotten)
{
	send_all(1, 0, 1000);
	send_all(2, 1, 1000);
	server_certificates_admitted(&kept, digest[1]);
	server_certificates_expire(&kept, 1000 + SERVER_CERTIFICATES_WAIT_MS - 1);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(kept.list[SERVER_CERTIFICATES - 1 - i].total, TOTAL);
	server_certificates_expire(&kept, 1000 + SERVER_CERTIFICATES_WAIT_MS);
	ck_assert(!has(0) && has(1));
	server_certificates_expire(&kept, 1000 + SERVER_CERTIFICATES_KEEP_MS);
	ck_assert(!has(1));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-certificates");
	TCase *t = tcase_create("certificates");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, put_together);
	tcase_add_test(t, wrong);
	tcase_add_test(t, limited);
	tcase_add_test(t, forgotten);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
