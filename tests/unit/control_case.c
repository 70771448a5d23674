/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/control_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char directory[64], path[96];
struct control_daemon daemon_end;

const struct tscf_control_event pushed = {.type = TSCF_CONTROL_EVENT_TUNNEL, .up = 1, .reason = "because"};

ino_t inode_of(int fd)
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
	case OP_STALL:
		poll(NULL, 0, (int)call->request.level);
		tscf_control_answer(call, 0, NULL);
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

const struct tscf_control_handler handler = {
    .request = on_request, .gone = on_gone, .brings_descriptor = brings_descriptor, .brings_text = brings_text};

void start_daemon(void)
{
	daemon_end.loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_int_eq(tscf_control_listen(daemon_end.loop, path, 0666, &handler, &daemon_end, &daemon_end.server),
			 0);
	thread_loop_start(&daemon_end.thread, daemon_end.loop);
}

void stop_daemon(void)
{
	thread_loop_stop(&daemon_end.thread);
	tscf_control_close(daemon_end.server, false);
	ev_loop_destroy(daemon_end.loop);
}

void make_directory(void)
{
	strcpy(directory, "/tmp/tscf-control-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	snprintf(path, sizeof(path), "%s/sock", directory);
}

void remove_directory(void)
{
	unlink(path);
	ck_assert_msg(rmdir(directory) == 0, "something is left in %s", directory);
}

void with_daemon(void)
{
	make_directory();
	start_daemon();
}

void without_daemon(void)
{
	stop_daemon();
	ck_assert_msg(access(path, F_OK) != 0, "the socket file is left");
	remove_directory();
}

int ask(unsigned int op, int fd, int timeout_ms)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = op, .level = 2};

	return tscf_control_call(path, &request, fd, timeout_ms, NULL);
}

int try_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	return connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0 ? sock : -1;
}

int connect_raw(void)
{
	int sock = try_connect();

	ck_assert_int_ge(sock, 0);
	return sock;
}

bool hung_up(int sock, int timeout_ms)
{
	struct pollfd readable = {.fd = sock, .events = POLLIN};
	ssize_t got;
	char byte;

	if (poll(&readable, 1, timeout_ms) != 1)
		return false;
	got = recv(sock, &byte, 1, MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno != EAGAIN);
}
