/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls through the control socket: both ends against each other. */
#include "tests/unit/control_case.h"
#include "tests/unit/runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The descriptor that arrives is the one sent, the daemon knows who asks, and closes its copy. */
START_TEST(descriptor_and_caller_arrive)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int before = count_fds();

	errno = ERANGE;
	ck_assert_int_eq(ask(OP_WITH_FD, fd, 2000), 0);
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_uint_eq(daemon_end.last.request.op, OP_WITH_FD);
	ck_assert_uint_eq(daemon_end.last.request.level, 2);
	ck_assert_uint_eq(daemon_end.fd_inode, inode_of(fd));
	ck_assert_int_eq(daemon_end.last.pid, getpid());
	ck_assert_uint_eq(daemon_end.last.uid, getuid());
	ck_assert_uint_eq(daemon_end.last.gid, getgid());
	wait_until(count_fds() == before);
	close(fd);
}
END_TEST

/* Errors of the daemon are positive, those of the way to it negative; errno is kept in both. */
START_TEST(errors_are_told_apart)
{
	errno = ERANGE;
	ck_assert_int_eq(ask(OP_REFUSE, -1, 2000), EPERM);
	ck_assert_int_eq(ask(OP_WITH_FD, 12345, 2000), -EBADF);
	ck_assert_int_eq(errno, ERANGE);
}
END_TEST

START_TEST(level_comes_back)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_LEVEL};
	uint32_t level = 99;

	ck_assert_int_eq(tscf_control_call(path, &request, -1, 2000, &level), 0);
	ck_assert_uint_eq(level, ANSWER_LEVEL);
}
END_TEST

/* A daemon that never answers costs the timeout, no more, and learns that the caller has gone. */
START_TEST(hanging_daemon_costs_the_timeout)
{
	int64_t start = now_ms();

	ck_assert_int_eq(ask(OP_NEVER, -1, 200), -ETIMEDOUT);
	ck_assert_int_ge(now_ms() - start, 190);
	ck_assert_int_lt(now_ms() - start, 1500);
	wait_until(daemon_end.gone == 1);
}
END_TEST

START_TEST(text_comes_whole)
{
	const struct tscf_control_request small = {.magic = TSCF_CONTROL_MAGIC, .op = OP_TEXT};
	const struct tscf_control_request large = {.magic = TSCF_CONTROL_MAGIC, .op = OP_LARGE};
	char *text;

	ck_assert_int_eq(tscf_control_query(path, &small, 2000, &text), 0);
	ck_assert_str_eq(text, "[]");
	free(text);
	ck_assert_int_eq(tscf_control_query(path, &large, 5000, &text), 0);
	ck_assert_uint_eq(strlen(text), LARGE_TEXT);
	ck_assert_uint_eq(strspn(text, "x"), LARGE_TEXT);
	free(text);
}
END_TEST

/* The longest text, and none, arrive as they are. */
START_TEST(question_comes_along)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_ECHO};
	char question[TSCF_CONTROL_TEXT_MAX + 2], *text;

	memset(question, 'q', sizeof(question));
	question[TSCF_CONTROL_TEXT_MAX] = '\0';
	ck_assert_int_eq(tscf_control_ask(path, &request, question, 2000, &text), 0);
	ck_assert_str_eq(text, question);
	free(text);
	ck_assert_int_eq(tscf_control_ask(path, &request, NULL, 2000, &text), ENODATA);
	ck_assert_int_eq(tscf_control_ask(path, &request, "", 2000, &text), ENODATA);
	question[TSCF_CONTROL_TEXT_MAX] = 'q';
	question[TSCF_CONTROL_TEXT_MAX + 1] = '\0';
	ck_assert_int_eq(tscf_control_ask(path, &request, question, 2000, &text), -EMSGSIZE);
}
END_TEST

/* Byte by byte is as good; a text that is too long, and one with a descriptor, are hung up on. */
START_TEST(question_comes_in_pieces)
{
	struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_ECHO, .text_length = 5};
	struct tscf_control_reply reply;
	char text[5];
	int sock = connect_raw();

	for (unsigned int i = 0; i < sizeof(request); i++)
		ck_assert_int_eq(send(sock, (char *)&request + i, 1, MSG_NOSIGNAL), 1);
	for (unsigned int i = 0; i < 5; i++) {
		poll(NULL, 0, 2);
		ck_assert_int_eq(send(sock, &"hello"[i], 1, MSG_NOSIGNAL), 1);
	}
	ck_assert_int_eq(tscf_control_receive_reply(sock, &reply, tscf_control_deadline(2000)), 0);
	ck_assert_uint_eq(reply.length, 5);
	ck_assert_int_eq(tscf_control_receive(sock, text, 5, tscf_control_deadline(2000)), 0);
	ck_assert_mem_eq(text, "hello", 5);
	close(sock);

	request.text_length = TSCF_CONTROL_TEXT_MAX + 1;
	sock = connect_raw();
	ck_assert_int_eq(send(sock, &request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
	ck_assert(hung_up(sock, 2000));
	close(sock);

	request.text_length = 1;
	sock = connect_raw();
	ck_assert_int_eq(send(sock, &request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
	ck_assert(!hung_up(sock, 50));
	ck_assert_int_eq(tscf_control_send(sock, &request, sock, tscf_control_deadline(2000)), 0);
	ck_assert(hung_up(sock, 2000));
	close(sock);
}
END_TEST

/* A struct of another version of the daemon: what is missing is zero, what is more is left. */
START_TEST(structs_may_differ_in_size)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_STRUCT};
	char larger[12], smaller[4];

	memset(larger, 'x', sizeof(larger));
	ck_assert_int_eq(tscf_control_fetch(path, &request, 2000, larger, sizeof(larger)), 0);
	ck_assert_mem_eq(larger, "12345678\0\0\0\0", sizeof(larger));
	ck_assert_int_eq(tscf_control_fetch(path, &request, 2000, smaller, sizeof(smaller)), 0);
	ck_assert_mem_eq(smaller, "1234", sizeof(smaller));
}
END_TEST

/* --- calls that are kept --- */

static int subscribe(void)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_KEEP};
	int sock = tscf_control_dial(path, &request, -1, tscf_control_deadline(2000));
	struct tscf_control_reply reply;

	ck_assert_int_ge(sock, 0);
	ck_assert_int_eq(tscf_control_receive_reply(sock, &reply, tscf_control_deadline(2000)), 0);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_uint_eq(reply.length, 0);
	return sock;
}

static void ask_for(int sock, unsigned int count, int fd)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_PUSH, .level = count};

	ck_assert_int_eq(tscf_control_send(sock, &request, fd, tscf_control_deadline(2000)), 0);
}

/* @return the error of the next reply; one without brings an event. */
static int next_reply(int sock)
{
	struct tscf_control_reply reply;
	struct tscf_control_event event;
	int64_t deadline = tscf_control_deadline(5000);

	ck_assert_int_eq(tscf_control_receive_reply(sock, &reply, deadline), 0);
	if (reply.error != 0)
		return reply.error;
	ck_assert_uint_eq(reply.length, sizeof(event));
	ck_assert_int_eq(tscf_control_receive(sock, &event, sizeof(event), deadline), 0);
	ck_assert_mem_eq(&event, &pushed, sizeof(event));
	return 0;
}

/* Requests go on, their descriptors are closed, and what is pushed comes whole and in order; the end is told of. */
START_TEST(kept_call)
{
	unsigned int before = count_fds(), i;
	int sock = subscribe();

	for (i = 0; i < 3; i++) {
		ask_for(sock, 100, 0);
		ask_for(sock, 0, 1);
	}
	for (i = 0; i < 300; i++)
		ck_assert_int_eq(next_reply(sock), 0);
	wait_until(daemon_end.requests == 7);
	wait_until(count_fds() == before + 2);
	ck_assert_uint_eq(daemon_end.gone, 0);
	close(sock);
	wait_until(daemon_end.gone == 1 && count_fds() == before);
}
END_TEST

/* Who does not read is dropped and reads why, others are served. */
START_TEST(kept_call_that_does_not_read)
{
	unsigned int before = count_fds();
	int deaf = subscribe(), other = subscribe();
	int error = 0, got = 0;

	ask_for(deaf, 20000, -1);
	wait_until(daemon_end.requests == 3);
	ask_for(other, 1, -1);
	ck_assert_int_eq(next_reply(other), 0);
	while ((error = next_reply(deaf)) == 0)
		got++;
	ck_assert_int_eq(error, ENOBUFS);
	ck_assert_int_lt(got, 20000);
	ck_assert(hung_up(deaf, 6000));
	wait_until(daemon_end.gone == 1);
	close(deaf);
	close(other);
	wait_until(daemon_end.gone == 2 && count_fds() == before);
}
END_TEST

#define CALLS  400
#define STALLS 3

static void *ask_often(void *failures)
{
	int i;

	for (i = 0; i < CALLS; i++)
		if (ask(OP_WITH_FD, 0, 5000) != 0)
			++*(_Atomic int *)failures;
	return NULL;
}

/* Many threads at once: every call gets its answer, although the loop is late for what the intake has reported. */
START_TEST(threads_do_not_meet)
{
	const struct tscf_control_request stall = {.magic = TSCF_CONTROL_MAGIC, .op = OP_STALL, .level = 700};
	unsigned int before = count_fds();
	_Atomic int failures = 0;
	pthread_t threads[8];
	size_t i;

	for (i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &failures), 0);
	for (i = 0; i < STALLS; i++)
		ck_assert_int_eq(tscf_control_call(path, &stall, -1, 5000, NULL), 0);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(failures, 0);
	ck_assert_uint_eq(daemon_end.requests, 8 * CALLS + STALLS);
	wait_until(count_fds() == before);
}
END_TEST

/* Make a connection whose last close() waits until the other end, *peer, has read what there is. */
static int lingering(int *peer)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 20};
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	static const char text[65536];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&addr, &length), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	*peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(*peer, 0);
	close(listener);
	while (send(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

struct stalled {
	int fd, result;
};

static void *ask_and_stall(void *data)
{
	const struct tscf_control_request stall = {.magic = TSCF_CONTROL_MAGIC, .op = OP_STALL, .level = 700};
	struct stalled *s = data;

	s->result = tscf_control_call(path, &stall, s->fd, 5000, NULL);
	return NULL;
}

/* The loop has been busy when it has the intake close a descriptor, and that takes a moment: nobody is to blame. */
START_TEST(a_late_loop_blames_nobody)
{
	char text[65536];
	struct stalled s;
	pthread_t thread;
	int peer;

	s.fd = lingering(&peer);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask_and_stall, &s), 0);
	wait_until(daemon_end.requests == 1);
	close(s.fd);
	poll(NULL, 0, 850);
	while (read(peer, text, sizeof(text)) > 0)
		;
	pthread_join(thread, NULL);
	ck_assert_int_eq(s.result, 0);
	close(peer);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("control");
	TCase *calls = tcase_create("calls");

	tcase_add_checked_fixture(calls, with_daemon, without_daemon);
	tcase_set_timeout(calls, 30);
	tcase_add_test(calls, descriptor_and_caller_arrive);
	tcase_add_test(calls, errors_are_told_apart);
	tcase_add_test(calls, level_comes_back);
	tcase_add_test(calls, hanging_daemon_costs_the_timeout);
	tcase_add_test(calls, text_comes_whole);
	tcase_add_test(calls, question_comes_along);
	tcase_add_test(calls, question_comes_in_pieces);
	tcase_add_test(calls, structs_may_differ_in_size);
	tcase_add_test(calls, kept_call);
	tcase_add_test(calls, kept_call_that_does_not_read);
	tcase_add_test(calls, threads_do_not_meet);
	tcase_add_test(calls, a_late_loop_blames_nobody);
	suite_add_tcase(suite, calls);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
