/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trains of datagrams on a socket: what goes out in one gso_size and what does not, seen by a receiver that takes
 * pieces whole (UDP_GRO), and that what the kernel refuses in one gso_size arrives all the same.
 */
#include "common/transport/gso_fallback.h"
#include "common/transport/outer.h"
#include "common/transport/transport.h"
#include "tests/unit/netns.h"
#include "tests/unit/refuse.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE   1000
#define LAST   300
#define LARGE  1400 /* more than the narrow path carries */
#define NARROW 1300
#define COUNT  10

/* The second of each family has a path of its own. */
static const char *const addresses[2][2] = {{"127.0.0.1:0", "127.0.0.2:0"}, {"[fd00::1]:0", "[fd00::2]:0"}};

static int family; /* index of addresses */
static int sender, receiver[2];
static union tscf_endpoint to[2];
static struct tscf_outer_writer *writer;
static uint8_t data[TSCF_PACKET_MAX];

static int bound_socket(const char *address, union tscf_endpoint *out)
{
	union tscf_endpoint local;
	int fd, on = 1;

	ck_assert_int_eq(tscf_endpoint_parse(address, 0, &local), 0);
	fd = tscf_outer_socket(&local, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
	ck_assert_int_eq(tscf_outer_local(fd, out), 0);
	return fd;
}

static void open_sockets(int which)
{
	union tscf_endpoint local;

	family = which;
	for (int i = 0; i < 2; i++)
		receiver[i] = bound_socket(addresses[family][i], &to[i]);
	sender = bound_socket(addresses[family][0], &local);
	ck_assert_int_eq(tscf_outer_set_dont_fragment(sender, local.sa.sa_family, false), 0);
	writer = tscf_outer_writer_new(sender, 0);
	ck_assert_ptr_nonnull(writer);
}

static void setup(void)
{
	tscf_netns_enter();
	/* The kernel makes the route of a new IPv6 address in a work queue. */
	tscf_netns_run("for a in fd00::1 fd00::2; do ip addr add $a/128 dev lo nodad || exit 1; i=0;"
		       " until ip -6 route show table local | grep -q \"local $a \"; do"
		       " i=$((i + 1)); [ $i -lt 500 ] || exit 1; sleep 0.01; done; done");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 256 ^ i);
}

static void teardown(void)
{
	tscf_outer_writer_free(writer);
}

/** The path to the second address carries @p mtu bytes. */
static void narrow(unsigned mtu)
{
	if (family == 0)
		tscf_netns_run("ip route replace local 127.0.0.2 dev lo table local mtu %u", mtu);
	else
		tscf_netns_run("ip -6 route del local fd00::2 dev lo table local &&"
			       " ip -6 route add local fd00::2 dev lo table local metric 0 mtu %u",
			       mtu);
}

static void flush(void)
{
	int error = 0;

	ck_assert_uint_eq(tscf_outer_flush(writer, &error), 0);
	ck_assert_int_eq(error, 0);
}

/** Send COUNT datagrams of @p size and a shorter one, one by one. */
static void send_many(int which, uint32_t size)
{
	for (unsigned i = 0; i < COUNT; i++)
		tscf_outer_write(writer, &to[which], data + i * size, size, 0, 0);
	tscf_outer_write(writer, &to[which], data + COUNT * size, LAST, 0, 0);
	flush();
}

/** The same as one run. */
static void send_run(int which, uint32_t size)
{
	tscf_outer_write(writer, &to[which], data, COUNT * size + LAST, size, 0);
	flush();
}

/** What was sent arrives at once, unless the kernel leaves it to its own thread because the host is busy. */
static bool arrives(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 5000) == 1;
}

static bool is_empty(int which)
{
	char byte;

	return recv(receiver[which], &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/** @return bytes of what comes next, with the size of the datagrams in it in *gso_size (0: it is one); 0: nothing. */
static uint32_t receive(int which, uint8_t *into, uint32_t *gso_size)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct iovec iov = {into, TSCF_PACKET_MAX};
	struct msghdr header = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = -1;
	int size = 0;

	if (arrives(receiver[which]))
		n = recvmsg(receiver[which], &header, MSG_DONTWAIT);
	ck_assert(n >= 0 || errno == EAGAIN);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); n > 0 && c != NULL; c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	*gso_size = (uint32_t)size < (uint32_t)n ? (uint32_t)size : 0;
	return n > 0 ? (uint32_t)n : 0;
}

/** All that was sent is there, in order.  @return in how many pieces it came. */
static unsigned pieces(int which, uint32_t size)
{
	static uint8_t got[2 * TSCF_PACKET_MAX];
	uint32_t at = 0, n, gso_size;
	unsigned count = 0;

	while (at < COUNT * size + LAST && (n = receive(which, got + at, &gso_size)) > 0) {
		ck_assert(gso_size == size || (gso_size == 0 && (n == size || n == LAST)));
		at += n;
		count++;
	}
	ck_assert_uint_eq(at, COUNT * size + LAST);
	ck_assert_int_eq(memcmp(got, data, at), 0);
	ck_assert(is_empty(which));
	return count;
}

/** One gso_size, whether they are given singly or as a run. */
START_TEST(a_batch_is_one_piece)
{
	open_sockets(_i);
	send_many(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), 1);
	send_run(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), 1);
}
END_TEST

/** Whoever takes no pieces gets the datagrams. */
START_TEST(a_batch_arrives_as_datagrams)
{
	int off = 0;

	open_sockets(_i);
	ck_assert_int_eq(setsockopt(receiver[0], SOL_UDP, UDP_GRO, &off, sizeof(off)), 0);
	send_run(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), COUNT + 1);
}
END_TEST

/** Neither another destination, nor another TOS byte, nor a larger datagram follows in the same GSO batch; after a
 * shorter one nothing does. */
START_TEST(what_does_not_fit_begins_another)
{
	uint32_t gso_size;
	uint8_t got[TSCF_PACKET_MAX];

	open_sockets(_i);
	tscf_outer_write(writer, &to[0], data, SIZE, 0, 0);
	tscf_outer_write(writer, &to[0], data, SIZE, 0, 0xb8);
	tscf_outer_write(writer, &to[1], data, SIZE, 0, 0xb8);
	tscf_outer_write(writer, &to[0], data, SIZE, 0, 0xb8);
	tscf_outer_write(writer, &to[0], data, SIZE + 1, 0, 0xb8);
	tscf_outer_write(writer, &to[0], data, LAST, 0, 0xb8);
	tscf_outer_write(writer, &to[0], data, LAST, 0, 0xb8);
	flush();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(receive(0, got, &gso_size), SIZE);
	ck_assert_uint_eq(receive(0, got, &gso_size), SIZE + 1 + LAST);
	ck_assert_uint_eq(gso_size, SIZE + 1);
	ck_assert_uint_eq(receive(0, got, &gso_size), LAST);
	ck_assert_uint_eq(receive(1, got, &gso_size), SIZE);
	ck_assert(is_empty(0) && is_empty(1));
}
END_TEST

/** A run that no kernel takes in one gso_size goes in several. */
START_TEST(a_batch_has_its_limits)
{
	uint32_t gso_size, total = 0, n;
	uint8_t got[TSCF_PACKET_MAX];
	unsigned count = 0;

	open_sockets(_i);
	tscf_outer_write(writer, &to[0], data, 130 * 100, 100, 0);
	tscf_outer_write(writer, &to[0], data, 65400, 1090, 0);
	flush();
	for (; total < 130 * 100 + 65400 && (n = receive(0, got, &gso_size)) > 0; total += n)
		count++;
	ck_assert_uint_eq(total, 130 * 100 + 65400);
	ck_assert_uint_eq(count, 3 + 2);
	/* None of it was refused. */
	send_run(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), 1);
}
END_TEST

/** Without UDP_SEGMENT, by the environment or by the kernel. */
START_TEST(without_gso)
{
	if (_i == 0)
		setenv("TSCF_UDP_OFFLOADS", "none", 1);
	else
		tscf_refuse_udp_option(UDP_SEGMENT);
	open_sockets(0);
	send_many(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), COUNT + 1);
	send_run(0, SIZE);
	ck_assert_uint_eq(pieces(0, SIZE), COUNT + 1);
}
END_TEST

/** A path that is too narrow for the datagrams: they go one by one, as fragments; other paths, and smaller datagrams,
 * have their GSO batches. */
START_TEST(a_narrow_path_is_that_of_one)
{
	open_sockets(_i);
	narrow(NARROW);
	send_run(1, LARGE);
	ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
	for (unsigned i = 0; i < 3; i++) {
		send_many(1, LARGE);
		ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
		send_many(0, LARGE);
		ck_assert_uint_eq(pieces(0, LARGE), 1);
		send_many(1, SIZE);
		ck_assert_uint_eq(pieces(1, SIZE), 1);
	}
}
END_TEST

/** A path that has become wide again gets GSO batches again, after some datagrams. */
START_TEST(a_path_may_become_wide)
{
	unsigned rounds = 0;

	open_sockets(_i);
	narrow(NARROW);
	send_many(1, LARGE);
	ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
	narrow(1500);
	/* It is not tried at once, or a narrow path would be asked every time. */
	send_many(1, LARGE);
	ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
	do
		send_many(1, LARGE);
	while (pieces(1, LARGE) > 1 && ++rounds < TSCF_REFUSAL_DATAGRAMS);
	ck_assert_uint_le(rounds, TSCF_REFUSAL_DATAGRAMS / COUNT + 1);
	ck_assert_uint_ge(rounds, TSCF_REFUSAL_DATAGRAMS / COUNT / 2);
}
END_TEST

/** A connected socket has one path. */
START_TEST(a_connected_socket_remembers_its_path)
{
	open_sockets(_i);
	narrow(NARROW);
	ck_assert_int_eq(connect(sender, &to[1].sa, tscf_endpoint_size(&to[1])), 0);
	for (unsigned i = 0; i < 2; i++) {
		tscf_outer_write(writer, NULL, data, COUNT * LARGE + LAST, LARGE, 0);
		flush();
		ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
	}
	narrow(1500);
	tscf_outer_write(writer, NULL, data, COUNT * LARGE + LAST, LARGE, 0);
	flush();
	ck_assert_uint_eq(pieces(1, LARGE), COUNT + 1);
}
END_TEST

/** The reader makes a run of a gso_size; without UDP_GRO, by the environment or by the kernel, it gets datagrams. */
START_TEST(reader_gets_runs_or_datagrams)
{
	struct tscf_outer_reader *reader;
	struct tscf_batch batch;
	union tscf_endpoint local;
	bool more;

	open_sockets(0);
	if (_i == 1)
		setenv("TSCF_UDP_OFFLOADS", "none", 1);
	if (_i == 2)
		tscf_refuse_udp_option(UDP_GRO);
	close(receiver[0]);
	receiver[0] = tscf_outer_socket(&to[0], NULL, NULL);
	ck_assert_int_eq(tscf_outer_local(receiver[0], &local), 0);
	reader = tscf_outer_reader_new(receiver[0], 2000, false);
	ck_assert_ptr_nonnull(reader);
	send_run(0, SIZE);
	ck_assert(arrives(receiver[0]));
	ck_assert_int_eq(tscf_outer_read(reader, 0, &batch, &more), _i == 0 ? 1 : COUNT + 1);
	ck_assert_uint_eq(batch.count, _i == 0 ? 1 : COUNT + 1);
	ck_assert_uint_eq(batch.packet[0]->gso_size, _i == 0 ? SIZE : 0);
	ck_assert_uint_eq(batch.packet[0]->length, _i == 0 ? COUNT * SIZE + LAST : SIZE);
	tscf_outer_reader_free(reader);
}
END_TEST

/* --- what was refused, without a kernel --- */

static union tscf_endpoint client(unsigned i)
{
	union tscf_endpoint e = {.in = {.sin_family = AF_INET, .sin_port = htons(5000)}};

	e.in.sin_addr.s_addr = htonl(0x0a000000 + i);
	return e;
}

START_TEST(refusals_are_forgotten_one_by_one)
{
	static struct tscf_gso_fallbacks r;
	union tscf_endpoint a = client(1), b = client(2);

	ck_assert(tscf_gso_fallbacks_allow(&r, &a, SIZE));
	tscf_gso_fallbacks_note_size(&r, &a, LARGE);
	tscf_gso_fallbacks_note_size(&r, &a, SIZE);
	tscf_gso_fallbacks_note_size(&r, &a, LARGE);
	for (unsigned i = 0; i < TSCF_REFUSAL_DATAGRAMS; i++) {
		ck_assert(tscf_gso_fallbacks_allow(&r, &a, SIZE - 1));
		ck_assert(tscf_gso_fallbacks_allow(&r, &b, LARGE));
		ck_assert(!tscf_gso_fallbacks_allow(&r, &a, SIZE));
	}
	ck_assert(tscf_gso_fallbacks_allow(&r, &a, SIZE));
	ck_assert_uint_eq(r.used, 0);
}
END_TEST

/** More destinations than there is room for: what is forgotten is allowed, and safe; in the end nothing is left. */
START_TEST(refusals_have_room_for_some)
{
	static struct tscf_gso_fallbacks r;
	unsigned refused = 0;

	for (unsigned i = 0; i < 10 * TSCF_REFUSAL_SLOTS; i++) {
		union tscf_endpoint e = client(i);

		tscf_gso_fallbacks_note_size(&r, &e, SIZE);
		ck_assert(!tscf_gso_fallbacks_allow(&r, &e, SIZE));
	}
	ck_assert_uint_le(r.used, TSCF_REFUSAL_SLOTS);
	ck_assert_uint_gt(r.used, TSCF_REFUSAL_SLOTS / 2);
	for (unsigned n = 0; n < TSCF_REFUSAL_DATAGRAMS; n++)
		for (unsigned i = 0; i < 10 * TSCF_REFUSAL_SLOTS; i++) {
			union tscf_endpoint e = client(i);

			refused += !tscf_gso_fallbacks_allow(&r, &e, SIZE);
		}
	ck_assert_uint_gt(refused, TSCF_REFUSAL_DATAGRAMS);
	ck_assert_uint_eq(r.used, 0);
}
END_TEST

/** A device that takes no GSO batches: the socket sends none for a while. */
START_TEST(refusals_of_any_size)
{
	static struct tscf_gso_fallbacks r;
	union tscf_endpoint a = client(1);

	tscf_gso_fallbacks_note_any(&r);
	for (unsigned i = 0; i < TSCF_REFUSAL_DATAGRAMS; i++)
		ck_assert(!tscf_gso_fallbacks_allow(&r, i % 2 ? &a : NULL, LAST));
	ck_assert(tscf_gso_fallbacks_allow(&r, &a, LAST));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("outer");
	TCase *batches = tcase_create("batches"), *refusals = tcase_create("refusals");

	tcase_add_checked_fixture(batches, setup, teardown);
	tcase_set_timeout(batches, 30);
	tcase_add_loop_test(batches, a_batch_is_one_piece, 0, 2);
	tcase_add_loop_test(batches, a_batch_arrives_as_datagrams, 0, 2);
	tcase_add_loop_test(batches, what_does_not_fit_begins_another, 0, 2);
	tcase_add_loop_test(batches, a_batch_has_its_limits, 0, 2);
	tcase_add_loop_test(batches, without_gso, 0, 2);
	tcase_add_loop_test(batches, a_narrow_path_is_that_of_one, 0, 2);
	tcase_add_loop_test(batches, a_path_may_become_wide, 0, 2);
	tcase_add_loop_test(batches, a_connected_socket_remembers_its_path, 0, 2);
	tcase_add_loop_test(batches, reader_gets_runs_or_datagrams, 0, 3);
	tcase_add_test(refusals, refusals_are_forgotten_one_by_one);
	tcase_add_test(refusals, refusals_have_room_for_some);
	tcase_add_test(refusals, refusals_of_any_size);
	suite_add_tcase(suite, batches);
	suite_add_tcase(suite, refusals);
	return suite;
}

int main(void)
{
	return tscf_netns_possible() ? tscf_test_main(make_suite) : TSCF_TEST_SKIP;
}
