/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hammer - a program that is hard on a preloaded library: threads open, bind and close sockets of every kind while the
 * main thread forks children that do the same and end, some by _exit, some by exec.
 *
 *     hammer [--threads N] [--forks N]
 *
 * It knows nothing of tunnels.  It ends with status 0 and one line of JSON if everything went as without the library:
 * same results, same errno, no descriptor more at the end than at the beginning.
 */
#include "tests/net/tool.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool stopping;
static atomic_ulong opened, wrong;

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!dir)
		tool_die("/proc/self/fd: %s", strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	atomic_fetch_add(&wrong, 1);
	fprintf(stderr, "wrong: %s (%s)\n", what, strerror(errno));
}

/* A socket of the internet families is the only kind that a library may look at. */
static void use_inet(int family, int type)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(family, type | SOCK_CLOEXEC, 0), value = -1, on = 1;
	socklen_t length = sizeof(value);

	expect(fd >= 0, "socket");
	if (fd < 0)
		return;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	expect(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "setsockopt");
	expect(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && value == type, "getsockopt SO_TYPE");
	expect(getsockopt(fd, SOL_SOCKET, 0x7fff, &value, &length) == -1 && errno == ENOPROTOOPT,
	       "an unknown option is ENOPROTOOPT");
	if (family == AF_INET)
		expect(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	expect(close(fd) == 0, "close");
	atomic_fetch_add(&opened, 1);
}

static void use_others(void)
{
	struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];

	expect(fd >= 0 && connect(fd, (struct sockaddr *)&nowhere, sizeof(nowhere)) == -1 && errno == ENOENT,
	       "AF_UNIX connect");
	close(fd);
	expect(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	close(pair[0]);
	close(pair[1]);
	expect(socket(-1, SOCK_DGRAM, 0) == -1 && errno == EAFNOSUPPORT, "no such family is EAFNOSUPPORT");
	expect(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP) == -1 && errno == EPROTONOSUPPORT,
	       "no such protocol is EPROTONOSUPPORT");
	expect(bind(-1, (struct sockaddr *)&nowhere, sizeof(nowhere)) == -1 && errno == EBADF,
	       "bind of nothing is EBADF");
	expect(setsockopt(0x7ffffff, SOL_SOCKET, SO_REUSEADDR, &fd, sizeof(fd)) == -1 && errno == EBADF,
	       "setsockopt of nothing is EBADF");
}

static void use_all(void)
{
	use_inet(AF_INET, SOCK_DGRAM);
	use_inet(AF_INET, SOCK_STREAM);
	use_others();
}

static void *worker(void *argument)
{
	(void)argument;
	while (!atomic_load(&stopping))
		use_all();
	return NULL;
}

static void fork_one(unsigned number)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		use_all();
		if (number % 4 == 0)
			execl("/bin/true", "true", (char *)NULL);
		_exit(atomic_load(&wrong) ? 1 : 0);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "child");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"threads", required_argument, NULL, 't'}, {"forks", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	unsigned threads = 4, forks = 50, before = open_descriptors();
	pthread_t ids[64];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			threads = (unsigned)tool_number(optarg, 64);
		else if (option == 'f')
			forks = (unsigned)tool_number(optarg, 100000);
		else
			tool_die("usage: hammer [--threads N] [--forks N]");
	}
	for (unsigned i = 0; i < threads; i++) {
		if (pthread_create(&ids[i], NULL, worker, NULL))
			tool_die("pthread_create failed");
	}
	for (unsigned i = 0; i < forks; i++)
		fork_one(i);
	atomic_store(&stopping, true);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("{\"opened\": %lu, \"wrong\": %lu, \"leaked\": %d}\n", atomic_load(&opened), atomic_load(&wrong),
	       (int)(open_descriptors() - before));
	return atomic_load(&wrong) || open_descriptors() != before;
}
