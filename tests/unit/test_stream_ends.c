/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How connections of the stream transports begin and end: in time, over a limit, refused, and from any callback. */
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"
#include "tests/unit/stream_case.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void run_out_of_time(void)
{
	struct tscf_stream *stream = (struct tscf_stream *)server.transport;

	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(stream->waiting_count, 1);
	ck_assert_double_gt(stream->waiting->deadline, ev_now(loop) + TSCF_STREAM_SECONDS - 1);
	stream->waiting->deadline = ev_now(loop);
	ev_timer_stop(loop, &stream->deadline_timer);
	ev_timer_set(&stream->deadline_timer, 0, 0);
	ev_timer_start(loop, &stream->deadline_timer);
	tscf_test_run_for(loop, 0.05);
	ck_assert_ptr_null(stream->peers);
	ck_assert_ptr_null(stream->sources.by_addr);
}

/* Slow loris. */
START_TEST(who_says_nothing_is_closed_in_time)
{
	char byte;
	int fd;

	start_server(_i);
	server.adopts = false;
	fd = raw_connection();
	ck_assert_int_eq(send(fd, _i == TLS ? "\x16" : "\x10", 1, 0), 1);
	run_out_of_time();
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	ck_assert_uint_eq(server.down, _i == TLS ? 0 : 1);
	close(fd);
}
END_TEST

START_TEST(who_is_not_adopted_is_closed_in_time)
{
	struct transport_end client = {0};

	start_server(_i);
	server.adopts = false;
	come_up(&client, _i);
	run_out_of_time();
	ck_assert_int_eq(server.error, ETIMEDOUT);
	ck_assert(tscf_test_run_until(loop, transport_is_down, &client, 5));
	tscf_transport_close(client.transport);
}
END_TEST

/* By somebody who knows its number only, and not from a handler. */
START_TEST(who_is_adopted_later_stays)
{
	struct transport_end client = {0}, other = {0};
	uint64_t serial;

	start_server(_i);
	server.adopts = false;
	come_up(&client, _i);
	serial = tscf_stream_serial(server.peer);
	ck_assert_ptr_eq(tscf_stream_waiting(server.transport, serial), server.peer);
	ck_assert_ptr_null(tscf_stream_waiting(server.transport, serial + 1));
	tscf_stream_adopt(server.peer, &server);
	ck_assert_ptr_null(tscf_stream_waiting(server.transport, serial));
	ck_assert_ptr_null(((struct tscf_stream *)server.transport)->waiting);
	check_alive(&client);
	tscf_transport_close(client.transport);
	ck_assert(tscf_test_run_until(loop, transport_is_down, &server, 5));
	server.up = server.down = 0;
	come_up(&other, _i);
	ck_assert_uint_ne(tscf_stream_serial(server.peer), serial);
	tscf_transport_close(other.transport);
}
END_TEST

START_TEST(one_source_has_a_limit)
{
	int fd[TSCF_STREAM_PENDING_PER_SOURCE + 5];
	struct tscf_stream *stream;

	start_server(_i);
	server.adopts = false;
	for (unsigned i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		fd[i] = raw_connection();
		ev_run(loop, EVRUN_NOWAIT);
	}
	tscf_test_run_for(loop, 0.1);
	stream = (struct tscf_stream *)server.transport;
	ck_assert_uint_eq(stream->waiting_count, TSCF_STREAM_PENDING_PER_SOURCE);
	ck_assert_uint_eq(stream->transport.counters.refused, 5);
	for (unsigned i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		close(fd[i]);
}
END_TEST

START_TEST(adopted_connections_do_not_count)
{
	struct transport_end client[20] = {0};

	start_server(_i);
	for (unsigned i = 0; i < 20; i++)
		connect_to(&client[i], _i);
	for (unsigned i = 0; i < 20; i++)
		ck_assert(tscf_test_run_until(loop, transport_is_up, &client[i], 9));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(((struct tscf_stream *)server.transport)->waiting_count, 0);
	ck_assert_uint_eq(server.up, 20);
	for (unsigned i = 0; i < 20; i++) {
		check_alive(&client[i]);
		tscf_transport_close(client[i].transport);
	}
}
END_TEST

START_TEST(nobody_there_is_told)
{
	struct transport_end client = {0};

	start_server(_i);
	shutdown(server.transport->fd, SHUT_RDWR);
	connect_to(&client, _i);
	ck_assert(tscf_test_run_until(loop, transport_is_settled, &client, 5));
	ck_assert_uint_eq(client.down, 1);
	ck_assert_int_eq(client.error, ECONNREFUSED);
	tscf_transport_close(client.transport);
}
END_TEST

START_TEST(a_connected_socket_is_taken_over)
{
	struct transport_end client = {0};
	int fd;

	start_server(_i);
	fd = raw_connection();
	if (_i == TLS)
		ck_assert_int_eq(
		    tscf_tls_stream_attach(loop, client_tls, fd, &handler, &client, &client.transport, &client.peer),
		    0);
	else
		ck_assert_int_eq(tscf_tcp_attach(loop, fd, &handler, &client, &client.transport, &client.peer), 0);
	ck_assert_uint_eq(client.up, 0);
	ck_assert(tscf_test_run_until(loop, transport_is_settled, &client, 5));
	ck_assert_msg(client.up == 1, "%s", client.reason);
	check_alive(&client);
	tscf_transport_close(client.transport);
	ck_assert_int_eq(tscf_tcp_attach(loop, STDIN_FILENO, &handler, &client, &client.transport, &client.peer),
			 -ENOTSOCK);
}
END_TEST

START_TEST(the_server_may_end_it)
{
	struct transport_end client = {0};

	start_server(_i);
	come_up(&client, _i);
	check_alive(&client);
	tscf_peer_close(server.peer);
	ck_assert(tscf_test_run_until(loop, transport_is_down, &client, 5));
	ck_assert_int_eq(client.error, ECONNRESET);
	tscf_transport_close(client.transport);
}
END_TEST

/* Last words arrive although there is more to read at the end that says them. */
START_TEST(last_words_arrive)
{
	struct transport_end client = {0};

	start_server(_i);
	server.echo = false;
	come_up(&client, _i);
	ev_io_stop(loop, &stream_peer(&server)->readable);
	send_numbers(&client, 0, 30);
	ev_run(loop, EVRUN_NOWAIT);
	send_message(&server);
	tscf_peer_close(server.peer);
	ck_assert(tscf_test_run_until(loop, transport_is_down, &client, 5));
	ck_assert_uint_eq(client.messages, 1);
	tscf_transport_close(client.transport);
}
END_TEST

/* From each callback, at either end, the peer or the whole transport. */
START_TEST(handlers_may_close_what_they_want)
{
	struct transport_end client = {0};
	struct transport_end *who = _i & 1 ? &client : &server;
	bool all = _i & 2;
	int when = _i / 4 % 3, kind = _i / 12;

	start_server(kind);
	*(when == 0   ? all ? &who->closes_when_up : &who->closes_peer_when_up
	  : when == 1 ? all ? &who->closes_when_received : &who->closes_peer_when_received
	  : all       ? &who->closes_when_down
		      : &who->closes_peer_when_down) = true;
	connect_to(&client, kind);
	tscf_test_run_until(loop, transport_is_settled, &client, 5);
	if (client.transport && client.peer && client.down == 0)
		send_message(&client);
	tscf_test_run_for(loop, 0.05);
	if (when == 2 && who == &client && server.peer)
		tscf_peer_close(server.peer);
	if (when == 2 && who == &server && client.transport) {
		tscf_transport_close(client.transport);
		client.transport = NULL;
	}
	tscf_test_run_for(loop, 0.05);
	if (all)
		ck_assert(transport_is_closed(who));
	if (client.transport)
		tscf_transport_close(client.transport);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream ends");
	TCase *tests = stream_tests("ends");

	tcase_add_loop_test(tests, who_says_nothing_is_closed_in_time, 0, BOTH);
	tcase_add_loop_test(tests, who_is_not_adopted_is_closed_in_time, 0, BOTH);
	tcase_add_loop_test(tests, who_is_adopted_later_stays, 0, BOTH);
	tcase_add_loop_test(tests, one_source_has_a_limit, 0, BOTH);
	tcase_add_loop_test(tests, adopted_connections_do_not_count, 0, BOTH);
	tcase_add_loop_test(tests, nobody_there_is_told, 0, BOTH);
	tcase_add_loop_test(tests, a_connected_socket_is_taken_over, 0, BOTH);
	tcase_add_loop_test(tests, the_server_may_end_it, 0, BOTH);
	tcase_add_loop_test(tests, last_words_arrive, 0, BOTH);
	tcase_add_loop_test(tests, handlers_may_close_what_they_want, 0, 24);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return stream_main(make_suite);
}
