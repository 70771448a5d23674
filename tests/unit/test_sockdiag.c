/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A dump finds every marked socket: kinds, families and states, against real sockets in a network namespace. */
#include "common/linux/sockdiag_query.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"
#include "tests/unit/sockdiag_case.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Find the socket in the dump and compare it with what the descriptor says. */
static const struct tscf_socket *check_found(int fd, const char *local, const char *remote)
{
	const struct tscf_socket *s = find(cookie_of(fd));
	char text[TSCF_ADDR_TEXT];
	union tscf_endpoint e;
	struct tscf_socket own;
	struct stat st;

	ck_assert_msg(s != NULL, "%s is not in the dump", local);
	tscf_endpoint_make(&s->local, s->local_port, &e);
	ck_assert_str_eq(tscf_endpoint_format(&e, text), local);
	ck_assert_int_eq(s->remote.family != 0, remote != NULL);
	if (remote) {
		tscf_endpoint_make(&s->remote, s->remote_port, &e);
		ck_assert_str_eq(tscf_endpoint_format(&e, text), remote);
	}
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(s->inode, st.st_ino);
	ck_assert_uint_eq(s->uid, 0);
	ck_assert_int_eq(tscf_socket_of_fd(fd, &own), 0);
	own.inode = s->inode;
	ck_assert(tscf_addr_equal(&own.local, &s->local) && tscf_addr_equal(&own.remote, &s->remote));
	ck_assert_uint_eq(own.local_port, s->local_port);
	ck_assert_uint_eq(own.remote_port, s->remote_port);
	ck_assert_int_eq(own.family, s->family);
	ck_assert_uint_eq(own.type, s->type);
	ck_assert_uint_eq(own.protocol, s->protocol);
	ck_assert_uint_eq(own.state, s->state);
	ck_assert_uint_eq(own.mark, s->mark);
	ck_assert_uint_eq(own.cookie, s->cookie);
	return s;
}

static const struct {
	int family, type, protocol;
	const char *bound, *connected, *local, *remote;
} kinds[] = {
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "127.0.0.1:5060", NULL, "127.0.0.1:5060", NULL},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "0.0.0.0:5060", NULL, "0.0.0.0:5060", NULL},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "127.0.0.1:5060", "127.0.0.1:9", "127.0.0.1:5060", "127.0.0.1:9"},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "[::]:7078", NULL, "[::]:7078", NULL},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "[::1]:7078", "[::1]:9", "[::1]:7078", "[::1]:9"},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "127.0.0.1:5060", NULL, "127.0.0.1:5060", NULL},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, "[::1]:5060", NULL, "[::1]:5060", NULL},
};

/** Every kind of datagram socket, at every level. */
START_TEST(datagram_socket_is_found)
{
	int fd = marked_socket(kinds[_i].family, kinds[_i].type, kinds[_i].protocol, TSCF_LEVEL_ENCRYPTED_ONLY);
	const struct tscf_socket *s;
	union tscf_endpoint to;

	bind_to(fd, kinds[_i].bound);
	if (kinds[_i].connected) {
		to = endpoint(kinds[_i].connected);
		ck_assert_int_eq(connect(fd, &to.sa, tscf_endpoint_size(&to)), 0);
	}
	for (uint32_t level = 1; level < 4; level++) {
		set_mark(fd, tscf_mark_set(OTHER, MASK, level));
		dump();
		ck_assert_uint_eq(seen.count, 1);
		s = check_found(fd, kinds[_i].local, kinds[_i].remote);
		ck_assert_uint_eq(s->mark, OTHER | level << 24);
		ck_assert_uint_eq(s->type, SOCK_DGRAM);
		ck_assert_uint_eq(s->protocol, kinds[_i].protocol);
	}
	close(fd);
}
END_TEST

/** A dual-stack socket that talks IPv4: its addresses are IPv4 ones, itself is of family AF_INET6. */
START_TEST(dual_stack_socket_speaks_ipv4)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	int fd = marked_socket(AF_INET6, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	const struct tscf_socket *s;

	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr), 1);
	bind_to(fd, "[::]:7078");
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	dump();
	s = check_found(fd, "127.0.0.1:7078", "127.0.0.1:9");
	ck_assert_int_eq(s->family, AF_INET6);
	close(fd);
}
END_TEST

/** Dump until a socket of local port @p port is in one of two states, which it gets to by itself.  @return it. */
static const struct tscf_socket *await_state(uint16_t port, int state, int or_state)
{
	time_t deadline = time(NULL) + 5;

	do {
		dump();
		for (size_t i = 0; i < seen.count; i++)
			if (seen.found[i].local_port == port &&
			    (seen.found[i].state == state || seen.found[i].state == or_state))
				return &seen.found[i];
	} while (time(NULL) < deadline);
	ck_abort_msg("no socket of port %u in state %d or %d", port, state, or_state);
	return NULL;
}

/** Listener, both ends of a connection, and what is left of them when they are closed one after the other. */
START_TEST(tcp_socket_is_found_until_time_wait)
{
	const char *address = _i ? "[::1]:5060" : "127.0.0.1:5060", *from = _i ? "[::1]:40000" : "127.0.0.1:40000";
	int family = _i ? AF_INET6 : AF_INET;
	int listener = marked_socket(family, SOCK_STREAM, 0, TSCF_LEVEL_UNENCRYPTED);
	int client = marked_socket(family, SOCK_STREAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY), server;
	union tscf_endpoint to = endpoint(address);
	const struct tscf_socket *s;

	bind_to(listener, address);
	ck_assert_int_eq(listen(listener, 1), 0);
	bind_to(client, from);
	ck_assert_int_eq(connect(client, &to.sa, tscf_endpoint_size(&to)), 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_ge(server, 0);
	dump();
	ck_assert_uint_eq(seen.count, 3);
	ck_assert_uint_eq(check_found(listener, address, NULL)->state, TCP_LISTEN);
	ck_assert_uint_eq(check_found(client, from, address)->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(check_found(server, address, from)->mark, OTHER | TSCF_LEVEL_UNENCRYPTED << 24);

	close(client);
	s = await_state(40000, TCP_FIN_WAIT1, TCP_FIN_WAIT2);
	ck_assert_uint_eq(s->mark, OTHER | TSCF_LEVEL_ENCRYPTED_ONLY << 24);
	ck_assert_uint_eq(s->inode, 0);
	close(server);
	close(listener);
	s = await_state(40000, TCP_TIME_WAIT, TCP_TIME_WAIT);
	ck_assert_uint_eq(s->mark, OTHER | TSCF_LEVEL_ENCRYPTED_ONLY << 24);
	ck_assert_uint_eq(s->inode, 0);
	ck_assert_uint_eq(s->remote_port, 5060);
}
END_TEST

/* The queue of the listening socket is full, so the last connection stays half open. */
START_TEST(connecting_descriptor_has_its_remote)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), first = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t length = sizeof(to);
	struct tscf_socket s;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&to, &length), 0);
	ck_assert_int_eq(connect(first, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EINPROGRESS);
	ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
	ck_assert_int_eq(s.state, TCP_SYN_SENT);
	ck_assert_uint_eq(s.remote_port, ntohs(to.sin_port));
	ck_assert_int_eq(s.remote.family, AF_INET);
	ck_assert_int_eq(memcmp(s.remote.bytes, &to.sin_addr, sizeof(to.sin_addr)), 0);
	close(fd);
	close(first);
	close(listener);
}
END_TEST

START_TEST(unmarked_socket_is_not_told)
{
	int none = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bind_to(none, "127.0.0.1:5060");
	set_mark(other, ~MASK);
	bind_to(other, "127.0.0.1:5061");
	dump();
	ck_assert_uint_eq(seen.count, 0);
	close(none);
	close(other);
}
END_TEST

START_TEST(mask_of_no_bits_is_every_socket)
{
	int none = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct tscf_sockdiag *every;

	/* A program of the machine's cgroups may have given it one. */
	set_mark(none, 0);
	bind_to(none, "127.0.0.1:5060");
	ck_assert_int_eq(tscf_sockdiag_open(loop, 0, &handler, &seen, &every), 0);
	ck_assert_int_eq(tscf_sockdiag_dump_now(every), 0);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(check_found(none, "127.0.0.1:5060", NULL)->mark, 0);
	tscf_sockdiag_close(every);
	close(none);
}
END_TEST

static void count_port(void *context, const struct tscf_socket *s)
{
	unsigned *of = context;

	ck_assert_uint_eq(s->local_port, 5060);
	of[s->state == TCP_LISTEN ? 0 : s->inode == 0 ? 1 : 2]++;
}

static int refused_family, asked_family;

ssize_t __real_send(int fd, const void *data, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t length, int flags);
ssize_t __real_recv(int fd, void *data, size_t length, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t length, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t length, int flags)
{
	if (length == sizeof(struct tscf_sockdiag_query))
		asked_family = ((const struct tscf_sockdiag_query *)data)->diag.sdiag_family;
	return __real_send(fd, data, length, flags);
}

/* A kernel that cannot list the sockets of one family. */
ssize_t __wrap_recv(int fd, void *data, size_t length, int flags)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} refusal = {{.nlmsg_len = sizeof(refusal), .nlmsg_type = NLMSG_ERROR}, {.error = -ENOENT}};

	if (refused_family == 0 || asked_family != refused_family)
		return __real_recv(fd, data, length, flags);
	ck_assert_uint_ge(length, sizeof(refusal));
	memcpy(data, &refusal, sizeof(refusal));
	return sizeof(refusal);
}

/* Without IPv6 there are no sockets of it; but if IPv4 cannot be listed, it is not known that there are none. */
START_TEST(port_of_a_kernel_that_lists_one_family)
{
	unsigned of[3] = {0};

	refused_family = AF_INET6;
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), 0);
	refused_family = AF_INET;
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), -ENOENT);
	refused_family = 0;
}
END_TEST

/* A listening socket, a connection that has been accepted, and two that wait for it; their other ends have other ports.
 */
START_TEST(port_has_what_waits_to_be_accepted)
{
	int server = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[3], accepted;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5060), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	unsigned of[3] = {0};

	bind_to(server, "[::]:5060");
	ck_assert_int_eq(listen(server, 5), 0);
	for (unsigned i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(clients[i], (struct sockaddr *)&to, sizeof(to)), 0);
	}
	accepted = accept(server, NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), 0);
	ck_assert(of[0] == 1 && of[1] == 2 && of[2] == 1);
	for (unsigned i = 0; i < 3; i++)
		close(clients[i]);
	close(accepted);
	close(server);
}
END_TEST

/** Marks are shown to the privileged only: nothing would be found, so it is an error. */
START_TEST(dump_without_the_right)
{
	int fd = marked_socket(AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

	bind_to(fd, "127.0.0.1:5060");
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), -EPERM);
	ck_assert_int_eq(seen.done, 1);
	ck_assert_int_eq(seen.error, -EPERM);
	close(fd);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sockdiag");
	TCase *dumps = tcase_create("dumps");

	tcase_add_checked_fixture(dumps, setup, teardown);
	tcase_set_timeout(dumps, 60);
	tcase_add_loop_test(dumps, datagram_socket_is_found, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(dumps, dual_stack_socket_speaks_ipv4);
	tcase_add_loop_test(dumps, tcp_socket_is_found_until_time_wait, 0, 2);
	tcase_add_test(dumps, connecting_descriptor_has_its_remote);
	tcase_add_test(dumps, unmarked_socket_is_not_told);
	tcase_add_test(dumps, mask_of_no_bits_is_every_socket);
	tcase_add_test(dumps, port_has_what_waits_to_be_accepted);
	tcase_add_test(dumps, port_of_a_kernel_that_lists_one_family);
	tcase_add_test(dumps, dump_without_the_right);
	suite_add_tcase(suite, dumps);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
