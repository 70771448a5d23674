/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program that test_preload runs under the library: an ordinary one, which compares what the functions of libc do
 * with what the kernel does.
 *
 *     preload_child SCENARIO [ARG...]     exit status 0: as expected; 1: not, with a line that says where
 */
#include "tscf-client/libtsc/tsc.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTION    SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION
#define ODD_ERRNO 4242

#define expect(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			printf("preload_child.c:%d: not true: %s (errno %d)\n", __LINE__, #condition, errno);          \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static int early_socket = -1;

/* Runs before the constructors of any library. */
static void before_all(int argc, char **argv, char **environment)
{
	(void)environment;
	if (argc > 1 && strcmp(argv[1], "early") == 0)
		early_socket = socket(AF_INET, SOCK_DGRAM, 0);
}
__attribute__((section(".preinit_array"), used)) static void (*early)(int, char **, char **) = before_all;

static unsigned int count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned int count = 0;

	expect(fds != NULL);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

static void open_inet(int domain, int type, int protocol)
{
	int fd;

	errno = ODD_ERRNO;
	fd = socket(domain, type, protocol);
	expect(fd >= 0);
	expect(errno == ODD_ERRNO);
	close(fd);
}

/* Only a privileged user has raw sockets; another one opens a datagram socket in their place. */
static int raw_type(void)
{
	return geteuid() == 0 ? SOCK_RAW : SOCK_DGRAM;
}

/* Every kind of socket has a level: four here, one without. */
static void kinds(void)
{
	unsigned int before = count_fds();

	open_inet(AF_INET, SOCK_STREAM, 0);
	open_inet(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	open_inet(AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
	open_inet(AF_INET, raw_type(), IPPROTO_UDP);
	open_inet(AF_UNIX, SOCK_STREAM, 0);
	open_inet(AF_NETLINK, SOCK_RAW, 0);
	expect(count_fds() == before);
}

/* The same call through libc and straight to the kernel: the same result and the same errno. */
#define same(name, ...)                                                                                                \
	do {                                                                                                           \
		long ours, kernels;                                                                                    \
		int our_errno;                                                                                         \
		errno = ODD_ERRNO;                                                                                     \
		ours = name(__VA_ARGS__);                                                                              \
		our_errno = errno;                                                                                     \
		errno = ODD_ERRNO;                                                                                     \
		kernels = syscall(SYS_##name, __VA_ARGS__);                                                            \
		expect(ours == kernels && our_errno == errno);                                                         \
	} while (0)

static void kernel_errors(void)
{
	struct sockaddr_in foreign = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
	struct sockaddr_in closed = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un missing = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
	int tcp = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0), value = 0;
	socklen_t length = sizeof(value);

	same(socket, AF_INET, 999, 0);
	same(socket, AF_INET, SOCK_STREAM, IPPROTO_UDP);
	same(socket, 12345, SOCK_STREAM, 0);
	same(socket, -1, SOCK_STREAM, 0);
	same(bind, -1, (struct sockaddr *)&foreign, sizeof(foreign));
	same(bind, tcp, (struct sockaddr *)&foreign, sizeof(foreign));
	same(bind, tcp, (struct sockaddr *)&foreign, 3);
	same(bind, STDIN_FILENO, (struct sockaddr *)&foreign, sizeof(foreign));
	same(bind, local, (struct sockaddr *)&missing, sizeof(missing));
	same(connect, -1, (struct sockaddr *)&closed, sizeof(closed));
	same(connect, tcp, (struct sockaddr *)&closed, sizeof(closed));
	same(connect, local, (struct sockaddr *)&missing, sizeof(missing));
	same(connect, STDIN_FILENO, (struct sockaddr *)&closed, sizeof(closed));
	same(setsockopt, -1, SOL_SOCKET, SO_RCVBUF, &value, length);
	same(setsockopt, tcp, SOL_SOCKET, SO_RCVBUF, &value, 1);
	same(setsockopt, tcp, SOL_SOCKET, OPTION + 16, &value, length);
	same(setsockopt, tcp, IPPROTO_IP, OPTION, &value, length);
	same(setsockopt, tcp, SOL_SOCKET, SO_REUSEADDR, &value, length);
	same(getsockopt, tcp, SOL_SOCKET, OPTION + 16, &value, &length);
	same(getsockopt, -1, SOL_SOCKET, SO_TYPE, &value, &length);
	same(getsockopt, tcp, SOL_SOCKET, SO_TYPE, &value, &length);
	expect(value == SOCK_STREAM);
	close(tcp);
	close(local);
}

static int fails(int result)
{
	return result == -1 ? errno : 0;
}

/* The option itself, on what it does not work on. */
static void option_errors(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
	int level = tsc_so_tunnel_transport_unencrypted, bad = 4, worse = -1, stdin_copy = dup(STDIN_FILENO);
	socklen_t length = sizeof(level);

	expect(fails(setsockopt(-1, SOL_SOCKET, OPTION, &level, sizeof(level))) == EBADF);
	expect(fails(setsockopt(stdin_copy, SOL_SOCKET, OPTION, &level, sizeof(level))) == ENOTSOCK);
	expect(fails(setsockopt(tcp, SOL_SOCKET, OPTION, &level, 1)) == EINVAL);
	expect(fails(setsockopt(tcp, SOL_SOCKET, OPTION, &level, 0)) == EINVAL);
	expect(fails(setsockopt(tcp, SOL_SOCKET, OPTION, &bad, sizeof(bad))) == EINVAL);
	expect(fails(setsockopt(tcp, SOL_SOCKET, OPTION, &worse, sizeof(worse))) == EINVAL);
	expect(fails(setsockopt(tcp, SOL_SOCKET, OPTION, NULL, sizeof(level))) == EFAULT);
	expect(fails(setsockopt(local, SOL_SOCKET, OPTION, &level, sizeof(level))) == ENOPROTOOPT);
	expect(fails(getsockopt(-1, SOL_SOCKET, OPTION, &level, &length)) == EBADF);
	expect(fails(getsockopt(stdin_copy, SOL_SOCKET, OPTION, &level, &length)) == ENOTSOCK);
	expect(fails(getsockopt(tcp, SOL_SOCKET, OPTION, &level, NULL)) == EFAULT);
	expect(fails(getsockopt(local, SOL_SOCKET, OPTION, &level, &length)) == ENOPROTOOPT);
	length = (socklen_t)-1;
	expect(fails(getsockopt(tcp, SOL_SOCKET, OPTION, &level, &length)) == EINVAL);
}

/* What is set comes back, cut to the room there is, as the kernel cuts. */
static void option_round_trip(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), level;

	for (level = tsc_so_tunnel_transport_default; level <= tsc_so_tunnel_transport_encrypted_preferred; level++) {
		struct {
			int value, beyond;
		} got = {-1, -1};
		socklen_t length = sizeof(got);
		char byte = 99;

		errno = ODD_ERRNO;
		expect(setsockopt(fd, SOL_SOCKET, OPTION, (char *)&level, sizeof(level)) == 0);
		expect(getsockopt(fd, SOL_SOCKET, OPTION, &got, &length) == 0);
		expect(got.value == level && got.beyond == -1 && length == sizeof(int));
		length = 1;
		expect(getsockopt(fd, SOL_SOCKET, OPTION, &byte, &length) == 0);
		expect(byte == level && length == 1);
		length = 0;
		expect(getsockopt(fd, SOL_SOCKET, OPTION, NULL, &length) == 0 && length == 0);
		expect(errno == ODD_ERRNO);
	}
}

/* No daemon (or one that refuses with @p error): the option says so. */
static void option_refused(const char *error)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), level = tsc_so_tunnel_transport_encrypted_preferred;
	socklen_t length = sizeof(level);

	expect(fd >= 0);
	expect(fails(setsockopt(fd, SOL_SOCKET, OPTION, &level, sizeof(level))) == atoi(error));
	expect(fails(getsockopt(fd, SOL_SOCKET, OPTION, &level, &length)) == atoi(error));
}

/* encrypted-only cannot be had: no inet socket, no descriptor left open, everything else as ever. */
static void refused(void)
{
	unsigned int before = count_fds();

	expect(fails(socket(AF_INET, SOCK_DGRAM, 0)) == EACCES);
	expect(fails(socket(AF_INET, SOCK_STREAM, 0)) == EACCES);
	expect(fails(socket(AF_INET6, SOCK_STREAM, 0)) == EACCES);
	expect(fails(socket(AF_INET, raw_type(), IPPROTO_UDP)) == EACCES);
	open_inet(AF_UNIX, SOCK_STREAM, 0);
	open_inet(AF_NETLINK, SOCK_RAW, 0);
	expect(count_fds() == before);
}

/* bind and connect of inet sockets are told once each, those of others never: three here. */
static void bound(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = ""};
	socklen_t length = sizeof(address);
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), local = socket(AF_UNIX, SOCK_DGRAM, 0);

	errno = ODD_ERRNO;
	expect(bind(udp, (struct sockaddr *)&address, sizeof(address)) == 0);
	expect(bind(tcp, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(tcp, 1) == 0);
	expect(getsockname(tcp, (struct sockaddr *)&address, &length) == 0);
	expect(bind(local, (struct sockaddr *)&name, sizeof(sa_family_t)) == 0);
	expect(errno == ODD_ERRNO);
	expect(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EINPROGRESS);
}

/* A DSCP that was set is told of, in each family; other options are not, nor what the kernel has refused: two here. */
static void dscp(void)
{
	int ipv4 = socket(AF_INET, SOCK_DGRAM, 0), ipv6 = socket(AF_INET6, SOCK_DGRAM, 0), tos = 184, one = 1;

	errno = ODD_ERRNO;
	expect(setsockopt(ipv4, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) == 0);
	expect(setsockopt(ipv6, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos)) == 0);
	expect(setsockopt(ipv4, IPPROTO_IP, IP_TTL, &one, sizeof(one)) == 0);
	expect(setsockopt(ipv4, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	expect(errno == ODD_ERRNO);
	expect(fails(setsockopt(ipv4, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos))) == ENOPROTOOPT);
}

/* The sockets can be had, but not what the policy is for: bind, connect and setsockopt are told of, and fail. */
static void becomes_refused(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int udp = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0), tos = 184;

	expect(udp >= 0 && other >= 0);
	expect(fails(bind(udp, (struct sockaddr *)&address, sizeof(address))) == EACCES);
	expect(getsockname(udp, (struct sockaddr *)&address, &length) == 0);
	expect(fails(connect(other, (struct sockaddr *)&address, sizeof(address))) == EACCES);
	expect(fails(setsockopt(other, IPPROTO_IP, IP_TOS, &tos, sizeof(tos))) == EACCES);
}

static void *open_often(void *stop)
{
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		expect(fd >= 0);
		close(fd);
	}
	return NULL;
}

static void run_self(const char *scenario, const char *argument)
{
	execl("/proc/self/exe", "preload_child", scenario, argument, (char *)NULL);
	_exit(3);
}

/* A child that opens a socket at once; every other one then becomes a program, which counts what it has inherited. */
static void fork_one(int number, const char *fds)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(10);
		if (socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0)
			_exit(2);
		if (number % 2 == 0)
			run_self("count", fds);
		_exit(0);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid);
	expect(status == 0);
}

static void fork_among_threads(void)
{
	pthread_t threads[6];
	bool stop = false;
	char fds[16];
	unsigned int before = count_fds();
	size_t i;

	snprintf(fds, sizeof(fds), "%u", before);
	for (i = 0; i < 6; i++)
		expect(pthread_create(&threads[i], NULL, open_often, &stop) == 0);
	for (i = 0; i < 60; i++)
		fork_one((int)i, fds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	expect(count_fds() == before);
}

static void vfork_exec(void)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		/* Not allowed by POSIX, but done. */
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			_exit(2);
		run_self("kinds", NULL);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	open_inet(AF_INET, SOCK_DGRAM, 0);
}

static volatile sig_atomic_t signals;

static void open_in_handler(int number)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)number;
	if (fd >= 0) {
		close(fd);
		signals++;
	}
}

/* A signal handler that opens a socket in the middle of another one being opened. */
static void in_signal_handler(void)
{
	struct sigaction action = {.sa_handler = open_in_handler};
	timer_t timer;
	struct itimerspec often = {.it_interval.tv_nsec = 300000, .it_value.tv_nsec = 300000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

	expect(sigaction(SIGUSR1, &action, NULL) == 0);
	expect(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
	while (signals < 200)
		open_inet(AF_INET, SOCK_STREAM, 0);
}

/* The title of a process may be written over its environment, and the variables may go: what was asked for holds. */
static void environment_gone(void)
{
	char **variable;

	for (variable = environ; *variable; variable++)
		memset(*variable, 'x', strlen(*variable));
	clearenv();
	refused();
}

/* In a set-uid program the environment does not count; 77 if this is none. */
static void secure(const char *library)
{
	void *handle;
	int (*open_socket)(int, int, int), (*set)(int, int, int, const void *, socklen_t);
	int fd, level = tsc_so_tunnel_transport_unencrypted;

	if (getauxval(AT_SECURE) == 0)
		exit(77);
	handle = dlopen(library, RTLD_NOW);
	expect(handle != NULL);
	open_socket = (int (*)(int, int, int))dlsym(handle, "socket");
	set = (int (*)(int, int, int, const void *, socklen_t))dlsym(handle, "setsockopt");
	expect(open_socket && set && (void *)open_socket != (void *)socket);
	fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	expect(fd >= 0);
	expect(fails(set(fd, SOL_SOCKET, OPTION, &level, 1)) == EINVAL);
	set(fd, SOL_SOCKET, OPTION, &level, sizeof(level));
}

static bool run_plain(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} scenarios[] = {
	    {"kinds", kinds},
	    {"kernel-errors", kernel_errors},
	    {"option-errors", option_errors},
	    {"option-round-trip", option_round_trip},
	    {"refused", refused},
	    {"bound", bound},
	    {"dscp", dscp},
	    {"becomes-refused", becomes_refused},
	    {"fork-among-threads", fork_among_threads},
	    {"vfork-exec", vfork_exec},
	    {"in-signal-handler", in_signal_handler},
	    {"environment-gone", environment_gone},
	};
	size_t i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (strcmp(name, scenarios[i].name) == 0) {
			scenarios[i].run();
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "", *argument = argc > 2 ? argv[2] : "";

	if (strcmp(name, "nothing") == 0 || run_plain(name))
		return 0;
	if (strcmp(name, "early") == 0)
		expect(early_socket >= 0);
	else if (strcmp(name, "count") == 0)
		expect(count_fds() == (unsigned int)atoi(argument));
	else if (strcmp(name, "option-refused") == 0)
		option_refused(argument);
	else if (strcmp(name, "secure") == 0)
		secure(argument);
	else
		return 4;
	return 0;
}
