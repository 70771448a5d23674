/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's end of the control socket against callers that misbehave. */
#include "common/control/discard.h"
#include "tests/unit/control_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534U

/* Three descriptors, and as much of the request as there is room for. */
static void send_descriptors(int sock, const struct tscf_control_request *request, size_t size, int first)
{
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec data = {.iov_base = (void *)(uintptr_t)request, .iov_len = size};
	struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[3] = {first, 1, 2};

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	ck_assert_int_eq(sendmsg(sock, &message, 0), size);
}

/* More descriptors than one, in one message or in several: all but the first are closed at once, the first with the
 * call. */
START_TEST(extra_descriptors_are_closed)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_NEVER};
	unsigned int before = count_fds();
	int sock = connect_raw(), fd = socket(AF_INET, SOCK_DGRAM, 0);

	send_descriptors(sock, &request, sizeof(request), fd);
	wait_until(daemon_end.requests == 1);
	ck_assert_uint_eq(daemon_end.fd_inode, inode_of(fd));
	/* Ours, the daemon's end of it, and one descriptor on each side. */
	ck_assert_uint_eq(count_fds(), before + 4);
	close(sock);
	close(fd);
	wait_until(daemon_end.gone == 1 && count_fds() == before);
}
END_TEST

/* What is no internet socket is not handed on, and what brings descriptors where none are expected, or with half a
 * request, is hung up on. */
START_TEST(strange_descriptors_are_not_taken)
{
	const struct tscf_control_request fine = {.magic = TSCF_CONTROL_MAGIC, .op = OP_FINE};
	const struct tscf_control_request with = {.magic = TSCF_CONTROL_MAGIC, .op = OP_WITH_FD};
	int unexpected = connect_raw(), half = connect_raw(), file = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(ask(OP_WITH_FD, file, 2000), 0);
	ck_assert_int_eq(daemon_end.last.fd, -1);
	ck_assert_int_eq(ask(OP_WITH_FD, unexpected, 2000), 0);
	ck_assert_int_eq(daemon_end.last.fd, -1);
	send_descriptors(unexpected, &fine, sizeof(fine), file);
	ck_assert(hung_up(unexpected, 2000));
	send_descriptors(half, &with, sizeof(with) - 1, file);
	ck_assert(hung_up(half, 2000));
	ck_assert_uint_eq(daemon_end.requests, 2);
	close(unexpected);
	close(half);
	close(file);
}
END_TEST

/* A TCP socket whose close() waits: @p seconds for a peer that does not read. */
static int lingering_socket(int *peer, int seconds)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = seconds};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	static char some[1 << 16];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, length), 0);
	*peer = accept(listener, NULL, NULL);
	close(listener);
	while (send(fd, some, sizeof(some), MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

/* close(), by a thread that ends. */
static void *close_one(void *fd)
{
	close(*(int *)fd);
	return NULL;
}

/* Wherever the last descriptor of a socket that lingers is closed, in the request or unread, others are served. */
START_TEST(closing_holds_nobody_up)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_WITH_FD};
	const struct tscf_control_request fine = {.magic = TSCF_CONTROL_MAGIC, .op = OP_FINE};
	int i, answer;

	for (i = 0; i < 3; i++) {
		int peer, fd = lingering_socket(&peer, 30), sock = connect_raw();
		int64_t start = now_ms();
		pthread_t thread;

		send_descriptors(sock, i == 0 ? &fine : &request, i == 1 ? sizeof(request) - 1 : sizeof(request), fd);
		pthread_create(&thread, NULL, close_one, &fd);
		poll(NULL, 0, 20);
		ck_assert_int_eq(ask(OP_FINE, -1, 2000), 0);
		ck_assert_int_lt(now_ms() - start, 1000);
		/* A thread that was held up is replaced; a user who did it, root excepted, is held off for a while. */
		answer = ask(OP_WITH_FD, peer, 2000);
		ck_assert(answer == 0 || (geteuid() != 0 && answer == EACCES));
		ck_assert_int_lt(now_ms() - start, 2000);
		close(peer);
		pthread_join(thread, NULL);
		close(sock);
	}
}
END_TEST

/* Its port is free for a program that starts again, before any turn of the loop. */
START_TEST(a_datagram_socket_is_closed_at_once)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct tscf_discard *discard = tscf_discard_new(loop);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), again = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	tscf_discard_add(discard, fd);
	ck_assert_int_eq(bind(again, (struct sockaddr *)&address, length), 0);
	close(again);
	tscf_discard_free(discard);
	ev_loop_destroy(loop);
}
END_TEST

START_TEST(request_may_come_in_pieces)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_FINE};
	struct tscf_control_reply reply;
	int sock = connect_raw();
	size_t at;

	for (at = 0; at < sizeof(request); at++)
		ck_assert_int_eq(send(sock, (const char *)&request + at, 1, 0), 1);
	ck_assert_int_eq(recv(sock, &reply, sizeof(reply), MSG_WAITALL), sizeof(reply));
	ck_assert_uint_eq(reply.magic, TSCF_CONTROL_MAGIC);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_uint_eq(reply.length, 0);
	ck_assert(hung_up(sock, 2000));
	close(sock);
}
END_TEST

START_TEST(wrong_magic_is_hung_up_on)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC + 1, .op = OP_FINE};
	int sock = connect_raw();

	ck_assert_int_eq(send(sock, &request, sizeof(request), 0), sizeof(request));
	ck_assert(hung_up(sock, 2000));
	ck_assert_uint_eq(daemon_end.requests, 0);
	close(sock);
}
END_TEST

/* One that says nothing, one that says half of it, one that does not read: all hung up on after five seconds, others
 * served meanwhile. */
START_TEST(slow_callers_time_out)
{
	const struct tscf_control_request large = {.magic = TSCF_CONTROL_MAGIC, .op = OP_LARGE};
	unsigned int before = count_fds();
	int silent = connect_raw(), half = connect_raw(), deaf = connect_raw();
	int64_t start = now_ms();

	ck_assert_int_eq(send(half, &large, 10, 0), 10);
	ck_assert_int_eq(send(deaf, &large, sizeof(large), 0), sizeof(large));
	wait_until(daemon_end.requests == 1);
	ck_assert_int_eq(ask(OP_FINE, -1, 1000), 0);
	ck_assert(!hung_up(silent, 3000));
	ck_assert(hung_up(silent, 4000));
	ck_assert(hung_up(half, 2000));
	ck_assert_int_ge(now_ms() - start, 4900);
	wait_until(count_fds() == before + 3);
	close(silent);
	close(half);
	close(deaf);
}
END_TEST

/* One user's connections do not keep another out. */
START_TEST(one_user_cannot_take_all)
{
	struct rlimit limit;
	int ready[2];
	pid_t pid;
	char byte;

	if (getuid() != 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int i;

		/* The child of a process with threads: nothing that allocates, as check's assertions do. */
		if (setuid(NOBODY) != 0)
			_exit(1);
		for (i = 0; i < 1500; i++)
			if (try_connect() < 0)
				_exit(1);
		_exit(write(ready[1], "x", 1) == 1 ? pause() : 1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(ask(OP_FINE, -1, 2000), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
}
END_TEST

static double cpu_seconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* A daemon without a descriptor left neither spins nor forgets who waits. */
START_TEST(no_descriptors_left)
{
	struct rlimit limit, none;
	double before;
	pid_t pid;
	int status;

	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 100);
		_exit(ask(OP_FINE, -1, 5000) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	before = cpu_seconds();
	poll(NULL, 0, 1000);
	ck_assert_double_lt(cpu_seconds() - before, 0.2);
	ck_assert_uint_eq(daemon_end.requests, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Closing with calls open: the handler is not told, nothing leaks (the sanitizers and the count look). */
START_TEST(close_drops_open_calls)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_NEVER};
	unsigned int before = count_fds();
	int silent = connect_raw(), waiting = connect_raw();

	ck_assert_int_eq(send(waiting, &request, sizeof(request), 0), sizeof(request));
	wait_until(daemon_end.requests == 1 && count_fds() == before + 4);
	stop_daemon();
	ck_assert(hung_up(silent, 6000) && hung_up(waiting, 6000));
	ck_assert_uint_eq(daemon_end.gone, 0);
	close(silent);
	close(waiting);
	start_daemon();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("control misuse");
	TCase *misuse = tcase_create("misuse");

	tcase_add_checked_fixture(misuse, with_daemon, without_daemon);
	tcase_set_timeout(misuse, 30);
	tcase_add_test(misuse, extra_descriptors_are_closed);
	tcase_add_test(misuse, strange_descriptors_are_not_taken);
	tcase_add_test(misuse, closing_holds_nobody_up);
	tcase_add_test(misuse, a_datagram_socket_is_closed_at_once);
	tcase_add_test(misuse, request_may_come_in_pieces);
	tcase_add_test(misuse, wrong_magic_is_hung_up_on);
	tcase_add_test(misuse, slow_callers_time_out);
	tcase_add_test(misuse, one_user_cannot_take_all);
	tcase_add_test(misuse, no_descriptors_left);
	tcase_add_test(misuse, close_drops_open_calls);
	suite_add_tcase(suite, misuse);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
