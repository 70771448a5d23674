/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What sockets ask for: who comes first, when the server is told, what happens when it does not answer or refuses, and
 * what is told again when a tunnel is new.
 */
#include "tests/unit/client_world.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int udp(uint16_t port)
{
	return world_socket(SOCK_DGRAM, WORLD_PLAIN, port);
}

static int ask_with(struct client_world *w, int fd, uint32_t redundancy, uint32_t flags)
{
	const struct tscf_control_request request = {
	    .op = TSCF_CONTROL_SET_REDUNDANCY, .level = redundancy, .flags = flags};

	return world_ask_as(w, &request, fd, getpid(), 0)->error;
}

static void ask(struct client_world *w, int fd, uint8_t redundancy)
{
	ck_assert_int_eq(ask_with(w, fd, redundancy, 0), 0);
}

static bool granted(struct client_world *w, const char *count)
{
	return strcmp(world_status(w, "redundancy.granted"), count) == 0;
}

/* What a program asks for is told at once, in force when the server has granted it, and ended with the socket. */
WORLD_TEST(asked_and_ended, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	ask(w, fd, TSCF_REDUNDANCY_AUTO);
	world_turn(w);
	ck_assert_int_eq(world_redundancy(w, 5000), TSCF_REDUNDANCY_AUTO);
	ck_assert(granted(w, "1"));
	ask(w, fd, 2);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == 2);
	ask(w, fd, TSCF_REDUNDANCY_NONE);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == -1);
	ck_assert(granted(w, "0"));
	ask(w, fd, 3);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == 3);
	world_close(w, fd);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == -1);
	ck_assert_str_eq(world_status(w, "redundancy.sockets"), "0");
	ck_assert_uint_eq(w->server.count[WORLD_BIND] + w->server.count[WORLD_SHIELD], 0);
}

WORLD_TEST(illegal, NULL)
{
	int fd, file = dup(STDOUT_FILENO);

	world_plain_up(w);
	fd = udp(5000);
	ck_assert_int_ne(ask_with(w, fd, 5, 0), 0);
	ck_assert_int_ne(ask_with(w, file, 1, 0), 0);
	ck_assert_int_ne(ask_with(w, -1, 1, 0), 0);
	world_pass(w, 100);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], 0);
	close(fd);
	close(file);
}

/* A program comes before tscf-run, and what it says stays. */
WORLD_TEST(precedence, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	ck_assert_int_eq(ask_with(w, fd, 1, TSCF_CONTROL_FLAG_DEFAULT), 0);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == 1);
	ask(w, fd, 4);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == 4);
	ck_assert_int_eq(ask_with(w, fd, 1, TSCF_CONTROL_FLAG_DEFAULT), 0);
	world_pass(w, 200);
	ck_assert_int_eq(world_redundancy(w, 5000), 4);
	ask(w, fd, TSCF_REDUNDANCY_NONE);
	ck_assert_int_eq(ask_with(w, fd, 1, TSCF_CONTROL_FLAG_DEFAULT), 0);
	world_pass(w, 200);
	ck_assert_int_eq(world_redundancy(w, 5000), -1);
	close(fd);
}

/* A socket without a port is found when it has one, with no report of its program. */
WORLD_TEST(bound_later, NULL)
{
	int fd = world_socket(SOCK_DGRAM, NULL, 0);

	world_plain_up(w);
	ask(w, fd, 2);
	world_pass(w, 1000);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], 0);
	world_connect(fd, WORLD_SERVICE, 7000);
	WORLD_UNTIL(w, 8000, granted(w, "1"));
	close(fd);
}

/* The request is lost: it is repeated until it is answered; an answer that comes twice changes nothing. */
WORLD_TEST(lost, NULL)
{
	unsigned told;
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	w->server.reaction[WORLD_SOCKETS] = WORLD_LOSES;
	ask(w, fd, 2);
	world_pass(w, 1000);
	ck_assert_uint_ge(w->server.count[WORLD_SOCKETS], 2);
	ck_assert(granted(w, "0"));
	w->server.reaction[WORLD_SOCKETS] = WORLD_TWICE;
	WORLD_UNTIL(w, 10000, granted(w, "1"));
	told = w->server.count[WORLD_SOCKETS];
	world_pass(w, 3000);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], told);
	close(fd);
}

/* What is asked for meanwhile is told after the answer to what was asked for first, which is not in force then. */
WORLD_TEST(changed_meanwhile, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	w->server.reaction[WORLD_SOCKETS] = WORLD_KEEPS;
	ask(w, fd, 2);
	world_turn(w);
	ask(w, fd, 4);
	world_turn(w);
	w->server.reaction[WORLD_SOCKETS] = WORLD_ANSWERS;
	world_answer_all(w, w->i);
	WORLD_UNTIL(w, 8000, world_redundancy(w, 5000) == 4 && granted(w, "1"));
	close(fd);
}

/* The socket ends before the answer: the server is told that, too. */
WORLD_TEST(ended_meanwhile, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	w->server.reaction[WORLD_SOCKETS] = WORLD_KEEPS;
	ask(w, fd, 2);
	world_turn(w);
	world_close(w, fd);
	w->server.reaction[WORLD_SOCKETS] = WORLD_ANSWERS;
	world_answer_all(w, w->i);
	WORLD_UNTIL(w, 8000, world_redundancy(w, 5000) == -1);
	world_pass(w, 1000);
	ck_assert_int_eq(world_redundancy(w, 5000), -1);
}

/* Refused: it says so, does not ask again and again, and has nothing.  A server that is older answers without more. */
WORLD_TEST(refused, NULL)
{
	unsigned told;
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	if (w->i)
		w->server.code[WORLD_SOCKETS] = TSCF_RESPONSE_MALFORMED;
	else
		w->server.refuses_sockets = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	w->server.text = "not here";
	ask(w, fd, 2);
	world_pass(w, 500);
	ck_assert(granted(w, "0"));
	ck_assert_str_eq(world_status(w, "redundancy.sockets"), "1");
	told = w->server.count[WORLD_SOCKETS];
	world_pass(w, 20000);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], told);
	close(fd);
}

/* No room: it is asked again later. */
WORLD_TEST(no_room, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	w->server.refuses_sockets = TSCF_RESPONSE_LIMIT;
	ask(w, fd, 2);
	world_pass(w, 2000);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], 1);
	ck_assert(granted(w, "0"));
	w->server.refuses_sockets = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 8000, granted(w, "1"));
	close(fd);
}

/* The plain tunnel is new: all is told again.  So it is when the server says that it does not know it any more. */
WORLD_TEST(told_again, NULL)
{
	struct tscf_service_entry *e;
	int fd, other;

	world_plain_up(w);
	fd = udp(5000);
	other = udp(5002);
	ask(w, fd, 2);
	ask(w, other, 3);
	WORLD_UNTIL(w, 1000, granted(w, "2"));
	while ((e = tscf_services_next(w->server.services, NULL)))
		tscf_services_remove(w->server.services, e);
	if (w->i)
		w->server.sockets_due = true;
	else
		world_lose_plain(w);
	WORLD_UNTIL(w, 120000, world_redundancy(w, 5000) == 2 && world_redundancy(w, 5002) == 3);
	WORLD_UNTIL(w, 1000, granted(w, "2"));
	close(fd);
	close(other);
}

/* More sockets than one message holds. */
WORLD_TEST(many, NULL)
{
	int fds[3 * TSCF_SOCKETS_PER_MESSAGE];
	unsigned count = sizeof(fds) / sizeof(fds[0]), told;

	world_plain_up(w);
	for (unsigned i = 0; i < count; i++) {
		fds[i] = udp((uint16_t)(5000 + i));
		ask(w, fds[i], 1);
	}
	WORLD_UNTIL(w, 2000, tscf_services_count(w->server.services) == count);
	told = w->server.count[WORLD_SOCKETS];
	w->server.sockets_due = true;
	WORLD_UNTIL(w, 120000, w->server.count[WORLD_SOCKETS] > told);
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], told + 3);
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/* It stays when the socket moves, and is asked for by a socket that is encrypted already. */
WORLD_TEST(moves, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = udp(5000);
	unsigned told;

	ask(w, keeper, 1);
	ask(w, fd, 2);
	WORLD_UNTIL(w, 1000, granted(w, "2"));
	told = w->server.count[WORLD_SOCKETS];
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	WORLD_UNTIL(w, 1000, !world_bound(w, 5000));
	ck_assert_int_eq(world_redundancy(w, 5000), 2);
	ck_assert_int_eq(world_redundancy(w, 4000), 1);
	ck_assert(granted(w, "2"));
	ck_assert_uint_eq(w->server.count[WORLD_SOCKETS], told);
	close(fd);
	close(keeper);
}

static bool has_heard(const struct world_call *call, bool available, bool enabled)
{
	const struct tscf_control_event *e = &call->event[0];

	return call->events > 0 && e->type == TSCF_CONTROL_EVENT_REDUNDANCY && e->available == available &&
	       e->enabled == enabled;
}

/* A program that watches its socket hears when it has redundancy, when it does not, and that the server refuses it. */
WORLD_TEST(watched, NULL)
{
	struct world_call *call;
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	call = world_call(w, TSCF_CONTROL_SUBSCRIBE, -1);
	world_ask_again(w, call, TSCF_CONTROL_WATCH, fd, 0);
	ask(w, fd, 2);
	WORLD_UNTIL(w, 1000, has_heard(call, true, true));
	ask(w, fd, TSCF_REDUNDANCY_NONE);
	WORLD_UNTIL(w, 1000, has_heard(call, true, false));
	w->server.refuses_sockets = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	ask(w, fd, 3);
	WORLD_UNTIL(w, 1000, has_heard(call, false, false));
	close(fd);
}

static int ask_datagram(struct client_world *w, int fd, uint32_t datagram, uint32_t flags)
{
	const struct tscf_control_request request = {
	    .op = TSCF_CONTROL_SET_DATAGRAM, .level = datagram, .flags = flags};

	return world_ask_as(w, &request, fd, getpid(), 0)->error;
}

/* @return what the server knows of the socket, or NULL. */
static const struct tscf_services_of *at_server(struct client_world *w, uint16_t port)
{
	struct tscf_binding_key key = {.protocol = IPPROTO_UDP, .local_port = port};
	const struct tscf_service_entry *e;

	ck_assert_int_eq(tscf_addr_parse(WORLD_PLAIN, &key.local), 0);
	e = tscf_services_get(w->server.services, &key);
	return e ? &e->now : NULL;
}

/* Datagrams are asked for beside redundancy: neither changes the other, nor who comes first in it. */
WORLD_TEST(datagrams, NULL)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_PREFERRED, TSCF_CONTROL_FLAG_DEFAULT), 0);
	WORLD_UNTIL(w, 1000, at_server(w, 5000) && at_server(w, 5000)->datagram);
	ask(w, fd, 2);
	WORLD_UNTIL(w, 1000, world_redundancy(w, 5000) == 2);
	ck_assert(at_server(w, 5000)->datagram);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_DEFAULT, 0), 0);
	WORLD_UNTIL(w, 1000, !at_server(w, 5000)->datagram);
	ck_assert_int_eq(world_redundancy(w, 5000), 2);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_PREFERRED, TSCF_CONTROL_FLAG_DEFAULT), 0);
	world_pass(w, 200);
	ck_assert(!at_server(w, 5000)->datagram);
	ask(w, fd, TSCF_REDUNDANCY_NONE);
	WORLD_UNTIL(w, 1000, !at_server(w, 5000));
	close(fd);
}

/* Only UDP can; a socket that wants none is no matter of the server's. */
WORLD_TEST(datagrams_of_few, NULL)
{
	int tcp, fd;

	world_plain_up(w);
	tcp = world_socket(SOCK_STREAM, WORLD_PLAIN, 5001);
	fd = udp(5000);
	ck_assert_int_eq(ask_datagram(w, tcp, TSCF_DATAGRAM_PREFERRED, 0), EOPNOTSUPP);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_NEVER + 1, 0), EINVAL);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_NEVER, 0), 0);
	world_pass(w, 500);
	ck_assert_ptr_null(at_server(w, 5000));
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_PREFERRED, 0), 0);
	WORLD_UNTIL(w, 1000, at_server(w, 5000) && at_server(w, 5000)->datagram);
	ck_assert_int_eq(ask_datagram(w, fd, TSCF_DATAGRAM_NEVER, 0), 0);
	WORLD_UNTIL(w, 1000, !at_server(w, 5000));
	close(fd);
	close(tcp);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client asks");
	TCase *sockets = tcase_create("sockets"), *wire = tcase_create("wire");

	tcase_add_test(sockets, asked_and_ended);
	tcase_add_test(sockets, illegal);
	tcase_add_test(sockets, precedence);
	tcase_add_test(sockets, bound_later);
	tcase_add_test(sockets, moves);
	tcase_add_test(sockets, watched);
	tcase_add_test(sockets, datagrams);
	tcase_add_test(sockets, datagrams_of_few);
	tcase_add_test(wire, lost);
	tcase_add_loop_test(wire, changed_meanwhile, 0, 2);
	tcase_add_loop_test(wire, ended_meanwhile, 0, 2);
	tcase_add_loop_test(wire, refused, 0, 2);
	tcase_add_test(wire, no_room);
	tcase_add_loop_test(wire, told_again, 0, 2);
	tcase_add_test(wire, many);
	suite_add_tcase(s, sockets);
	suite_add_tcase(s, wire);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
