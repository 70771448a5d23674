/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several sockets at one port: each source has its own, and no other server comes between. */
#include "common/transport/reuseport.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define SOCKETS 3
#define SOURCES 40

static const struct {
	int family;
	const char *local, *source;
	unsigned number; /* which byte of the source is its number */
	bool subnet;     /* the next address belongs to the same source */
} families[] = {
    {AF_INET, "127.0.0.1:2004", "127.0.0.7", 1, false},
    {AF_INET6, "[::1]:2004", "2001:db8::7", 7, true},
};

static const int types[] = {SOCK_DGRAM, SOCK_STREAM};

static int sockets[SOCKETS];
static union tscf_endpoint place;

static void setup(void)
{
	tscf_netns_enter();
	tscf_netns_run("for n in $(seq 0 %u); do for h in 7 8; do ip addr add 2001:db8:0:$(printf %%x $n)::$h/128 dev "
		       "lo; done; done",
		       SOURCES);
	/* The kernel makes an IPv6 address known to itself in a work queue. */
	tscf_netns_run("for n in $(seq 500); do [ $(ip -6 route show table local | grep -c '::[78] ') -gt %u ] && exit "
		       "0; sleep 0.01; done; "
		       "exit 1",
		       2 * SOURCES + 1);
}

static int new_socket(int i, int type)
{
	int fd = socket(families[i].family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void bind_all(int i, int type)
{
	ck_assert_int_eq(tscf_endpoint_parse(families[i].local, 0, &place), 0);
	for (unsigned n = 0; n < SOCKETS; n++) {
		struct tscf_reuseport r = {.index = n, .count = SOCKETS};

		sockets[n] = new_socket(i, type);
		ck_assert_int_eq(tscf_reuseport_bind(sockets[n], &place, &r), 0);
		if (type == SOCK_STREAM)
			ck_assert_int_eq(listen(sockets[n], 16), 0);
		ck_assert_int_eq(tscf_reuseport_join(sockets[n], &r), 0);
	}
}

static void close_all(void)
{
	for (unsigned n = 0; n < SOCKETS; n++)
		close(sockets[n]);
}

/** @return a socket that has sent something, or has connected, from source number @p n; again: from its next address,
 * if there is one. */
static int reach_from(int i, int type, unsigned n, bool again, struct tscf_addr *source)
{
	int fd = new_socket(i, type);
	union tscf_endpoint from;
	char text[64] = "";

	ck_assert_int_eq(tscf_addr_parse(families[i].source, source), 0);
	source->bytes[families[i].number] = (uint8_t)n;
	if (again && families[i].subnet)
		source->bytes[tscf_addr_size(source->family) - 1]++;
	tscf_endpoint_make(source, 0, &from);
	ck_assert_int_eq(bind(fd, &from.sa, tscf_endpoint_size(&from)), 0);
	if (connect(fd, &place.sa, tscf_endpoint_size(&place)) < 0)
		ck_assert_int_eq(errno, EINPROGRESS);
	if (type == SOCK_DGRAM)
		ck_assert_int_eq(send(fd, text, sizeof(text), 0), sizeof(text));
	return fd;
}

/** @return the only socket that something waits at; what waits is taken. */
static unsigned reached(int type)
{
	struct pollfd p[SOCKETS];
	unsigned which = SOCKETS;
	char buffer[64];

	for (unsigned n = 0; n < SOCKETS; n++)
		p[n] = (struct pollfd){.fd = sockets[n], .events = POLLIN};
	ck_assert_int_eq(poll(p, SOCKETS, 5000), 1);
	for (unsigned n = 0; n < SOCKETS; n++)
		if (p[n].revents)
			which = n;
	if (type == SOCK_DGRAM)
		ck_assert_int_eq(recv(sockets[which], buffer, sizeof(buffer), 0), sizeof(buffer));
	else
		ck_assert_int_eq(close(accept(sockets[which], NULL, NULL)), 0);
	return which;
}

static void try_all(int i, int type)
{
	unsigned seen[SOCKETS] = {0};

	bind_all(i, type);
	for (unsigned n = 0; n < SOURCES; n++) {
		unsigned before = 0;

		/* Another port of the same source makes no difference, nor another address of the same subnet. */
		for (unsigned again = 0; again < 2; again++) {
			struct tscf_addr source;
			int fd = reach_from(i, type, n, again, &source);
			unsigned which = reached(type);

			ck_assert_uint_eq(which, tscf_reuseport_index(&source, SOCKETS));
			if (again)
				ck_assert_uint_eq(which, before);
			before = which;
			seen[which]++;
			close(fd);
		}
	}
	for (unsigned n = 0; n < SOCKETS; n++)
		ck_assert_uint_gt(seen[n], 0);
	close_all();
}

START_TEST(sources_have_their_socket)
{
	for (int t = 0; t < 2; t++)
		try_all(_i, types[t]);
}
END_TEST

/** Neither alone nor as one of several can anybody else listen there. */
START_TEST(place_is_taken)
{
	static const struct tscf_reuseport spreads[] = {{0, 0}, {0, 1}, {0, SOCKETS}};

	for (int t = 0; t < 2; t++) {
		bind_all(_i, types[t]);
		for (int n = 0; n < 3; n++) {
			int fd = new_socket(_i, types[t]);

			ck_assert_int_eq(tscf_reuseport_bind(fd, &place, &spreads[n]), -EADDRINUSE);
			close(fd);
		}
		close_all();
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("reuseport");
	TCase *tcase = tcase_create("reuseport");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, sources_have_their_socket, 0, 2);
	tcase_add_loop_test(tcase, place_is_taken, 0, 2);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
