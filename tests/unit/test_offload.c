/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's own super-packets: two network namespaces with a TUN device each, and between them what is split on one
 * side and coalesced on the other.  What TCP and UDP sockets send arrives byte for byte.
 */
#include "common/linux/netlink.h"
#include "common/packet/batch.h"
#include "common/packet/coalesce.h"
#include "common/packet/segment.h"
#include "tests/unit/netns.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define OFFLOAD_TCP (1 | 2 | 4)   /* TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6 */
#define OFFLOAD_UDP (0x20 | 0x40) /* TUN_F_USO4, TUN_F_USO6: newer than some headers */
#define LIMIT       1340
#define READS       4
#define STREAM      (8U << 20)
#define DATAGRAM    1000
#define DATAGRAMS   20
#define DEADLINE_S  20

struct end {
	int tun, socket;
	unsigned offloads;
};

static struct end ends[2];
static struct tscf_coalescer *coalescer;
static uint8_t input[READS][sizeof(struct virtio_net_hdr) + TSCF_PACKET_MAX], output[READS][2 * TSCF_PACKET_MAX];
static unsigned split, merged;

static const char *const addresses[2][2] = {{"10.7.0.1/24", "2001:db8:7::1/64"}, {"10.7.0.2/24", "2001:db8:7::2/64"}};

static bool past(time_t deadline)
{
	return time(NULL) > deadline;
}

static int open_tun(unsigned *offloads)
{
	struct ifreq ifr = {.ifr_name = "t0", .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ioctl(fd, TUNSETIFF, &ifr), 0);
	*offloads = OFFLOAD_TCP | OFFLOAD_UDP;
	if (ioctl(fd, TUNSETOFFLOAD, (unsigned long)*offloads) == 0)
		return fd;
	*offloads = OFFLOAD_TCP;
	ck_assert_int_eq(ioctl(fd, TUNSETOFFLOAD, (unsigned long)*offloads), 0);
	return fd;
}

/** The kernel makes an IPv6 address known to itself in a work queue: what comes before that finds no local route. */
static void wait_for_address(const struct tscf_addr *addr)
{
	const time_t deadline = time(NULL) + DEADLINE_S;
	char text[TSCF_ADDR_TEXT];
	bool local;

	tscf_addr_format(addr, text);
	do {
		char *route = tscf_netns_output("ip route get %s", text);

		local = strncmp(route, "local ", 6) == 0;
		free(route);
	} while (!local && !past(deadline));
	ck_assert_msg(local, "%s is not local", text);
}

static void make_end(int e, unsigned mtu)
{
	struct tscf_netlink *nl;
	struct tscf_prefix p;
	int index;

	tscf_netns_enter();
	ends[e].tun = open_tun(&ends[e].offloads);
	index = (int)if_nametoindex("t0");
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	ck_assert_int_eq(tscf_link_silence(nl, index), 0);
	for (int family = 0; family < 2; family++) {
		ck_assert_int_eq(tscf_prefix_parse(addresses[e][family], &p), 0);
		ck_assert_int_eq(tscf_addr_add(nl, index, &p), 0);
	}
	ck_assert_int_eq(tscf_link_up(nl, index, mtu), 0);
	tscf_netlink_close(nl);
	wait_for_address(&p.addr);
}

static union tscf_endpoint endpoint(int e, int family)
{
	union tscf_endpoint there;
	struct tscf_prefix p;

	ck_assert_int_eq(tscf_prefix_parse(addresses[e][family], &p), 0);
	tscf_endpoint_make(&p.addr, 7000, &there);
	return there;
}

/** A socket in the namespace that is entered: end 0 is bound, end 1 is not. */
static void make_socket(int e, int family, int type)
{
	const union tscf_endpoint here = endpoint(0, family);

	ends[e].socket = socket(here.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(ends[e].socket, 0);
	if (e == 0)
		ck_assert_int_eq(bind(ends[e].socket, &here.sa, tscf_endpoint_size(&here)), 0);
}

static void setup_ends(int family, int type, unsigned mtu)
{
	const union tscf_endpoint there = endpoint(0, family);

	for (int e = 0; e < 2; e++) {
		make_end(e, mtu);
		make_socket(e, family, type);
		if (e == 0 && type == SOCK_STREAM)
			ck_assert_int_eq(listen(ends[e].socket, 1), 0);
	}
	if (connect(ends[1].socket, &there.sa, tscf_endpoint_size(&there)) != 0)
		ck_assert_int_eq(errno, EINPROGRESS);
	coalescer = tscf_coalescer_new(TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6 |
					   (ends[0].offloads & OFFLOAD_UDP ? TSCF_COALESCE_UDP : 0),
				       TSCF_COALESCE_SEGMENTS);
	ck_assert_ptr_nonnull(coalescer);
}

static void teardown_ends(void)
{
	for (int e = 0; e < 2; e++) {
		close(ends[e].socket);
		close(ends[e].tun);
	}
	tscf_coalescer_free(coalescer);
}

static void write_round(int tun)
{
	const struct tscf_super *writes;
	const unsigned count = tscf_coalesce_finish(coalescer, &writes);

	for (unsigned i = 0; i < count; i++) {
		const ssize_t wanted = (ssize_t)sizeof(struct virtio_net_hdr);

		ck_assert_int_gt(writev(tun, writes[i].iov, (int)writes[i].iov_count), wanted);
		merged += writes[i].packets > 1;
	}
	tscf_coalesce_begin(coalescer);
}

/** Give the pieces of one run to the coalescer. */
static void add_run(const struct tscf_gso_batch *run, int tun)
{
	uint8_t *gso_size = run->data;

	split += run->count > 1;
	for (uint32_t i = 0; i < run->count; i++) {
		const uint32_t size = i + 1 < run->count ? run->size : run->last;
		/* There is only TCP and UDP here: the device is silenced. */
		const char *wrong = slow_judge(gso_size, size);

		ck_assert_msg(!wrong, "%s", wrong);
		ck_assert(size <= LIMIT || run->count == 1);
		if (!tscf_coalesce_add(coalescer, gso_size, size)) {
			write_round(tun);
			ck_assert(tscf_coalesce_add(coalescer, gso_size, size));
		}
		gso_size += size;
	}
}

/** Carry what is there from one device to the other.  @return whether there was something. */
static bool pump(int from, int to)
{
	struct tscf_segmenter s;
	struct virtio_net_hdr vnet;
	struct tscf_gso_batch run;
	int reads = 0;

	tscf_coalesce_begin(coalescer);
	for (; reads < READS; reads++) {
		const ssize_t got = read(from, input[reads], sizeof(input[reads]));
		uint8_t *packet = input[reads] + sizeof(vnet), *at = output[reads];

		if (got < 0)
			break;
		memcpy(&vnet, input[reads], sizeof(vnet));
		ck_assert_int_eq(tscf_segment_begin(&s, &vnet, packet, (uint32_t)got - (uint32_t)sizeof(vnet), LIMIT),
				 0);
		while (tscf_segment_next(&s, at, (uint32_t)(output[reads] + sizeof(output[0]) - at), 40, &run)) {
			add_run(&run, to);
			at += run.count * run.size;
		}
	}
	write_round(to);
	return reads > 0;
}

/** Carry everything both ways until nothing comes for a moment. */
static void pump_both(int wait_ms)
{
	struct pollfd fds[2] = {{ends[0].tun, POLLIN, 0}, {ends[1].tun, POLLIN, 0}};
	bool more = poll(fds, 2, wait_ms) > 0;

	while (more) {
		more = pump(ends[1].tun, ends[0].tun);
		more = pump(ends[0].tun, ends[1].tun) || more;
	}
}

static void fill(uint8_t *at, uint32_t size, uint32_t place)
{
	for (uint32_t i = 0; i < size; i++)
		at[i] = (uint8_t)((place + i) * 2654435761U >> 24);
}

static int accept_one(time_t deadline)
{
	int fd;

	do {
		pump_both(10);
		fd = accept4(ends[0].socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd < 0 && !past(deadline));
	ck_assert_int_ge(fd, 0);
	return fd;
}

/** Read and compare what has come.  @return the new place in the stream. */
static uint32_t read_stream(int fd, uint32_t place)
{
	static uint8_t data[65536], wanted[65536];
	ssize_t got;

	while ((got = read(fd, data, sizeof(data))) > 0) {
		fill(wanted, (uint32_t)got, place);
		ck_assert_msg(memcmp(data, wanted, (size_t)got) == 0, "other bytes after %u", place);
		place += (uint32_t)got;
	}
	return place;
}

static uint32_t write_stream(int fd, uint32_t place)
{
	static uint8_t data[65536];
	ssize_t done;

	while (place < STREAM) {
		const uint32_t size = STREAM - place < sizeof(data) ? STREAM - place : sizeof(data);

		fill(data, size, place);
		done = write(fd, data, size);
		if (done <= 0)
			break;
		place += (uint32_t)done;
	}
	return place;
}

/** With an MTU of the devices that fits the limit, and with one that is larger, so that the limit cuts. */
START_TEST(tcp)
{
	const time_t deadline = time(NULL) + DEADLINE_S;
	uint32_t sent = 0, received = 0;
	int fd;

	setup_ends(_i & 1, SOCK_STREAM, _i & 2 ? 9000 : LIMIT);
	fd = accept_one(deadline);
	while (received < STREAM && !past(deadline)) {
		sent = write_stream(ends[1].socket, sent);
		pump_both(10);
		received = read_stream(fd, received);
	}
	ck_assert_uint_eq(received, STREAM);
	ck_assert_uint_gt(split, 0);
	ck_assert_uint_gt(merged, 0);
	close(fd);
	teardown_ends();
}
END_TEST

/** One send with UDP_SEGMENT: the receiver gets each datagram, the shorter last one too. */
START_TEST(udp)
{
	const time_t deadline = time(NULL) + DEADLINE_S;
	static uint8_t data[DATAGRAM * DATAGRAMS - 1], got[2 * DATAGRAM];
	const int segment = DATAGRAM;
	uint32_t place = 0;

	setup_ends(_i, SOCK_DGRAM, LIMIT);
	ck_assert_int_eq(setsockopt(ends[1].socket, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	fill(data, sizeof(data), 0);
	ck_assert_int_eq(send(ends[1].socket, data, sizeof(data), 0), sizeof(data));
	while (place < sizeof(data) && !past(deadline)) {
		ssize_t size;

		pump_both(10);
		while ((size = recv(ends[0].socket, got, sizeof(got), 0)) > 0) {
			ck_assert_int_eq(size, place + DATAGRAM <= sizeof(data) ? DATAGRAM : DATAGRAM - 1);
			ck_assert_mem_eq(got, data + place, (size_t)size);
			place += (uint32_t)size;
		}
	}
	ck_assert_uint_eq(place, sizeof(data));
	if (ends[0].offloads & OFFLOAD_UDP) {
		ck_assert_uint_gt(split, 0);
		ck_assert_uint_gt(merged, 0);
	}
	teardown_ends();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("offload");
	TCase *kernel = tcase_create("kernel");

	tcase_set_timeout(kernel, 3 * DEADLINE_S);
	tcase_add_loop_test(kernel, tcp, 0, 4);
	tcase_add_loop_test(kernel, udp, 0, 2);
	suite_add_tcase(suite, kernel);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return 77;
	return tscf_test_main(make_suite);
}
