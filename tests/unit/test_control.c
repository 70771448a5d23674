/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket: both ends against each other, and the daemon's end against callers that misbehave. */
#include "common/control/control_wire.h"
#include "tests/unit/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGE_TEXT   (8U << 20)
#define ANSWER_LEVEL 3U
#define NOBODY       65534U

/* What the handler is told to do, by the op of the request. */
enum {
	OP_FINE = TSCF_CONTROL_STATUS,
	OP_TEXT = TSCF_CONTROL_SOCKETS,
	OP_REFUSE = TSCF_CONTROL_STOP,
	OP_NEVER = TSCF_CONTROL_WAIT_UP,
	OP_LARGE = TSCF_CONTROL_SESSIONS,
	OP_WITH_FD = TSCF_CONTROL_SET_LEVEL,
	OP_LEVEL = TSCF_CONTROL_GET_LEVEL,
	OP_STRUCT = TSCF_CONTROL_GET_CONFIG,
	OP_KEEP = TSCF_CONTROL_SUBSCRIBE,
	OP_ECHO = TSCF_CONTROL_RELOAD, /* brings a text */
	OP_PUSH = TSCF_CONTROL_WATCH,  /* `level` times, on a call that is kept */
};

static char directory[64], path[96];

/* The daemon: a loop in a thread.  What it saw is read by the test only while it knows the loop to be idle. */
static struct {
	struct ev_loop *loop;
	struct tscf_control_server *server;
	ev_async stop;
	pthread_t thread;
	_Atomic unsigned int requests, gone;
	struct tscf_control_call_in last;
	_Atomic ino_t fd_inode;
} daemon_end;

/* What is pushed. */
static const struct tscf_control_event pushed = {.type = TSCF_CONTROL_EVENT_TUNNEL, .up = 1, .reason = "because"};

static ino_t inode_of(int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 ? status.st_ino : 0;
}

static void on_request(void *context, struct tscf_control_call_in *call)
{
	static char large[LARGE_TEXT + 1];

	ck_assert_ptr_eq(context, &daemon_end);
	daemon_end.last = *call;
	daemon_end.fd_inode = inode_of(call->fd);
	daemon_end.requests++;
	switch (call->request.op) {
	case OP_TEXT:
		tscf_control_answer(call, 0, "[]");
		break;
	case OP_REFUSE:
		tscf_control_answer(call, EPERM, NULL);
		break;
	case OP_NEVER:
		call->user = &daemon_end;
		break;
	case OP_LARGE:
		memset(large, 'x', LARGE_TEXT);
		tscf_control_answer(call, 0, large);
		break;
	case OP_ECHO:
		tscf_control_answer(call, call->text ? 0 : ENODATA, call->text);
		break;
	case OP_STRUCT:
		tscf_control_answer_with(call, 0, "12345678", 8);
		break;
	case OP_KEEP:
		call->user = &daemon_end;
		tscf_control_keep(call);
		break;
	case OP_PUSH:
		for (unsigned int i = 0; i < call->request.level; i++)
			tscf_control_push(call, &pushed, sizeof(pushed));
		break;
	case OP_LEVEL:
		call->level = ANSWER_LEVEL;
		tscf_control_answer(call, 0, NULL);
		break;
	default:
		tscf_control_answer(call, 0, NULL);
	}
}

static void on_gone(void *context, struct tscf_control_call_in *call)
{
	ck_assert_ptr_eq(context, &daemon_end);
	ck_assert_ptr_eq(call->user, &daemon_end);
	daemon_end.gone++;
}

static bool brings_descriptor(uint32_t op)
{
	return op != OP_FINE;
}

static bool brings_text(uint32_t op)
{
	return op == OP_ECHO;
}

static const struct tscf_control_handler handler = {
    .request = on_request, .gone = on_gone, .brings_descriptor = brings_descriptor, .brings_text = brings_text};

static void on_stop(struct ev_loop *loop, ev_async *watcher, int events)
{
	(void)watcher;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void *run_loop(void *unused)
{
	(void)unused;
	ev_run(daemon_end.loop, 0);
	return NULL;
}

static void start_daemon(void)
{
	daemon_end.loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_int_eq(tscf_control_listen(daemon_end.loop, path, 0666, &handler, &daemon_end, &daemon_end.server),
			 0);
	ev_async_init(&daemon_end.stop, on_stop);
	ev_async_start(daemon_end.loop, &daemon_end.stop);
	ck_assert_int_eq(pthread_create(&daemon_end.thread, NULL, run_loop, NULL), 0);
}

static void stop_daemon(void)
{
	ev_async_send(daemon_end.loop, &daemon_end.stop);
	pthread_join(daemon_end.thread, NULL);
	tscf_control_close(daemon_end.server, false);
	ev_loop_destroy(daemon_end.loop);
}

static void make_directory(void)
{
	strcpy(directory, "/tmp/tscf-control-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	snprintf(path, sizeof(path), "%s/sock", directory);
}

static void remove_directory(void)
{
	unlink(path);
	ck_assert_msg(rmdir(directory) == 0, "something is left in %s", directory);
}

static void with_daemon(void)
{
	make_directory();
	start_daemon();
}

static void without_daemon(void)
{
	stop_daemon();
	ck_assert_msg(access(path, F_OK) != 0, "the socket file is left");
	remove_directory();
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static unsigned int count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

/* Poll @p condition for up to five seconds. */
#define wait_until(condition)                                                                                          \
	do {                                                                                                           \
		int64_t deadline = now_ms() + 5000;                                                                    \
		while (!(condition)) {                                                                                 \
			ck_assert_msg(now_ms() < deadline, "never true: %s", #condition);                              \
			poll(NULL, 0, 5);                                                                              \
		}                                                                                                      \
	} while (0)

static int ask(unsigned int op, int fd, int timeout_ms)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = op, .level = 2};

	return tscf_control_call(path, &request, fd, timeout_ms, NULL);
}

/* @return a connected socket or -1. */
static int try_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	return connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0 ? sock : -1;
}

static int connect_raw(void)
{
	int sock = try_connect();

	ck_assert_int_ge(sock, 0);
	return sock;
}

/* @return whether the daemon hangs up within @p timeout_ms. */
static bool hung_up(int sock, int timeout_ms)
{
	struct pollfd readable = {.fd = sock, .events = POLLIN};
	ssize_t got;
	char byte;

	if (poll(&readable, 1, timeout_ms) != 1)
		return false;
	got = recv(sock, &byte, 1, MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno != EAGAIN);
}

/* --- calls --- */

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

static void *ask_often(void *failures)
{
	int i;

	for (i = 0; i < 200; i++)
		if (ask(OP_WITH_FD, 0, 5000) != 0)
			++*(_Atomic int *)failures;
	return NULL;
}

/* Many threads at once: every call gets its answer. */
START_TEST(threads_do_not_meet)
{
	unsigned int before = count_fds();
	_Atomic int failures = 0;
	pthread_t threads[8];
	size_t i;

	for (i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &failures), 0);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(failures, 0);
	ck_assert_uint_eq(daemon_end.requests, 1600);
	wait_until(count_fds() == before);
}
END_TEST

/* --- callers that misbehave --- */

/* More descriptors than one, in one message or in several: all but the first are closed at once, the first with the
 * call. */
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

/* --- the socket file --- */

static int listen_here(struct tscf_control_server **server)
{
	return tscf_control_listen(daemon_end.loop, path, 0666, &handler, &daemon_end, server);
}

static void turn_for(int milliseconds)
{
	int64_t end = now_ms() + milliseconds;

	while (now_ms() < end) {
		ev_run(daemon_end.loop, EVRUN_NOWAIT);
		poll(NULL, 0, 5);
	}
}

#define turn_until(condition)                                                                                          \
	do {                                                                                                           \
		int64_t end = now_ms() + 3000;                                                                         \
		while (!(condition)) {                                                                                 \
			ck_assert(now_ms() < end);                                                                     \
			turn_for(10);                                                                                  \
		}                                                                                                      \
	} while (0)

/* @return whether it is @p listener that answers at @p name. */
static bool connects_to(int listener, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0), accepted = -1;

	strcpy(address.sun_path, name);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	while ((accepted = accept(listener, NULL, NULL)) >= 0)
		close(accepted);
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
		accepted = accept(listener, NULL, NULL);
	close(sock);
	if (accepted >= 0)
		close(accepted);
	return accepted >= 0;
}

static mode_t mode_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(lstat(name, &status), 0);
	return status.st_mode & 07777;
}

static void with_loop(void)
{
	make_directory();
	daemon_end.loop = ev_loop_new(EVFLAG_AUTO);
}

static void without_loop(void)
{
	ev_loop_destroy(daemon_end.loop);
	remove_directory();
}

/* Missing directories are made so that everyone can reach the socket, whatever the umask; the socket has the mode asked
 * for. */
START_TEST(directories_and_mode)
{
	struct tscf_control_server *server;
	char deep[160];
	mode_t umask_before = umask(077);

	snprintf(deep, sizeof(deep), "%s/a/b/sock", directory);
	ck_assert_int_eq(tscf_control_listen(daemon_end.loop, deep, 0666, &handler, &daemon_end, &server), 0);
	umask(umask_before);
	ck_assert_uint_eq(mode_of(deep), 0666);
	tscf_control_close(server, false);
	ck_assert_int_ne(access(deep, F_OK), 0);
	snprintf(deep, sizeof(deep), "%s/a/b", directory);
	ck_assert_uint_eq(mode_of(deep), 0755);
	ck_assert_int_eq(rmdir(deep), 0);
	snprintf(deep, sizeof(deep), "%s/a", directory);
	ck_assert_uint_eq(mode_of(deep), 0755);
	ck_assert_int_eq(rmdir(deep), 0);
}
END_TEST

START_TEST(stale_file_is_replaced_live_one_is_not)
{
	struct tscf_control_server *first, *second;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	ck_assert_int_eq(ask(OP_FINE, -1, 100), -ECONNREFUSED);
	ck_assert_int_eq(listen_here(&first), 0);
	ck_assert_int_eq(listen_here(&second), -EADDRINUSE);
	ck_assert_int_eq(access(path, F_OK), 0);
	tscf_control_close(first, false);
	ck_assert_int_eq(ask(OP_FINE, -1, 100), -ENOENT);
}
END_TEST

/* What is no socket is not ours to remove. */
START_TEST(other_file_is_left_alone)
{
	struct tscf_control_server *server;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(listen_here(&server), -EADDRINUSE);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* A daemon that stops late does not remove the file of its successor. */
START_TEST(successor_keeps_its_file)
{
	struct tscf_control_server *first, *second;

	ck_assert_int_eq(listen_here(&first), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(listen_here(&second), 0);
	tscf_control_close(first, false);
	ck_assert_int_eq(access(path, F_OK), 0);
	tscf_control_close(second, false);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* A removed file is there again at once, also if its directory has gone; another daemon's is left to it until it dies.
 */
START_TEST(removed_file_comes_back)
{
	char deep[160], parent[128];
	struct tscf_control_server *server;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int other = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(parent, sizeof(parent), "%s/a", directory);
	snprintf(deep, sizeof(deep), "%s/sock", parent);
	ck_assert_int_eq(tscf_control_listen(daemon_end.loop, deep, 0666, &handler, &daemon_end, &server), 0);
	unlink(deep);
	turn_until(access(deep, F_OK) == 0);
	ck_assert_uint_eq(mode_of(deep), 0666);
	ck_assert_int_eq(unlink(deep) | rmdir(parent), 0);
	turn_until(access(deep, F_OK) == 0);
	chmod(deep, 0600);
	turn_until(mode_of(deep) == 0666);

	unlink(deep);
	strcpy(address.sun_path, deep);
	ck_assert_int_eq(bind(other, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(other, 5), 0);
	turn_for(1500);
	ck_assert(connects_to(other, deep));
	close(other);
	turn_until(mode_of(deep) == 0666);
	tscf_control_close(server, false);
	ck_assert_int_eq(rmdir(parent), 0);
}
END_TEST

START_TEST(path_too_long)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = OP_FINE};
	struct tscf_control_server *server;
	char name[200];

	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(tscf_control_listen(daemon_end.loop, name, 0666, &handler, NULL, &server), -ENAMETOOLONG);
	ck_assert_int_eq(tscf_control_call(name, &request, -1, 100, NULL), -ENAMETOOLONG);
}
END_TEST

/* A daemon whose queue is full is waited for, but not for ever. */
START_TEST(full_queue_costs_the_timeout)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), waiting[8], i;
	int64_t start;

	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	for (i = 0; i < 8; i++) {
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(waiting[i], (struct sockaddr *)&address, sizeof(address)) != 0)
			break;
	}
	ck_assert_int_lt(i, 8);
	start = now_ms();
	ck_assert_int_eq(ask(OP_FINE, -1, 200), -ETIMEDOUT);
	ck_assert_int_ge(now_ms() - start, 190);
	ck_assert_int_lt(now_ms() - start, 1500);
	for (; i >= 0; i--)
		close(waiting[i]);
	close(listener);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("control");
	TCase *calls = tcase_create("calls"), *misuse = tcase_create("misuse"), *file = tcase_create("file");

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
	suite_add_tcase(suite, calls);

	tcase_add_checked_fixture(misuse, with_daemon, without_daemon);
	tcase_set_timeout(misuse, 30);
	tcase_add_test(misuse, extra_descriptors_are_closed);
	tcase_add_test(misuse, strange_descriptors_are_not_taken);
	tcase_add_test(misuse, closing_holds_nobody_up);
	tcase_add_test(misuse, request_may_come_in_pieces);
	tcase_add_test(misuse, wrong_magic_is_hung_up_on);
	tcase_add_test(misuse, slow_callers_time_out);
	tcase_add_test(misuse, one_user_cannot_take_all);
	tcase_add_test(misuse, no_descriptors_left);
	tcase_add_test(misuse, close_drops_open_calls);
	suite_add_tcase(suite, misuse);

	tcase_add_checked_fixture(file, with_loop, without_loop);
	tcase_add_test(file, directories_and_mode);
	tcase_add_test(file, stale_file_is_replaced_live_one_is_not);
	tcase_add_test(file, other_file_is_left_alone);
	tcase_add_test(file, successor_keeps_its_file);
	tcase_add_test(file, removed_file_comes_back);
	tcase_add_test(file, path_too_long);
	tcase_add_test(file, full_queue_costs_the_timeout);
	suite_add_tcase(suite, file);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
