/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of the control socket: its directories and mode, and what happens when it or another daemon's is in the way.
 */
#include "tests/unit/control_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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
	ck_assert_int_eq(listen_here(&server), -EEXIST);
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
	Suite *suite = suite_create("control file");
	TCase *file = tcase_create("file");

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
