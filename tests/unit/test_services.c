/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of what sockets have asked for: which entry decides on a packet, owners, names. */
#include "common/packet/services.h"

#include "common/base/datagram.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define LOCAL  0x0a000002U
#define OTHER  0x0a000003U
#define REMOTE 0xc0000201U

static struct tscf_services *table;
static struct tscf_service_list list, list2;

static void setup(void)
{
	table = tscf_services_new();
	ck_assert_ptr_nonnull(table);
	memset(&list, 0, sizeof(list));
	memset(&list2, 0, sizeof(list2));
}

static void teardown(void)
{
	tscf_services_free(table);
	/* A freed table leaves no pointers behind in its owners. */
	ck_assert_ptr_null(list.first);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(list2.first);
}

static struct tscf_addr v4(uint32_t host)
{
	uint32_t bytes = htonl(host);

	return tscf_addr_v4(&bytes);
}

static struct tscf_binding_key key(uint8_t protocol, uint32_t local, uint16_t port, uint32_t remote,
				   uint16_t remote_port)
{
	struct tscf_binding_key k;

	/* Padding must not matter. */
	memset(&k, 0x5a, sizeof(k));
	k.protocol = protocol;
	k.local = v4(local);
	k.local_port = port;
	k.remote = remote ? v4(remote) : (struct tscf_addr){0};
	k.remote_port = remote_port;
	return k;
}

static struct tscf_service_entry *put(struct tscf_binding_key k, uint8_t redundancy)
{
	struct tscf_service_entry *s = tscf_services_put(table, &k, &list, &list);

	ck_assert_ptr_nonnull(s);
	s->now.redundancy = redundancy;
	return s;
}

static struct tscf_service_entry *find(uint8_t protocol, uint32_t local, uint16_t port, uint16_t remote_port)
{
	struct tscf_binding_key flow = key(protocol, local, port, REMOTE, remote_port);

	return tscf_services_find(table, &flow);
}

START_TEST(empty)
{
	ck_assert_uint_eq(tscf_services_count(table), 0);
	ck_assert_ptr_null(find(IPPROTO_UDP, LOCAL, 4000, 5004));
	ck_assert_ptr_null(tscf_services_next(table, NULL));
	tscf_services_remove_list(table, &list);
	tscf_services_free(NULL);
}
END_TEST

START_TEST(most_specific_decides)
{
	struct tscf_service_entry *address = put(key(0, LOCAL, 0, 0, 0), 1);
	struct tscf_service_entry *protocol = put(key(IPPROTO_UDP, LOCAL, 0, 0, 0), 2);
	struct tscf_service_entry *port = put(key(IPPROTO_UDP, LOCAL, 4000, 0, 0), 3);
	struct tscf_service_entry *flow = put(key(IPPROTO_UDP, LOCAL, 4000, REMOTE, 5004), TSCF_REDUNDANCY_AUTO);

	ck_assert_uint_eq(tscf_services_count(table), 4);
	ck_assert_ptr_eq(find(IPPROTO_UDP, LOCAL, 4000, 5004), flow);
	ck_assert_ptr_eq(find(IPPROTO_UDP, LOCAL, 4000, 5006), port);
	ck_assert_ptr_eq(find(IPPROTO_UDP, LOCAL, 4002, 5004), protocol);
	ck_assert_ptr_eq(find(IPPROTO_TCP, LOCAL, 4000, 5004), address);
	ck_assert_ptr_null(find(IPPROTO_UDP, OTHER, 4000, 5004));
	tscf_services_remove(table, port);
	ck_assert_ptr_eq(find(IPPROTO_UDP, LOCAL, 4000, 5006), protocol);
	/* An entry that says nothing still decides: it is an exception to the wider one. */
	put(key(IPPROTO_UDP, LOCAL, 4000, 0, 0), TSCF_REDUNDANCY_NONE);
	ck_assert_uint_eq(find(IPPROTO_UDP, LOCAL, 4000, 5006)->now.redundancy, TSCF_REDUNDANCY_NONE);
}
END_TEST

START_TEST(put_again_keeps_the_entry)
{
	struct tscf_binding_key k = key(IPPROTO_UDP, LOCAL, 4000, 0, 0);
	struct tscf_service_entry *s = put(k, 2);

	s->request = 7;
	ck_assert_ptr_eq(tscf_services_put(table, &k, &list2, &list2), s);
	ck_assert_uint_eq(s->now.redundancy, 2);
	ck_assert_uint_eq(s->request, 7);
	ck_assert_ptr_eq(s->owner, &list2);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_uint_eq(list2.count, 1);
	ck_assert_ptr_eq(tscf_services_get(table, &k), s);
	ck_assert_uint_eq(tscf_services_count(table), 1);
	ck_assert_ptr_eq(tscf_services_put(table, &k, &list2, NULL), s);
	ck_assert_ptr_null(list2.first);
}
END_TEST

START_TEST(an_owner_ends)
{
	struct tscf_binding_key other = key(IPPROTO_UDP, OTHER, 4000, 0, 0);
	struct tscf_service_entry *kept = tscf_services_put(table, &other, &list2, &list2);

	for (uint16_t port = 4000; port < 4100; port++)
		put(key(IPPROTO_UDP, LOCAL, port, 0, 0), 1);
	ck_assert_uint_eq(list.count, 100);
	/* From the middle, the end and the beginning of the list. */
	tscf_services_remove(table, find(IPPROTO_UDP, LOCAL, 4050, 1));
	tscf_services_remove(table, find(IPPROTO_UDP, LOCAL, 4000, 1));
	tscf_services_remove(table, find(IPPROTO_UDP, LOCAL, 4099, 1));
	ck_assert_uint_eq(list.count, 97);
	tscf_services_remove_list(table, &list);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_uint_eq(tscf_services_count(table), 1);
	ck_assert_ptr_eq(tscf_services_next(table, NULL), kept);
	ck_assert_ptr_null(tscf_services_next(table, kept));
}
END_TEST

/* Entries may be taken out while the table is walked. */
START_TEST(sweep)
{
	struct tscf_service_entry *s, *next;
	unsigned kept = 0;

	for (uint16_t port = 4000; port < 4010; port++)
		put(key(IPPROTO_UDP, LOCAL, port, 0, 0), 1)->request = port & 1;
	for (s = tscf_services_next(table, NULL); s; s = next) {
		next = tscf_services_next(table, s);
		if (s->request == 0)
			tscf_services_remove(table, s);
		else
			kept++;
	}
	ck_assert_uint_eq(kept, 5);
	ck_assert_uint_eq(tscf_services_count(table), 5);
	ck_assert_ptr_null(find(IPPROTO_UDP, LOCAL, 4000, 1));
	ck_assert_ptr_nonnull(find(IPPROTO_UDP, LOCAL, 4001, 1));
}
END_TEST

START_TEST(names)
{
	static const char *const all[] = {"none", "1", "2", "3", "4", "balance", "auto"};
	uint8_t value;

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ck_assert_int_eq(tscf_redundancy_parse(all[i], &value), 0);
		ck_assert_str_eq(tscf_redundancy_name(value), all[i]);
		ck_assert(tscf_redundancy_valid(value));
	}
	ck_assert_uint_eq(value, TSCF_REDUNDANCY_AUTO);
	ck_assert_int_eq(tscf_redundancy_parse("5", &value), -EINVAL);
	ck_assert_int_eq(tscf_redundancy_parse("", &value), -EINVAL);
	ck_assert_int_eq(tscf_redundancy_parse("Auto", &value), -EINVAL);
	ck_assert(!tscf_redundancy_valid(5));
	ck_assert(!tscf_redundancy_valid(253));
}
END_TEST

START_TEST(names_of_datagrams)
{
	static const char *const all[] = {"default", "preferred", "never"};
	uint8_t value;

	for (uint8_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ck_assert_int_eq(tscf_datagram_parse(all[i], &value), 0);
		ck_assert_uint_eq(value, i);
		ck_assert_str_eq(tscf_datagram_name(value), all[i]);
		ck_assert(tscf_datagram_valid(value));
	}
	ck_assert_int_eq(tscf_datagram_parse("Never", &value), -EINVAL);
	ck_assert(!tscf_datagram_valid(3));
}
END_TEST

START_TEST(none_and_equal)
{
	struct tscf_services_of a = {0}, b = {.datagram = true};

	ck_assert(tscf_services_none(&a));
	ck_assert(!tscf_services_none(&b));
	ck_assert(!tscf_services_equal(&a, &b));
	a.datagram = true;
	ck_assert(tscf_services_equal(&a, &b));
	a.redundancy = 1;
	ck_assert(!tscf_services_none(&a));
	ck_assert(!tscf_services_equal(&a, &b));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("services");
	TCase *tc = tcase_create("table");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, most_specific_decides);
	tcase_add_test(tc, put_again_keeps_the_entry);
	tcase_add_test(tc, an_owner_ends);
	tcase_add_test(tc, sweep);
	tcase_add_test(tc, names);
	tcase_add_test(tc, names_of_datagrams);
	tcase_add_test(tc, none_and_equal);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
