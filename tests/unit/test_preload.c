/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Real processes under libtscf-preload.so (preload_child.c), and a control server that only writes down what it is
 * asked.
 */
#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/control/control.h"
#include "tests/unit/copy_file.h"
#include "tests/unit/runner.h"
#include "tscf-client/preload/environment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY        65534U
#define ARGUMENTS_MAX 8

/* Shared by the test and the server's process. */
struct record {
	_Atomic unsigned int set_level, set_default, bound, get_level, others, without_fd;
	_Atomic uint32_t level;  /* of the last SET_LEVEL */
	_Atomic int error;       /* what to answer */
	_Atomic int bound_error; /* what to answer to BOUND; 0: the same */
	_Atomic bool hang;       /* answer nothing */
};

static char directory[64], path[96];
static struct record *record;
static pid_t server = -1;

static int answer_to(uint32_t op)
{
	return op == TSCF_CONTROL_BOUND && record->bound_error != 0 ? record->bound_error : record->error;
}

static void on_request(void *context, struct tscf_control_call_in *call)
{
	(void)context;
	if (call->fd < 0)
		record->without_fd++;
	switch (call->request.op) {
	case TSCF_CONTROL_SET_LEVEL:
		record->level = call->request.level;
		record->set_level++;
		if (call->request.flags == TSCF_CONTROL_FLAG_DEFAULT)
			record->set_default++;
		break;
	case TSCF_CONTROL_BOUND:
		record->bound++;
		break;
	case TSCF_CONTROL_GET_LEVEL:
		record->get_level++;
		call->level = record->level;
		break;
	default:
		record->others++;
	}
	if (!record->hang)
		tscf_control_answer(call, answer_to(call->request.op), NULL);
}

static bool brings_descriptor(uint32_t op)
{
	(void)op;
	return true;
}

static void serve(int ready)
{
	static const struct tscf_control_handler handler = {.request = on_request,
							    .brings_descriptor = brings_descriptor};
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct tscf_control_server *control;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tscf_control_listen(loop, path, 0666, &handler, NULL, &control) != 0 || write(ready, "x", 1) != 1)
		_exit(1);
	close(ready);
	ev_run(loop, 0);
	_exit(1);
}

/* Once for all tests, in the process that outlives each of them: it is removed whatever becomes of them. */
static void make_directory(void)
{
	strcpy(directory, "/tmp/tscf-preload-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	snprintf(path, sizeof(path), "%s/sock", directory);
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(record, MAP_FAILED);
}

static void start_server(void)
{
	int ready[2];
	char byte;

	memset(record, 0, sizeof(*record));
	/* The daemon of a test that failed may still be there. */
	snprintf(path, sizeof(path), "%s/%d", directory, (int)getpid());
	ck_assert_int_eq(pipe(ready), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0) {
		close(ready[0]);
		serve(ready[1]);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void remove_directory(void)
{
	DIR *dir = opendir(directory);

	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	if (rmdir(directory) != 0)
		perror(directory);
	munmap(record, sizeof(*record));
}

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlink(path);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- running a program --- */

/* Start the child program.  @p level NULL: without the library at all. */
static pid_t start(const char *level, const char *scenario, const char *argument)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (level) {
		setenv("LD_PRELOAD", TEST_LIBRARY, 1);
		setenv(TSCF_ENV_LEVEL, level, 1);
		setenv(TSCF_ENV_CONTROL, path, 1);
	}
	execl(TEST_CHILD, "preload_child", scenario, argument, (char *)NULL);
	_exit(127);
}

static int status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void run(const char *level, const char *scenario, const char *argument)
{
	ck_assert_int_eq(status_of(start(level, scenario, argument)), 0);
}

/* --- with a daemon --- */

/* Stream, datagram and raw inet sockets of both families are told of, as a default; AF_UNIX and AF_NETLINK are not. */
START_TEST(every_inet_socket_gets_the_level)
{
	run("encrypted-only", "kinds", NULL);
	ck_assert_uint_eq(record->set_level, 4);
	ck_assert_uint_eq(record->set_default, 4);
	ck_assert_uint_eq(record->level, TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_uint_eq(record->without_fd, 0);
	ck_assert_uint_eq(record->bound + record->others, 0);
}
END_TEST

/* Of a process without a level the daemon is told all the same: a policy may have one for it. */
START_TEST(no_level_is_for_policies)
{
	run("", "kinds", NULL);
	ck_assert_uint_eq(record->set_level, 4);
	ck_assert_uint_eq(record->set_default, 4);
	ck_assert_uint_eq(record->level, TSCF_LEVEL_DEFAULT);
	run("default", "bound", NULL);
	ck_assert_uint_eq(record->bound, 3);
}
END_TEST

/* If a policy wants it encrypted and the daemon could not do it, the program does not get the socket. */
START_TEST(policy_refuses)
{
	record->error = EACCES;
	run("", "refused", NULL);
}
END_TEST

/* A policy may name a port, a remote end or a DSCP: then the call that gives the socket one fails. */
START_TEST(a_policy_refuses_what_the_socket_becomes)
{
	record->bound_error = EACCES;
	run("", "becomes-refused", NULL);
	ck_assert_uint_eq(record->bound, 3);
	/* Other errors are no word of a policy. */
	record->bound_error = EPERM;
	run("", "bound", NULL);
	run("", "dscp", NULL);
}
END_TEST

START_TEST(errno_is_the_kernels)
{
	run("encrypted-preferred", "kernel-errors", NULL);
	run("", "kernel-errors", NULL);
	run("encrypted-preferred", "option-errors", NULL);
	run("", "option-errors", NULL);
}
END_TEST

START_TEST(option_round_trip)
{
	run("", "option-round-trip", NULL);
	ck_assert_uint_eq(record->set_level, 5);
	ck_assert_uint_eq(record->set_default, 1);
	ck_assert_uint_eq(record->get_level, 12);
}
END_TEST

START_TEST(refusal_reaches_the_program)
{
	char error[8];

	record->error = EPERM;
	snprintf(error, sizeof(error), "%d", EPERM);
	run("", "option-refused", error);
	run("encrypted-only", "refused", NULL);
	run("encrypted-preferred", "kinds", NULL);
}
END_TEST

START_TEST(bound_is_reported)
{
	run("unencrypted", "bound", NULL);
	ck_assert_uint_eq(record->bound, 3);
	ck_assert_uint_eq(record->without_fd, 0);
}
END_TEST

START_TEST(dscp_is_reported)
{
	run("", "dscp", NULL);
	ck_assert_uint_eq(record->bound, 2);
	ck_assert_uint_eq(record->without_fd, 0);
}
END_TEST

/* A daemon that hangs: two seconds, then encrypted-only is refused and others go on. */
START_TEST(hanging_daemon_does_not_hang_the_program)
{
	int64_t begin = now_us();

	record->hang = true;
	ck_assert_int_eq(status_of(start("encrypted-only", "early", NULL)), 1);
	ck_assert_int_ge(now_us() - begin, 1900000);
	run("encrypted-preferred", "early", NULL);
	ck_assert_int_lt(now_us() - begin, 6000000);
}
END_TEST

/* A socket() before any constructor, the library's own included. */
START_TEST(before_the_constructor)
{
	run("unencrypted", "early", NULL);
	ck_assert_uint_eq(record->set_level, 1);
}
END_TEST

static unsigned int fds_of(pid_t pid)
{
	char name[32];
	unsigned int count = 0;
	DIR *fds;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	fds = opendir(name);
	ck_assert_ptr_nonnull(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

/* 200 short-lived processes, 20 at a time: each socket is told of, the server is left with nothing. */
START_TEST(many_short_lived_processes)
{
	unsigned int before = fds_of(server);
	int64_t deadline;
	pid_t pids[20];
	int round, i;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < 20; i++)
			pids[i] = start("encrypted-only", "kinds", NULL);
		for (i = 0; i < 20; i++)
			ck_assert_int_eq(status_of(pids[i]), 0);
	}
	ck_assert_uint_eq(record->set_level, 800);
	for (deadline = now_us() + 2000000; fds_of(server) > before; poll(NULL, 0, 5))
		ck_assert_int_lt(now_us(), deadline);
}
END_TEST

START_TEST(fork_among_threads)
{
	run("encrypted-only", "fork-among-threads", NULL);
	ck_assert_uint_ge(record->set_level, 60);
}
END_TEST

START_TEST(vfork_and_exec)
{
	run("encrypted-only", "vfork-exec", NULL);
	ck_assert_uint_eq(record->set_level, 6);
}
END_TEST

START_TEST(in_signal_handler)
{
	run("encrypted-only", "in-signal-handler", NULL);
}
END_TEST

static int compare(const void *a, const void *b)
{
	int64_t difference = *(const int64_t *)a - *(const int64_t *)b;

	return (difference > 0) - (difference < 0);
}

#define STARTS 101

static int64_t start_us(const char *level)
{
	int64_t begin = now_us();

	run(level, "nothing", NULL);
	return now_us() - begin;
}

/* Measured, not judged; by turns, since the machine does not stay as busy as it is. */
START_TEST(start_up_cost)
{
	int64_t without[STARTS], with[STARTS];

	for (size_t i = 0; i < STARTS; i++) {
		without[i] = start_us(NULL);
		with[i] = start_us("encrypted-preferred");
	}
	qsort(without, STARTS, sizeof(without[0]), compare);
	qsort(with, STARTS, sizeof(with[0]), compare);
	printf("start-up, median of %d: %ld us without the library, %ld us with it\n", STARTS,
	       (long)without[STARTS / 2], (long)with[STARTS / 2]);
	fflush(stdout);
}
END_TEST

/* --- without a daemon --- */

START_TEST(nobody_there)
{
	char error[8];

	snprintf(error, sizeof(error), "%d", ENOPROTOOPT);
	run("encrypted-only", "refused", NULL);
	run("encrypted-only", "environment-gone", NULL);
	run("encrypted-preferred", "kinds", NULL);
	run("unencrypted", "bound", NULL);
	run("encrypted-preferred", "option-refused", error);
	run("", "option-refused", error);
	run("encrypted-preferred", "kernel-errors", NULL);
}
END_TEST

/* A slip of the pen must not send packets in clear. */
START_TEST(unknown_level_is_the_strictest)
{
	run("encrypted_only", "refused", NULL);
}
END_TEST

/* --- set-uid --- */

/* The user who starts a set-uid program does not decide about its sockets: neither the level nor the daemon. */
START_TEST(set_uid_ignores_the_environment)
{
	char program[128], library[128];
	int status;
	pid_t pid;

	if (getuid() != 0)
		return;
	snprintf(program, sizeof(program), "%s/program", directory);
	snprintf(library, sizeof(library), "%s/library.so", directory);
	close(copy_file(TEST_CHILD, program, 04755));
	close(copy_file(TEST_LIBRARY, library, 0755));
	record->error = EPERM;
	pid = fork();
	if (pid == 0) {
		setenv(TSCF_ENV_LEVEL, "encrypted-only", 1);
		setenv(TSCF_ENV_CONTROL, path, 1);
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(5);
		execl(program, program, "secure", library, (char *)NULL);
		_exit(127);
	}
	status = status_of(pid);
	unlink(program);
	unlink(library);
	/* 77: mounted nosuid. */
	ck_assert_msg(status == 0 || status == TSCF_TEST_SKIP, "exit status %d", status);
	ck_assert_uint_eq(record->set_level + record->bound + record->others, 0);
}
END_TEST

/* --- the environment, without a process --- */

static struct preload_environment parsed(struct preload_variables is, bool trusted)
{
	struct preload_environment e;

	preload_environment_parse(&is, trusted, &e);
	return e;
}

START_TEST(environment)
{
	struct preload_environment e;
	char name[200];

	e = parsed((struct preload_variables){0}, true);
	ck_assert(e.level == TSCF_LEVEL_DEFAULT && strcmp(e.control, TSCF_CLIENT_CONTROL_DEFAULT) == 0);
	e = parsed((struct preload_variables){.level = "unencrypted", .control = "/x"}, true);
	ck_assert(e.level == TSCF_LEVEL_UNENCRYPTED && strcmp(e.control, "/x") == 0);
	e = parsed((struct preload_variables){.level = "", .control = ""}, true);
	ck_assert(e.level == TSCF_LEVEL_DEFAULT && strcmp(e.control, TSCF_CLIENT_CONTROL_DEFAULT) == 0);
	e = parsed((struct preload_variables){.level = "Encrypted", .control = "/x"}, true);
	ck_assert(e.level == TSCF_LEVEL_ENCRYPTED_ONLY);
	e = parsed((struct preload_variables){.level = "encrypted-only", .control = "/x"}, false);
	ck_assert(e.level == TSCF_LEVEL_DEFAULT && strcmp(e.control, TSCF_CLIENT_CONTROL_DEFAULT) == 0);
	ck_assert_uint_eq(e.redundancy, TSCF_REDUNDANCY_NONE);
	e = parsed((struct preload_variables){.redundancy = "auto"}, true);
	ck_assert_uint_eq(e.redundancy, TSCF_REDUNDANCY_AUTO);
	e = parsed((struct preload_variables){.redundancy = "2"}, false);
	ck_assert_uint_eq(e.redundancy, TSCF_REDUNDANCY_NONE);
	e = parsed((struct preload_variables){.redundancy = "7"}, true);
	ck_assert_uint_eq(e.redundancy, TSCF_REDUNDANCY_NONE);
	ck_assert_uint_eq(e.datagram, TSCF_DATAGRAM_DEFAULT);
	e = parsed((struct preload_variables){.datagram = "never"}, true);
	ck_assert_uint_eq(e.datagram, TSCF_DATAGRAM_NEVER);
	e = parsed((struct preload_variables){.datagram = "preferred"}, false);
	ck_assert_uint_eq(e.datagram, TSCF_DATAGRAM_DEFAULT);
	e = parsed((struct preload_variables){.datagram = "Preferred"}, true);
	ck_assert_uint_eq(e.datagram, TSCF_DATAGRAM_DEFAULT);
	memset(name, 'x', sizeof(name));
	name[sizeof(e.control)] = '\0';
	e = parsed((struct preload_variables){.control = name}, true);
	ck_assert_str_eq(e.control, "");
	name[sizeof(e.control) - 1] = '\0';
	e = parsed((struct preload_variables){.control = name}, true);
	ck_assert_str_eq(e.control, name);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("preload");
	TCase *with = tcase_create("daemon"), *alone = tcase_create("no daemon"), *pure = tcase_create("environment");

	tcase_add_unchecked_fixture(with, make_directory, remove_directory);
	tcase_add_checked_fixture(with, start_server, stop_server);
	tcase_set_timeout(with, 60);
	tcase_add_test(with, every_inet_socket_gets_the_level);
	tcase_add_test(with, no_level_is_for_policies);
	tcase_add_test(with, policy_refuses);
	tcase_add_test(with, a_policy_refuses_what_the_socket_becomes);
	tcase_add_test(with, errno_is_the_kernels);
	tcase_add_test(with, option_round_trip);
	tcase_add_test(with, refusal_reaches_the_program);
	tcase_add_test(with, bound_is_reported);
	tcase_add_test(with, dscp_is_reported);
	tcase_add_test(with, hanging_daemon_does_not_hang_the_program);
	tcase_add_test(with, before_the_constructor);
	tcase_add_test(with, many_short_lived_processes);
	tcase_add_test(with, fork_among_threads);
	tcase_add_test(with, vfork_and_exec);
	tcase_add_test(with, in_signal_handler);
	tcase_add_test(with, set_uid_ignores_the_environment);
	tcase_add_test(with, start_up_cost);
	suite_add_tcase(suite, with);

	tcase_add_unchecked_fixture(alone, make_directory, remove_directory);
	tcase_set_timeout(alone, 30);
	tcase_add_test(alone, nobody_there);
	tcase_add_test(alone, unknown_level_is_the_strictest);
	suite_add_tcase(suite, alone);

	tcase_add_test(pure, environment);
	suite_add_tcase(suite, pure);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
