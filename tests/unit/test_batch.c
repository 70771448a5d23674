/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/batch.h"
#include "tests/unit/runner.h"

#include <stdint.h>
#include <string.h>

/* Every packet has its head-, packet and tailroom for itself: filling all of them to the brim touches no other (and,
 * under AddressSanitizer, nothing outside the ring). */
static void check_ring(uint32_t size)
{
	struct tscf_ring *ring = tscf_ring_new(size);
	size_t whole = (size_t)TSCF_HEADROOM + size + TSCF_TAILROOM;

	ck_assert_ptr_nonnull(ring);
	for (unsigned i = 0; i < TSCF_BATCH_MAX; i++) {
		struct tscf_packet *p = tscf_ring_packet(ring, i);

		ck_assert_uint_eq(p->room, size);
		memset(p->data - TSCF_HEADROOM, (int)i + 1, whole);
	}
	for (unsigned i = 0; i < TSCF_BATCH_MAX; i++) {
		const uint8_t *begin = tscf_ring_packet(ring, i)->data - TSCF_HEADROOM;

		ck_assert_uint_eq(begin[0], i + 1);
		ck_assert_uint_eq(begin[TSCF_HEADROOM + size - 1], i + 1);
		ck_assert_uint_eq(begin[whole - 1], i + 1);
	}
	tscf_ring_free(ring);
}

START_TEST(ring_memory)
{
	static const uint32_t sizes[] = {1, 63, 64, 1500, 2048, TSCF_PACKET_MAX};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_ring(sizes[i]);
}
END_TEST

/* Taking a packet again undoes everything that was done to it: no peer, length or source of the last round survives. */
START_TEST(ring_packet_is_reset)
{
	struct tscf_ring *ring = tscf_ring_new(1500);
	struct tscf_packet *p = tscf_ring_packet(ring, 5), fresh = *p;

	ck_assert_uint_eq(p->length, 0);
	ck_assert_ptr_null(p->peer);
	ck_assert_uint_eq(p->from.sa.sa_family, 0);
	p->data -= 13;
	p->length = 77;
	p->room = 3;
	p->peer = (struct tscf_peer *)p;
	p->from.sa.sa_family = AF_INET6;
	p->from.in6.sin6_port = 9;
	p->tos = 0xb8;
	ck_assert_ptr_eq(tscf_ring_packet(ring, 5), p);
	ck_assert_ptr_eq(p->data, fresh.data);
	ck_assert_uint_eq(p->length, 0);
	ck_assert_uint_eq(p->room, 1500);
	ck_assert_ptr_null(p->peer);
	ck_assert_mem_eq(&p->from, &fresh.from, sizeof(p->from));
	ck_assert_uint_eq(p->tos, 0);
	tscf_ring_free(ring);
}
END_TEST

START_TEST(batch_keeps_order)
{
	struct tscf_ring *ring = tscf_ring_new(64);
	struct tscf_batch batch = {0};

	for (unsigned i = 0; i < TSCF_BATCH_MAX; i++)
		tscf_batch_add(&batch, tscf_ring_packet(ring, TSCF_BATCH_MAX - 1 - i));
	ck_assert_uint_eq(batch.count, TSCF_BATCH_MAX);
	ck_assert_ptr_eq(batch.packet[0], tscf_ring_packet(ring, TSCF_BATCH_MAX - 1));
	ck_assert_ptr_eq(batch.packet[TSCF_BATCH_MAX - 1], tscf_ring_packet(ring, 0));
	tscf_ring_free(ring);
}
END_TEST

START_TEST(free_of_nothing)
{
	tscf_ring_free(NULL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("batch");
	TCase *tc = tcase_create("batch");

	tcase_add_test(tc, ring_memory);
	tcase_add_test(tc, ring_packet_is_reset);
	tcase_add_test(tc, batch_keeps_order);
	tcase_add_test(tc, free_of_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
