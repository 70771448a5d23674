/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/addr.h"
#include "tests/unit/runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct tscf_addr addr(const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return a;
}

static struct tscf_prefix prefix(const char *text)
{
	struct tscf_prefix p;

	ck_assert_msg(tscf_prefix_parse(text, &p) == 0, "%s", text);
	return p;
}

/* Text goes in and comes out in its canonical form. */
START_TEST(addr_text_round_trip)
{
	static const char *const cases[][2] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"2001:DB8:0::1", "2001:db8::1"},
	    {"::", "::"},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	};
	char buf[TSCF_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tscf_addr a = addr(cases[i][0]);

		ck_assert_ptr_eq(tscf_addr_format(&a, buf), buf);
		ck_assert_str_eq(buf, cases[i][1]);
	}
}
END_TEST

/* What is no plain numeric address is refused: names, octal or short forms, spaces, zones. */
START_TEST(addr_text_refused)
{
	static const char *const cases[] = {"",           "localhost",  "192.0.2",    "192.0.2.256",  " 192.0.2.1",
					    "192.0.2.1 ", "10.1",       "0x0a000001", "fe80::1%eth0", "[::1]",
					    "1::2::3",    "010.0.0.256"};
	struct tscf_addr a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(tscf_addr_parse(cases[i], &a) == -EINVAL, "'%s'", cases[i]);
}
END_TEST

/* Equal addresses are equal memory, whichever way they were made: they are used as hash keys. */
START_TEST(addr_equal_memory)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2};
	static const uint8_t v4[4] = {10, 0, 0, 2};
	struct tscf_addr a = tscf_addr_v4(v4), b = tscf_addr_v6(mapped), c = addr("10.0.0.2"), d = addr("10.0.0.3");

	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert_mem_eq(&a, &c, sizeof(a));
	ck_assert(tscf_addr_equal(&a, &b));
	ck_assert(!tscf_addr_equal(&a, &d));
	d = (struct tscf_addr){0};
	ck_assert(!tscf_addr_equal(&a, &d));
}
END_TEST

START_TEST(addr_families)
{
	struct tscf_addr none = {0}, any4 = addr("0.0.0.0"), any6 = addr("::"), low = addr("::1"),
			 one = addr("0.0.0.1");
	char buf[TSCF_ADDR_TEXT];

	ck_assert_uint_eq(tscf_addr_size(AF_INET), 4);
	ck_assert_uint_eq(tscf_addr_size(AF_INET6), 16);
	ck_assert_uint_eq(tscf_addr_size(0), 0);
	ck_assert_uint_eq(tscf_addr_size(AF_UNIX), 0);
	ck_assert(tscf_addr_is_any(&none) && tscf_addr_is_any(&any4) && tscf_addr_is_any(&any6));
	ck_assert(!tscf_addr_is_any(&low) && !tscf_addr_is_any(&one));
	ck_assert(!tscf_addr_equal(&any4, &any6));
	ck_assert_str_eq(tscf_addr_format(&none, buf), "none");
}
END_TEST

START_TEST(prefix_text)
{
	static const char *const cases[][2] = {
	    {"10.0.0.0/8", "10.0.0.0/8"},
	    {"10.1.2.3/8", "10.1.2.3/8"},
	    {"192.0.2.1", "192.0.2.1/32"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"2001:db8::/32", "2001:db8::/32"},
	    {"::1", "::1/128"},
	    {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
	    {"::ffff:192.0.2.1", "192.0.2.1/32"},
	};
	static const char *const refused[] = {
	    "",
	    "/8",
	    "10.0.0.0/",
	    "10.0.0.0/33",
	    "10.0.0.0/-1",
	    "10.0.0.0/+8",
	    "10.0.0.0/ 8",
	    "10.0.0.0/8 ",
	    "10.0.0.0/0x8",
	    "10.0.0.0/4294967304",
	    "::/129",
	    "10.0.0.0/8/8",
	    "10/8",
	    "::ffff:10.0.0.0/95",
	    "10.0.0.0/120",
	    "1111111111111111111111111111111111111111111111111111111111111111111111/8",
	};
	struct tscf_prefix p;
	char buf[TSCF_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = prefix(cases[i][0]);
		ck_assert_str_eq(tscf_prefix_format(&p, buf), cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_msg(tscf_prefix_parse(refused[i], &p) == -EINVAL, "'%s'", refused[i]);
}
END_TEST

/* Every length, against the definition: an address is inside if its first bits are those of the prefix. */
START_TEST(prefix_contains_every_length)
{
	for (unsigned length = 0; length <= 128; length++) {
		struct tscf_prefix p = {.addr = addr("2001:db8:5555:aaaa:3333:cccc:0ff0:f00f"),
					.length = (uint8_t)length};

		ck_assert(tscf_prefix_contains(&p, &p.addr));
		for (unsigned bit = 0; bit < 128; bit++) {
			struct tscf_addr a = p.addr;

			a.bytes[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
			ck_assert_int_eq(tscf_prefix_contains(&p, &a), bit >= length);
		}
	}
}
END_TEST

START_TEST(prefix_other_family)
{
	struct tscf_prefix all4 = prefix("0.0.0.0/0"), all6 = prefix("::/0"), none = {0};
	struct tscf_addr v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1"), nothing = {0};

	ck_assert(tscf_prefix_contains(&all4, &v4) && tscf_prefix_contains(&all6, &v6));
	ck_assert(!tscf_prefix_contains(&all4, &v6) && !tscf_prefix_contains(&all6, &v4));
	ck_assert(!tscf_prefix_contains(&all4, &nothing) && !tscf_prefix_contains(&none, &nothing));
}
END_TEST

START_TEST(prefix_normalize)
{
	static const char *const cases[][2] = {
	    {"10.255.255.255/9", "10.128.0.0/9"},
	    {"10.1.2.3/32", "10.1.2.3/32"},
	    {"10.1.2.3/0", "0.0.0.0/0"},
	    {"2001:db8:ffff::1/33", "2001:db8:8000::/33"},
	};
	char buf[TSCF_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tscf_prefix p = prefix(cases[i][0]);

		tscf_prefix_normalize(&p);
		ck_assert_str_eq(tscf_prefix_format(&p, buf), cases[i][1]);
	}
}
END_TEST

START_TEST(prefix_pairs)
{
	static const struct {
		const char *a, *b;
		bool equal, overlap;
	} cases[] = {
	    {"10.1.2.0/24", "10.1.2.0/24", true, true},
	    {"10.1.2.9/24", "10.1.2.200/24", true, true},
	    {"10.1.2.0/24", "10.1.3.0/24", false, false},
	    {"10.1.2.0/24", "10.1.0.0/16", false, true},
	    {"10.0.0.0/8", "10.1.2.3/32", false, true},
	    {"0.0.0.0/0", "10.0.0.0/0", true, true},
	    {"0.0.0.0/0", "::/0", false, false},
	    {"2001:db8::1/64", "2001:db8::2/64", true, true},
	    {"2001:db8::/64", "2001:db8:0:1::/64", false, false},
	    {"2001:db8::/32", "2001:db8:0:1::/64", false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tscf_prefix a = prefix(cases[i].a), b = prefix(cases[i].b);

		ck_assert_msg(tscf_prefix_equal(&a, &b) == cases[i].equal &&
				  tscf_prefix_equal(&b, &a) == cases[i].equal &&
				  tscf_prefix_overlap(&a, &b) == cases[i].overlap &&
				  tscf_prefix_overlap(&b, &a) == cases[i].overlap,
			      "%s and %s", cases[i].a, cases[i].b);
	}
}
END_TEST

START_TEST(prefix_covers_and_splits)
{
	static const struct {
		const char *a, *b;
		bool covers;
	} cases[] = {
	    {"10.0.0.0/8", "10.1.2.0/24", true},   {"10.1.2.0/24", "10.0.0.0/8", false},
	    {"10.1.2.0/24", "10.1.2.0/24", true},  {"10.1.2.0/24", "10.1.3.0/24", false},
	    {"0.0.0.0/0", "2001:db8::/32", false}, {"::/0", "2001:db8::1/128", true},
	};
	char text[TSCF_ADDR_TEXT];
	struct tscf_prefix lower, upper;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tscf_prefix a, b;

		ck_assert_int_eq(tscf_prefix_parse(cases[i].a, &a), 0);
		ck_assert_int_eq(tscf_prefix_parse(cases[i].b, &b), 0);
		ck_assert_msg(tscf_prefix_covers(&a, &b) == cases[i].covers, "%s and %s", cases[i].a, cases[i].b);
	}
	ck_assert_int_eq(tscf_prefix_parse("0.0.0.0/0", &lower), 0);
	upper = tscf_prefix_split(&lower);
	ck_assert_str_eq(tscf_prefix_format(&lower, text), "0.0.0.0/1");
	ck_assert_str_eq(tscf_prefix_format(&upper, text), "128.0.0.0/1");
	ck_assert_int_eq(tscf_prefix_parse("2001:db8::fffe/127", &lower), 0);
	upper = tscf_prefix_split(&lower);
	ck_assert_str_eq(tscf_prefix_format(&lower, text), "2001:db8::fffe/128");
	ck_assert_str_eq(tscf_prefix_format(&upper, text), "2001:db8::ffff/128");
}
END_TEST

START_TEST(endpoint_text)
{
	static const char *const cases[][2] = {
	    {"192.0.2.1", "192.0.2.1:2004"},
	    {"192.0.2.1:5", "192.0.2.1:5"},
	    {"192.0.2.1:65535", "192.0.2.1:65535"},
	    {"192.0.2.1:0", "192.0.2.1:0"},
	    {"2001:db8::1", "[2001:db8::1]:2004"},
	    {"[2001:db8::1]", "[2001:db8::1]:2004"},
	    {"[2001:db8::1]:80", "[2001:db8::1]:80"},
	    {"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
	    {"[2001:2001:2001:2001:2001:2001:2001:2001]:65535", "[2001:2001:2001:2001:2001:2001:2001:2001]:65535"},
	};
	static const char *const refused[] = {
	    "",
	    ":80",
	    "192.0.2.1:",
	    "192.0.2.1:65536",
	    "192.0.2.1:-1",
	    "192.0.2.1:1:2",
	    "[192.0.2.1]",
	    "[::1",
	    "[::1]80",
	    "[::1]:",
	    "::1]:80",
	    "[]:80",
	    "name:80",
	    "192.0.2.1:99999999999",
	    "192.0.2.1 :80",
	    "[::1]:80 ",
	};
	union tscf_endpoint e;
	char buf[TSCF_ADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(tscf_endpoint_parse(cases[i][0], 2004, &e) == 0, "%s", cases[i][0]);
		ck_assert_str_eq(tscf_endpoint_format(&e, buf), cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_msg(tscf_endpoint_parse(refused[i], 2004, &e) == -EINVAL, "'%s'", refused[i]);
}
END_TEST

START_TEST(endpoint_parts)
{
	struct tscf_addr v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1"), got;
	union tscf_endpoint e, f;

	tscf_endpoint_make(&v4, 2004, &e);
	ck_assert_int_eq(e.in.sin_family, AF_INET);
	ck_assert_uint_eq(ntohs(e.in.sin_port), 2004);
	ck_assert_uint_eq(ntohl(e.in.sin_addr.s_addr), 0xc0000201);
	ck_assert_uint_eq(tscf_endpoint_size(&e), sizeof(struct sockaddr_in));
	got = tscf_endpoint_addr(&e);
	ck_assert(tscf_addr_equal(&got, &v4));
	f = e;
	tscf_endpoint_set_port(&f, 2005);
	ck_assert_uint_eq(tscf_endpoint_port(&f), 2005);
	ck_assert(tscf_endpoint_equal(&e, &e) && !tscf_endpoint_equal(&e, &f));

	tscf_endpoint_make(&v6, 2004, &f);
	ck_assert_uint_eq(tscf_endpoint_size(&f), sizeof(struct sockaddr_in6));
	ck_assert(!tscf_endpoint_equal(&e, &f));
	got = tscf_endpoint_addr(&f);
	ck_assert(tscf_addr_equal(&got, &v6));
	e = f;
	e.in6.sin6_scope_id = 3;
	ck_assert(!tscf_endpoint_equal(&e, &f));
	e = f;
	e.in6.sin6_addr.s6_addr[15] ^= 1;
	ck_assert(!tscf_endpoint_equal(&e, &f));
}
END_TEST

/* What a kernel sockaddr carries besides the place (flow label, garbage after sin_addr) is not taken over. */
START_TEST(endpoint_from_sockaddr)
{
	struct sockaddr_storage storage;
	struct sockaddr_in *in = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
	struct tscf_addr v4 = addr("192.0.2.1"), a;
	union tscf_endpoint e, want;

	memset(&storage, 0xaa, sizeof(storage));
	in->sin_family = AF_INET;
	in->sin_port = htons(7);
	memcpy(&in->sin_addr, v4.bytes, 4);
	tscf_endpoint_make(&v4, 7, &want);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, sizeof(*in), &e), 0);
	ck_assert_mem_eq(&e, &want, sizeof(e));
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, sizeof(*in) - 1, &e), -EAFNOSUPPORT);

	memset(&storage, 0, sizeof(storage));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(7);
	in6->sin6_flowinfo = 99;
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6->sin6_addr);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, sizeof(storage), &e), 0);
	ck_assert_int_eq(e.sa.sa_family, AF_INET6);
	ck_assert_uint_eq(e.in6.sin6_flowinfo, 0);
	a = tscf_endpoint_addr(&e);
	ck_assert(tscf_addr_equal(&a, &v4));
	ck_assert_uint_eq(tscf_endpoint_port(&e), 7);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, sizeof(*in6) - 1, &e), -EAFNOSUPPORT);

	storage.ss_family = AF_UNIX;
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, sizeof(storage), &e), -EAFNOSUPPORT);
	ck_assert_int_eq(tscf_endpoint_from_sockaddr((struct sockaddr *)&storage, 0, &e), -EAFNOSUPPORT);
}
END_TEST

START_TEST(endpoint_none)
{
	union tscf_endpoint e, f;
	struct tscf_addr a;
	char buf[TSCF_ADDR_TEXT];

	memset(&e, 0, sizeof(e));
	memset(&f, 0, sizeof(f));
	a = tscf_endpoint_addr(&e);
	ck_assert_uint_eq(a.family, 0);
	ck_assert_uint_eq(tscf_endpoint_size(&e), 0);
	ck_assert_uint_eq(tscf_endpoint_port(&e), 0);
	ck_assert(tscf_endpoint_equal(&e, &f));
	ck_assert_str_eq(tscf_endpoint_format(&e, buf), "none");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("addr");
	TCase *tc = tcase_create("addr");

	tcase_add_test(tc, addr_text_round_trip);
	tcase_add_test(tc, addr_text_refused);
	tcase_add_test(tc, addr_equal_memory);
	tcase_add_test(tc, addr_families);
	tcase_add_test(tc, prefix_text);
	tcase_add_test(tc, prefix_contains_every_length);
	tcase_add_test(tc, prefix_other_family);
	tcase_add_test(tc, prefix_normalize);
	tcase_add_test(tc, prefix_pairs);
	tcase_add_test(tc, prefix_covers_and_splits);
	tcase_add_test(tc, endpoint_text);
	tcase_add_test(tc, endpoint_parts);
	tcase_add_test(tc, endpoint_from_sockaddr);
	tcase_add_test(tc, endpoint_none);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
