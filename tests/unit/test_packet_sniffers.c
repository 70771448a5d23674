/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/packet_sniffers.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <unistd.h>

#define RAW                                                                                                            \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "        \
	"pointer drops\n"
#define PACKET "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"

START_TEST(lists)
{
	ck_assert(!tscf_packet_sniffers_in_raw(RAW));
	ck_assert(!tscf_packet_sniffers_in_raw(RAW "   1: 00000000:0001 00000000:0000 07 00000000:00000000\n"));
	ck_assert(!tscf_packet_sniffers_in_raw(RAW " 255: 0100007F:00FF 00000000:0000 07 00000000:00000000\n"));
	ck_assert(tscf_packet_sniffers_in_raw(RAW "  17: 00000000:0011 00000000:0000 07 00000000:00000000\n"));
	ck_assert(tscf_packet_sniffers_in_raw(
	    RAW "   1: 00000000:0001 00000000:0000 07\n  17: 00000000:0011 00000000:0000 07\n"));
	ck_assert(tscf_packet_sniffers_in_raw(
	    RAW " 243: 00000000000000000000000000000000:0011 00000000000000000000000000000000:0000\n"));
	ck_assert(tscf_packet_sniffers_in_raw(RAW "what is this\n"));
	ck_assert(!tscf_packet_sniffers_in_packet(PACKET, 5));
	ck_assert(
	    !tscf_packet_sniffers_in_packet(PACKET "00000000bf45a01e 3      3    0003   4     1 0      0      1\n", 5));
	ck_assert(
	    tscf_packet_sniffers_in_packet(PACKET "00000000bf45a01e 3      3    0003   5     1 0      0      1\n", 5));
	ck_assert(
	    tscf_packet_sniffers_in_packet(PACKET "00000000bf45a01e 3      3    0003   0     1 0      0      1\n", 5));
	ck_assert(tscf_packet_sniffers_in_packet(
	    PACKET "ffff000012345678 3 10 888e 4 1 0 0 1\nffff000012345678 3 3 0800 5 1 0 0 1\n", 5));
	ck_assert(tscf_packet_sniffers_in_packet(PACKET "what is this\n", 5));
}
END_TEST

/** The kernel's own lists. */
START_TEST(sockets)
{
	static const struct {
		int family, type, protocol;
		bool seen;
	} cases[] = {
	    {AF_INET, SOCK_RAW, IPPROTO_ICMP, false},  {AF_INET, SOCK_RAW, IPPROTO_RAW, false},
	    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, false}, {AF_INET, SOCK_RAW, IPPROTO_UDP, true},
	    {AF_INET6, SOCK_RAW, IPPROTO_UDP, true},
	};
	struct tscf_packet_sniffers o;

	tscf_netns_enter();
	tscf_packet_sniffers_open(&o);
	ck_assert(!tscf_packet_sniffers_any(&o, 1));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = socket(cases[i].family, cases[i].type | SOCK_CLOEXEC, cases[i].protocol);

		ck_assert_int_ge(fd, 0);
		ck_assert_msg(tscf_packet_sniffers_any(&o, 1) == cases[i].seen, "case %u", i);
		close(fd);
		ck_assert(!tscf_packet_sniffers_any(&o, 1));
	}
	tscf_packet_sniffers_close(&o);
	ck_assert(tscf_packet_sniffers_any(&o, 1));
}
END_TEST

START_TEST(packet_sockets)
{
	struct sockaddr_ll device = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = 1};
	struct tscf_packet_sniffers o;
	int fd;

	tscf_netns_enter();
	tscf_packet_sniffers_open(&o);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	ck_assert_int_ge(fd, 0);
	ck_assert(tscf_packet_sniffers_any(&o, 7));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&device, sizeof(device)), 0);
	ck_assert(tscf_packet_sniffers_any(&o, 1));
	ck_assert(!tscf_packet_sniffers_any(&o, 7));
	close(fd);
	/* More sockets than are looked through. */
	for (int i = 0; i < 200; i++)
		ck_assert_int_ge(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), 0);
	ck_assert(tscf_packet_sniffers_any(&o, 7));
	tscf_packet_sniffers_close(&o);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("packet sniffers");
	TCase *all = tcase_create("all");

	tcase_add_test(all, lists);
	if (tscf_netns_possible()) {
		tcase_add_test(all, sockets);
		tcase_add_test(all, packet_sockets);
	}
	suite_add_tcase(suite, all);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
