/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read of one socket: from its descriptor, and from the kernel's message about it. */
#include "common/linux/sockdiag_message.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"
#include "tests/unit/sockdiag_case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <unistd.h>

START_TEST(descriptor_of_another_namespace)
{
	int before = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), after;

	ck_assert_int_eq(tscf_socket_same_netns(before), 1);
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	after = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(tscf_socket_same_netns(before), 0);
	ck_assert_int_eq(tscf_socket_same_netns(after), 1);
	close(before);
	ck_assert_int_eq(tscf_socket_same_netns(before), -EBADF);
	close(after);
}
END_TEST

START_TEST(descriptor_that_is_no_inet_socket)
{
	struct tscf_socket s;
	int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(tscf_socket_of_fd(local, &s), -EAFNOSUPPORT);
	ck_assert_int_eq(tscf_socket_of_fd(ends[0], &s), -ENOTSOCK);
	ck_assert_int_eq(tscf_socket_of_fd(-1, &s), -EBADF);
	ck_assert_int_eq(tscf_socket_set_mark(ends[0], MASK, 2), -ENOTSOCK);
	close(local);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/** A raw socket has no ports, though the kernel keeps its protocol in their place. */
START_TEST(raw_descriptor_has_no_port)
{
	int fd = marked_socket(AF_INET, SOCK_RAW, IPPROTO_UDP, TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_socket s;

	bind_to(fd, "127.0.0.1:0");
	ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
	ck_assert_uint_eq(s.type, SOCK_RAW);
	ck_assert_uint_eq(s.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(s.local_port, 0);
	ck_assert_uint_eq(s.remote.family, 0);
	close(fd);
}
END_TEST

/* SCTP and SMC do not: with a level, their packets would be in clear nevertheless. */
START_TEST(only_some_protocols_obey_the_mark)
{
	static const struct {
		uint8_t type, protocol;
		bool obeys;
	} cases[] = {
	    {SOCK_STREAM, IPPROTO_TCP, true},
	    {SOCK_DGRAM, IPPROTO_UDP, true},
	    {SOCK_DGRAM, IPPROTO_UDPLITE, true},
	    {SOCK_DGRAM, IPPROTO_ICMP, true},
	    {SOCK_DGRAM, IPPROTO_ICMPV6, true},
	    {SOCK_RAW, IPPROTO_SCTP, true},
	    {SOCK_RAW, 253, true},
	    {SOCK_STREAM, IPPROTO_SCTP, false},
	    {SOCK_SEQPACKET, IPPROTO_SCTP, false},
	    {SOCK_STREAM, (uint8_t)256, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tscf_socket s = {.type = cases[i].type, .protocol = cases[i].protocol};

		ck_assert_int_eq(tscf_socket_obeys_mark(&s), cases[i].obeys);
	}
}
END_TEST

START_TEST(set_mark_keeps_other_bits)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct tscf_socket s;

	set_mark(fd, 0xa55aa55a);
	for (uint32_t value = 0; value < 8; value++) {
		ck_assert_int_eq(tscf_socket_set_mark(fd, MASK, value), 0);
		ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
		ck_assert_uint_eq(s.mark, (0xa55aa55a & ~MASK) | value << 24);
	}
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(tscf_socket_set_mark(fd, MASK, 1), -EPERM);
	ck_assert_msg(tscf_socket_set_mark(fd, MASK, 7) == 0, "nothing to change needs no right");
	close(fd);
}
END_TEST

/** Not every kernel lists raw sockets, so its answer is made here: linux/inet_diag.h, net/ipv4/raw_diag.c. */
START_TEST(raw_message_is_understood)
{
	struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_msg m = {.idiag_family = AF_INET, .idiag_state = TCP_CLOSE, .idiag_inode = 77};
	struct tscf_socket s;

	m.id.idiag_sport = htons(IPPROTO_UDP);
	m.id.idiag_src[0] = htonl(0x0a070005);
	m.id.idiag_cookie[0] = 5;
	m.id.idiag_cookie[1] = 1;
	ck_assert_int_eq(nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nla_put_u32(msg, INET_DIAG_MARK, 0x02000001), 0);
	ck_assert(tscf_sockdiag_parse(nlmsg_hdr(msg), IPPROTO_RAW, &s));
	ck_assert_uint_eq(s.type, SOCK_RAW);
	ck_assert_uint_eq(s.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(s.local_port, 0);
	ck_assert_uint_eq(s.local.bytes[3], 5);
	ck_assert_uint_eq(s.remote.family, 0);
	ck_assert_uint_eq(s.mark, 0x02000001);
	ck_assert_uint_eq(s.inode, 77);
	ck_assert_uint_eq(s.cookie, 0x100000005);
	nlmsg_free(msg);
}
END_TEST

START_TEST(foreign_message_is_refused)
{
	struct nl_msg *other = nlmsg_alloc_simple(SOCK_DESTROY, 0), *small = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct nl_msg *local = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_msg m = {.idiag_family = AF_UNIX};
	struct tscf_socket s;

	ck_assert_int_eq(nlmsg_append(other, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nlmsg_append(small, &m, 20, NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nlmsg_append(local, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(other), IPPROTO_UDP, &s));
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(small), IPPROTO_UDP, &s));
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(local), IPPROTO_UDP, &s));
	nlmsg_free(other);
	nlmsg_free(small);
	nlmsg_free(local);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sockdiag socket");
	TCase *socket = tcase_create("socket");

	tcase_add_checked_fixture(socket, setup, teardown);
	tcase_set_timeout(socket, 60);
	tcase_add_test(socket, descriptor_of_another_namespace);
	tcase_add_test(socket, descriptor_that_is_no_inet_socket);
	tcase_add_test(socket, raw_descriptor_has_no_port);
	tcase_add_test(socket, only_some_protocols_obey_the_mark);
	tcase_add_test(socket, set_mark_keeps_other_bits);
	tcase_add_test(socket, raw_message_is_understood);
	tcase_add_test(socket, foreign_message_is_refused);
	suite_add_tcase(suite, socket);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
