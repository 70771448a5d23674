/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets of a port, and the names of the programs that have them, which may hold any bytes; many sockets take
 * hardly longer than one.  The processes can be looked at in pieces.
 */
#include "tests/unit/runner.h"
#include "tscf-client/admin/port_sockets.h"
#include "tscf-client/sockets/processes.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 200

/* A UDP socket of this process with that port, 0: any.  @return its port. */
static uint16_t bind_socket(uint16_t port, int *fd)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	socklen_t length = sizeof(at);
	const int on = 1;

	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(*fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&at, &length), 0);
	return ntohs(at.sin_port);
}

/* @return what is shown of the port while this process has the name; the caller frees it. */
static char *shown_as(const char *name)
{
	struct port_sockets found;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int fd;
	uint16_t port = bind_socket(0, &fd);

	ck_assert_int_eq(prctl(PR_SET_NAME, name), 0);
	ck_assert_int_eq(port_sockets_find(port, &found), 0);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_uint_eq(port_sockets_protocol(&found), IPPROTO_UDP);
	port_sockets_show(&found, out);
	port_sockets_free(&found);
	ck_assert_int_eq(fclose(out), 0);
	close(fd);
	return text;
}

static void shows(const char *name, const char *shown)
{
	char *text = shown_as(name);
	json_t *json = json_string(text);

	ck_assert_msg(strstr(text, shown), "%s is not in %s", shown, text);
	/* JSON has no other text than UTF-8. */
	ck_assert_ptr_nonnull(json);
	json_decref(json);
	free(text);
}

START_TEST(names_of_programs)
{
	shows("baresip", ", baresip\n");
	/* It would colour the terminal of the user that asks. */
	shows("\033[31mred", ", ?[31mred\n");
	shows("two\nlines", ", two?lines\n");
	/* The kernel keeps 15 bytes, here with half a character at the end. */
	shows("телефон1", ", телефон1\n");
	shows("a телефон", ", a телефо?\n");
}
END_TEST

/* @return the processor time that it takes to find those @p count sockets, in ns. */
static int64_t cost(uint16_t port, unsigned count)
{
	struct port_sockets found;
	struct timespec begin, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	ck_assert_int_eq(port_sockets_find(port, &found), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ck_assert_uint_eq(found.count, count);
	ck_assert_uint_eq(port_sockets_protocol(&found), IPPROTO_UDP);
	port_sockets_free(&found);
	return (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec;
}

/* A server has thousands of connections at its port. */
START_TEST(many_sockets)
{
	int fds[MANY], alone;
	uint16_t port = 0, single = bind_socket(0, &alone);
	int64_t one, many;

	for (unsigned i = 0; i < MANY; i++)
		port = bind_socket(port, &fds[i]);
	one = cost(single, 1);
	many = cost(port, MANY);
	ck_assert_msg(many < MANY / 8 * one, "%lld ns for one, %lld ns for many", (long long)one, (long long)many);
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
	close(alone);
}
END_TEST

/* A socket that is listed twice has its program both times; that is another process than this one, if there is one. */
START_TEST(owners)
{
	struct owner both[2];
	struct stat st;
	int fd, other[2];
	char byte;
	pid_t pid;

	bind_socket(0, &fd);
	ck_assert(fstat(fd, &st) == 0 && pipe(other) == 0);
	for (unsigned i = 0; i < 2; i++)
		both[i] = (struct owner){.inode = (uint32_t)st.st_ino};
	processes_find_owners(both, 2);
	ck_assert(both[0].pid == getpid() && both[1].pid == getpid());
	ck_assert(both[0].program[0] && both[1].program[0]);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(other[1]);
		_exit(read(other[0], &byte, 1) == 0 ? 0 : 1);
	}
	for (unsigned i = 0; i < 2; i++)
		both[i] = (struct owner){.inode = (uint32_t)st.st_ino};
	processes_find_owners(both, 2);
	ck_assert(both[0].pid == pid && both[1].pid == pid);
	close(other[0]);
	close(other[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(fd);
}
END_TEST

struct visits {
	bool self, parent;
};

static void visit(void *context, pid_t pid)
{
	struct visits *v = context;

	v->self |= pid == getpid();
	v->parent |= pid == getppid();
}

START_TEST(all_processes)
{
	struct visits v = {0};

	processes_each(visit, &v);
	ck_assert(v.self && v.parent);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("port_sockets");
	TCase *t = tcase_create("port_sockets");

	tcase_add_test(t, names_of_programs);
	tcase_add_test(t, many_sockets);
	tcase_add_test(t, owners);
	tcase_add_test(t, all_processes);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
