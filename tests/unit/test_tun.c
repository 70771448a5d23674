/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TUN device in a network namespace: packets of a UDP socket come out of it, go back in with source and destination
 * exchanged (which leaves every checksum right), and arrive at the socket again.
 */
#include "common/linux/netlink.h"
#include "common/linux/tun.h"
#include "tests/unit/netns.h"
#include "tests/unit/refuse.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Not in the headers of Debian 12. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#define TCP_OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define UDP_OFFLOADS (TUN_F_USO4 | TUN_F_USO6)

#define PACKETS 100
#define PAYLOAD 172

static const struct {
	int family;
	const char *local, *peer;
	uint32_t header; /* IP and UDP */
} families[] = {
    {AF_INET, "10.7.0.5/24", "10.7.0.9", 28},
    {AF_INET6, "2001:db8:7::5/64", "2001:db8:7::9", 48},
};

static struct tscf_tun tun;
static struct tscf_ring *ring;

static void open_device(void)
{
	struct tscf_netlink *nl;
	struct tscf_prefix p;

	ck_assert_int_eq(tscf_tun_open(&tun, "t0", true, TSCF_URGENT_DSCPS), 0);
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(tscf_prefix_parse(families[i].local, &p), 0);
		ck_assert_int_eq(tscf_addr_add(nl, tun.index, &p), 0);
	}
	ck_assert_int_eq(tscf_link_up(nl, tun.index, 1340), 0);
	tscf_netlink_close(nl);
}

static void setup(void)
{
	tscf_netns_enter();
	ring = tscf_ring_new(TSCF_PACKET_MAX);
	ck_assert_ptr_nonnull(ring);
	open_device();
}

static void teardown(void)
{
	tscf_tun_close(&tun);
	tscf_ring_free(ring);
}

static void write_batch(struct tscf_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		tscf_tun_put(&tun, batch->packet[i]->data, batch->packet[i]->length);
	tscf_tun_flush(&tun);
}

static int connected_socket(int i)
{
	int fd = socket(families[i].family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	union tscf_endpoint to;
	struct tscf_addr a;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tscf_addr_parse(families[i].peer, &a), 0);
	tscf_endpoint_make(&a, 5004, &to);
	ck_assert_int_eq(connect(fd, &to.sa, tscf_endpoint_size(&to)), 0);
	return fd;
}

static void send_numbered(int fd, unsigned number)
{
	uint8_t payload[PAYLOAD];

	memset(payload, (int)number, sizeof(payload));
	ck_assert_int_eq(send(fd, payload, sizeof(payload), 0), PAYLOAD);
}

/* The kernel may hand a packet on a moment after it was written. */
static ssize_t receive(int fd, uint8_t payload[2048])
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&readable, 1, 5000), 1);
	return recv(fd, payload, 2048, 0);
}

static void check_numbered(const uint8_t *payload, unsigned number)
{
	for (int i = 0; i < PAYLOAD; i++)
		ck_assert_uint_eq(payload[i], number & 0xff);
}

/** Make the packet an answer to itself. */
static void exchange(struct tscf_packet *p, int i)
{
	uint32_t size = families[i].family == AF_INET ? 4 : 16, source = families[i].family == AF_INET ? 12 : 8;
	uint32_t ports = families[i].header - 8;
	uint8_t kept[16];

	memcpy(kept, p->data + source, size);
	memcpy(p->data + source, p->data + source + size, size);
	memcpy(p->data + source + size, kept, size);
	memcpy(kept, p->data + ports, 2);
	memcpy(p->data + ports, p->data + ports + 2, 2);
	memcpy(p->data + ports + 2, kept, 2);
}

static void batches_there_and_back(int i)
{
	static const unsigned batches[] = {TSCF_BATCH_MAX, PACKETS - TSCF_BATCH_MAX, 0};
	unsigned length = families[i].header + PAYLOAD, read_count = 0;
	int fd = connected_socket(i);
	struct tscf_batch batch;
	uint8_t payload[2048];

	for (unsigned n = 0; n < PACKETS; n++)
		send_numbered(fd, n);
	for (int b = 0; b < 3; b++) {
		ck_assert_int_eq(tscf_tun_read(&tun, ring, &batch), 0);
		ck_assert_uint_eq(batch.count, batches[b]);
		for (unsigned k = 0; k < batch.count; k++) {
			ck_assert_uint_eq(batch.packet[k]->length, length);
			check_numbered(batch.packet[k]->data + families[i].header, read_count++);
			exchange(batch.packet[k], i);
		}
		write_batch(&batch);
	}
	for (unsigned n = 0; n < PACKETS; n++) {
		ck_assert_int_eq(receive(fd, payload), PAYLOAD);
		check_numbered(payload, n);
	}
	ck_assert_uint_eq(tun.read_packets, PACKETS);
	ck_assert_uint_eq(tun.read_bytes, PACKETS * length);
	ck_assert_uint_eq(tun.written_packets, PACKETS);
	ck_assert_uint_eq(tun.written_bytes, PACKETS * length);
	ck_assert_uint_eq(tun.write_errors, 0);
	close(fd);
}

START_TEST(batches_go_both_ways)
{
	batches_there_and_back(_i);
}
END_TEST

/** @return whether the kernel gives this device super-packets of that kind, as ethtool names it. */
static bool kernel_joins(const char *kind)
{
	char *text = tscf_netns_output("ethtool -k t0 | sed -n 's/^[[:space:]]*%s: //p'", kind);
	bool on = strncmp(text, "on", 2) == 0;

	ck_assert_msg(*text != '\0', "ethtool does not say whether there is %s", kind);
	free(text);
	return on;
}

static void check_offloads(unsigned expected)
{
	ck_assert_uint_eq(tun.offloads, expected);
	ck_assert_int_eq(kernel_joins("tx-tcp-segmentation"), (expected & TUN_F_TSO4) != 0);
	ck_assert_int_eq(kernel_joins("tx-tcp6-segmentation"), (expected & TUN_F_TSO6) != 0);
	ck_assert_int_eq(kernel_joins("tx-udp-segmentation"), (expected & TUN_F_USO4) != 0);
	for (int i = 0; i < 2; i++) {
		tun.read_packets = tun.read_bytes = tun.written_packets = tun.written_bytes = 0;
		batches_there_and_back(i);
	}
}

/** The environment forbids some, and a packet goes both ways all the same. */
START_TEST(offloads_are_as_the_environment_allows)
{
	static const struct {
		const char *text;
		unsigned expected;
	} cases[] = {{"none", 0}, {"tcp", TCP_OFFLOADS}};

	tscf_tun_close(&tun);
	ck_assert_int_eq(setenv("TSCF_TUN_OFFLOADS", cases[_i].text, 1), 0);
	open_device();
	check_offloads(cases[_i].expected);
}
END_TEST

/** A kernel that does not know one kind is asked for less, step by step. */
START_TEST(offloads_fall_back_step_by_step)
{
	static const struct {
		unsigned refused, expected;
	} cases[] = {{UDP_OFFLOADS, TCP_OFFLOADS}, {TUN_F_USO6, TCP_OFFLOADS}, {TUN_F_TSO6, 0}, {TUN_F_CSUM, 0}};

	tscf_tun_close(&tun);
	tscf_refuse_tun_offloads(cases[_i].refused);
	open_device();
	check_offloads(cases[_i].expected);
}
END_TEST

static bool refuse_joined;
static unsigned refused;
ssize_t __real_writev(int fd, const struct iovec *iov, int count);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count);

/** A kernel that refuses super-packets, though it has promised to take them. */
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count)
{
	const struct virtio_net_hdr *vnet = iov[0].iov_base;

	if (!refuse_joined || fd != tun.fd || vnet->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return __real_writev(fd, iov, count);
	refused++;
	errno = EINVAL;
	return -1;
}

/** What was joined is written packet by packet, and nothing is lost. */
START_TEST(refused_super_packet_is_taken_apart)
{
	if (!(tun.offloads & TUN_F_USO4))
		return;
	refuse_joined = true;
	batches_there_and_back(_i);
	ck_assert_uint_gt(refused, 0);
}
END_TEST

/** What is no IP packet is counted, and does not keep the rest of the batch back. */
START_TEST(refused_packet_is_counted)
{
	int fd = connected_socket(0);
	struct tscf_batch batch;
	uint8_t payload[2048];

	for (unsigned n = 0; n < 3; n++)
		send_numbered(fd, n);
	ck_assert_int_eq(tscf_tun_read(&tun, ring, &batch), 0);
	ck_assert_uint_eq(batch.count, 3);
	for (unsigned n = 0; n < 3; n++)
		exchange(batch.packet[n], 0);
	batch.packet[1]->data[0] = 0x10;
	write_batch(&batch);
	ck_assert_uint_eq(tun.write_errors, 1);
	ck_assert_uint_eq(tun.written_packets, 2);
	ck_assert_int_eq(receive(fd, payload), PAYLOAD);
	check_numbered(payload, 0);
	ck_assert_int_eq(receive(fd, payload), PAYLOAD);
	check_numbered(payload, 2);
	close(fd);
}
END_TEST

/** No router solicitation, no multicast report, not even on a router: every packet on the tunnel is somebody's. */
START_TEST(kernel_sends_nothing_of_its_own)
{
	struct pollfd pfd = {.events = POLLIN};
	struct tscf_netlink *nl;
	struct tscf_batch batch;
	struct tscf_tun other;
	char *text;

	tscf_netns_run("sysctl -qw net.ipv6.conf.all.forwarding=%d", _i);
	ck_assert_int_eq(tscf_tun_open(&other, "t1", true, TSCF_URGENT_DSCPS), 0);
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	ck_assert_int_eq(tscf_link_up(nl, other.index, 1340), 0);
	tscf_netlink_close(nl);
	text = tscf_netns_output("cat /proc/sys/net/ipv6/conf/t1/forwarding");
	ck_assert_int_eq(atoi(text), _i);
	free(text);
	text = tscf_netns_output("ip -6 -o addr show dev t1");
	ck_assert_str_eq(text, "");
	free(text);
	pfd.fd = other.fd;
	/* A router solicitation would come after at most one second. */
	if (poll(&pfd, 1, 1500) != 0) {
		ck_assert_int_eq(tscf_tun_read(&other, ring, &batch), 0);
		ck_abort_msg("%u packets, the first of protocol %u to ...%02x%02x", batch.count,
			     batch.packet[0]->data[6], batch.packet[0]->data[38], batch.packet[0]->data[39]);
	}
	tscf_tun_close(&other);
}
END_TEST

START_TEST(name_that_is_taken)
{
	struct tscf_tun other;

	ck_assert_int_eq(tscf_tun_open(&other, "t0", true, TSCF_URGENT_DSCPS), -EBUSY);
	ck_assert_int_eq(other.fd, -1);
	tscf_netns_run("ip tuntap add dev t7 mode tun");
	ck_assert_int_eq(tscf_tun_open(&other, "t7", true, TSCF_URGENT_DSCPS), -EBUSY);
	ck_assert_int_eq(tscf_tun_open(&other, "lo", true, TSCF_URGENT_DSCPS), -EBUSY);
	ck_assert_int_eq(tscf_tun_open(&other, "", true, TSCF_URGENT_DSCPS), -EINVAL);
	ck_assert_int_eq(tscf_tun_open(&other, "sixteen-letters-", true, TSCF_URGENT_DSCPS), -EINVAL);
	ck_assert_int_eq(tscf_tun_open(&other, "fifteen-letters", true, TSCF_URGENT_DSCPS), 0);
	ck_assert_str_eq(other.name, "fifteen-letters");
	tscf_tun_close(&other);
}
END_TEST

START_TEST(device_lives_as_long_as_the_descriptor)
{
	char *text = tscf_netns_output("ip -o link show dev t0");

	ck_assert_int_eq((int)if_nametoindex("t0"), tun.index);
	ck_assert_ptr_nonnull(strstr(text, "qlen 1000"));
	free(text);
	tscf_tun_close(&tun);
	ck_assert_uint_eq(if_nametoindex("t0"), 0);
	tscf_tun_close(&tun);
}
END_TEST

START_TEST(device_taken_away)
{
	struct tscf_batch batch;

	ck_assert_int_eq(tscf_tun_read(&tun, ring, &batch), 0);
	tscf_netns_run("ip link del t0");
	ck_assert_int_lt(tscf_tun_read(&tun, ring, &batch), 0);
	ck_assert_uint_eq(batch.count, 0);
}
END_TEST

START_TEST(without_the_right)
{
	struct tscf_tun other;

	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	/* Where the device node is closed to others it is EACCES. */
	ck_assert_int_eq(tscf_tun_open(&other, "t1", true, TSCF_URGENT_DSCPS),
			 access("/dev/net/tun", R_OK | W_OK) == 0 ? -EPERM : -EACCES);
}
END_TEST

static void set_dscp(int fd, int i, int dscp)
{
	int tos = dscp << 2;

	if (families[i].family == AF_INET)
		ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	else
		ck_assert_int_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos)), 0);
}

/* Voice that came last is read first; each kind in its own order. */
START_TEST(urgent_packets_overtake)
{
	int bulk = connected_socket(_i), voice = connected_socket(_i);
	struct tscf_batch batch;

	ck_assert_int_ge(tun.urgent_fd, 0);
	set_dscp(bulk, _i, 10);
	set_dscp(voice, _i, 46);
	for (unsigned n = 0; n < 20; n++)
		send_numbered(bulk, n);
	for (unsigned n = 100; n < 103; n++)
		send_numbered(voice, n);
	ck_assert_int_eq(tscf_tun_read(&tun, ring, &batch), 0);
	ck_assert_uint_eq(batch.count, 23);
	for (unsigned n = 0; n < 23; n++)
		check_numbered(batch.packet[n]->data + families[_i].header, n < 3 ? 100 + n : n - 3);
	close(bulk);
	close(voice);
}
END_TEST

/* Super-packets end a read, too, when it has its share: what is urgent must not wait for all that is there. */
START_TEST(a_read_has_an_end)
{
	static const uint8_t data[50000];
	int bulk = connected_socket(_i), gso_size = 1000;
	struct tscf_batch batch;
	uint32_t total = 0;

	/* Without UDP segmentation there are as many packets instead. */
	ck_assert_int_eq(setsockopt(bulk, IPPROTO_UDP, UDP_SEGMENT, &gso_size, sizeof(gso_size)), 0);
	for (unsigned n = 0; n < 6; n++)
		ck_assert_int_eq(send(bulk, data, sizeof(data), 0), (ssize_t)sizeof(data));
	do {
		uint32_t bytes = 0;

		ck_assert_int_eq(tscf_tun_read(&tun, ring, &batch), 0);
		for (unsigned n = 0; n < batch.count; n++)
			bytes += batch.packet[n]->length;
		ck_assert_uint_lt(bytes, TSCF_TUN_READ_BYTES + TSCF_PACKET_MAX);
		total += bytes;
	} while (batch.count > 0);
	ck_assert_uint_eq(total, 6 * (50000 + 50 * families[_i].header));
	close(bulk);
}
END_TEST

/* --- several workers --- */

#define PARTS        3
#define DESTINATIONS 30

static struct tscf_tun part[PARTS];
static struct tscf_tun_steering steering;

static struct tscf_addr destination(int i, unsigned n)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(families[i].peer, &a), 0);
	a.bytes[tscf_addr_size(a.family) - 1] = (uint8_t)(100 + n);
	return a;
}

static void open_parts(void)
{
	struct tscf_tun *parts[PARTS];
	struct tscf_netlink *nl;
	struct tscf_prefix p;

	for (unsigned n = 0; n < PARTS; n++)
		parts[n] = &part[n];
	tscf_tun_close(&tun);
	ck_assert_int_eq(tscf_tun_steering_open(&steering, TSCF_URGENT_DSCPS, PARTS), 0);
	ck_assert_int_eq(tscf_tun_open_parts(parts, PARTS, "t0", 0, true, &steering), 0);
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(tscf_prefix_parse(families[i].local, &p), 0);
		ck_assert_int_eq(tscf_addr_add(nl, part[0].index, &p), 0);
	}
	ck_assert_int_eq(tscf_link_up(nl, part[0].index, 1340), 0);
	tscf_netlink_close(nl);
}

static void close_parts(void)
{
	for (unsigned n = 0; n < PARTS; n++)
		tscf_tun_close(&part[n]);
	tscf_tun_steering_close(&steering);
}

/** One packet, its payload the number of its destination. */
static void send_to(int fd, int i, unsigned n)
{
	struct tscf_addr a = destination(i, n);
	union tscf_endpoint to;
	uint8_t payload[PAYLOAD];

	memset(payload, (int)n, sizeof(payload));
	tscf_endpoint_make(&a, 5004, &to);
	ck_assert_int_eq(sendto(fd, payload, sizeof(payload), 0, &to.sa, tscf_endpoint_size(&to)), PAYLOAD);
}

/** @return how many packets part @p which has got; each must be for a destination that @p owner names. */
static unsigned read_part(unsigned which, int i, const unsigned owner[DESTINATIONS])
{
	unsigned count = 0;
	struct tscf_batch batch;

	do {
		ck_assert_int_eq(tscf_tun_read(&part[which], ring, &batch), 0);
		for (unsigned k = 0; k < batch.count; k++, count++) {
			unsigned n = batch.packet[k]->data[families[i].header];

			ck_assert_uint_eq(owner[n], which);
			check_numbered(batch.packet[k]->data + families[i].header, n);
		}
	} while (batch.count > 0);
	return count;
}

/** Send urgent and other packets to every destination, and see that each comes where it should. */
static void try_destinations(int fd, int i, const unsigned owner[DESTINATIONS])
{
	unsigned count = 0;

	for (int urgent = 0; urgent < 2; urgent++) {
		set_dscp(fd, i, urgent ? 46 : 0);
		for (unsigned n = 0; n < DESTINATIONS; n++)
			send_to(fd, i, n);
	}
	for (unsigned which = 0; which < PARTS; which++)
		count += read_part(which, i, owner);
	ck_assert_uint_eq(count, 2 * DESTINATIONS);
}

/** Each worker gets the packets to its addresses, and to those that it was given beside them for as long as it has
 * them. */
START_TEST(parts_have_their_addresses)
{
	unsigned owner[DESTINATIONS];
	int fd = socket(families[_i].family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	open_parts();
	for (unsigned n = 0; n < DESTINATIONS; n++) {
		struct tscf_addr a = destination(_i, n);

		owner[n] = tscf_tun_steering_worker(&a, PARTS);
	}
	try_destinations(fd, _i, owner);
	for (unsigned n = 0; n < DESTINATIONS; n += 4) {
		struct tscf_addr a = destination(_i, n);

		owner[n] = (owner[n] + 1) % PARTS;
		ck_assert_int_eq(tscf_tun_steering_set(&steering, &a, owner[n]), 0);
	}
	try_destinations(fd, _i, owner);
	for (unsigned n = 0; n < DESTINATIONS; n += 4) {
		struct tscf_addr a = destination(_i, n);

		owner[n] = tscf_tun_steering_worker(&a, PARTS);
		tscf_tun_steering_clear(&steering, &a);
	}
	try_destinations(fd, _i, owner);
	close(fd);
	close_parts();
}
END_TEST

/** What any part writes comes out of the one device. */
START_TEST(every_part_writes)
{
	int fd = connected_socket(0);
	struct tscf_addr a = destination(0, 0);
	uint8_t payload[2048];
	struct tscf_batch batch;

	close(fd);
	open_parts();
	fd = connected_socket(0);
	ck_assert_int_eq(tscf_addr_parse(families[0].peer, &a), 0);
	for (unsigned n = 0; n < PARTS; n++) {
		send_numbered(fd, n);
		ck_assert_int_eq(tscf_tun_read(&part[tscf_tun_steering_worker(&a, PARTS)], ring, &batch), 0);
		ck_assert_uint_eq(batch.count, 1);
		exchange(batch.packet[0], 0);
		tscf_tun_put(&part[n], batch.packet[0]->data, batch.packet[0]->length);
		tscf_tun_flush(&part[n]);
		ck_assert_int_eq(receive(fd, payload), PAYLOAD);
		check_numbered(payload, n);
	}
	close(fd);
	close_parts();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tun");
	TCase *tcase = tcase_create("tun");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, batches_go_both_ways, 0, 2);
	tcase_add_loop_test(tcase, offloads_are_as_the_environment_allows, 0, 2);
	tcase_add_loop_test(tcase, offloads_fall_back_step_by_step, 0, 4);
	tcase_add_loop_test(tcase, urgent_packets_overtake, 0, 2);
	tcase_add_loop_test(tcase, a_read_has_an_end, 0, 2);
	tcase_add_loop_test(tcase, parts_have_their_addresses, 0, 2);
	tcase_add_test(tcase, every_part_writes);
	tcase_add_test(tcase, refused_packet_is_counted);
	tcase_add_loop_test(tcase, refused_super_packet_is_taken_apart, 0, 2);
	tcase_add_loop_test(tcase, kernel_sends_nothing_of_its_own, 0, 2);
	tcase_add_test(tcase, name_that_is_taken);
	tcase_add_test(tcase, device_lives_as_long_as_the_descriptor);
	tcase_add_test(tcase, device_taken_away);
	tcase_add_test(tcase, without_the_right);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
