/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/real.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

struct real {
	const char *name;
	unsigned bit;
	_Atomic(void *) next;
};

static struct real real_socket = {.name = "socket", .bit = 1U << 0};
static struct real real_bind = {.name = "bind", .bit = 1U << 1};
static struct real real_connect = {.name = "connect", .bit = 1U << 2};
static struct real real_setsockopt = {.name = "setsockopt", .bit = 1U << 3};
static struct real real_getsockopt = {.name = "getsockopt", .bit = 1U << 4};
static struct real real_sendmsg = {.name = "sendmsg", .bit = 1U << 5};
static struct real real_sendmmsg = {.name = "sendmmsg", .bit = 1U << 6};

/*
 * dlsym() may allocate memory, and a preloaded allocator may open a socket.  initial-exec: reading the flag must not
 * allocate.
 */
static __thread bool in_dlsym __attribute__((tls_model("initial-exec")));

/*
 * A bit for each real function that is being called.  A preloaded library that asks libc's handle for the real function
 * gets ours (handle.c): then call the kernel directly.
 */
static __thread unsigned called __attribute__((tls_model("initial-exec")));

/* @return the next function in line, or NULL: then call the kernel directly, as libc's function would. */
static void *resolve(struct real *real)
{
	void *next = atomic_load_explicit(&real->next, memory_order_acquire);

	if (next || in_dlsym)
		return next;
	in_dlsym = true;
	next = dlsym(RTLD_NEXT, real->name);
	in_dlsym = false;
	/* Every thread finds the same function, so two may store it. */
	atomic_store_explicit(&real->next, next, memory_order_release);
	return next;
}

/* @return as resolve; if not NULL, call leave() after the call of the function. */
static void *enter(struct real *real)
{
	void *next = called & real->bit ? NULL : resolve(real);

	if (next)
		called |= real->bit;
	return next;
}

static void leave(const struct real *real)
{
	called &= ~real->bit;
}

/*
 * dlsym() takes the loader's lock, which in the child of a fork may never be released.  So it is called here, while the
 * process has one thread, and later only for a program that opens sockets before this runs.
 */
__attribute__((constructor)) static void resolve_all(void)
{
	resolve(&real_socket);
	resolve(&real_bind);
	resolve(&real_connect);
	resolve(&real_setsockopt);
	resolve(&real_getsockopt);
	resolve(&real_sendmsg);
	resolve(&real_sendmmsg);
}

int preload_real_socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = enter(&real_socket);
	int result;

	if (!next)
		return (int)syscall(SYS_socket, domain, type, protocol);
	result = next(domain, type, protocol);
	leave(&real_socket);
	return result;
}

int preload_real_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = enter(&real_bind);
	int result;

	if (!next)
		return (int)syscall(SYS_bind, fd, address, length);
	result = next(fd, address, length);
	leave(&real_bind);
	return result;
}

int preload_real_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = enter(&real_connect);
	int result;

	if (!next)
		return (int)syscall(SYS_connect, fd, address, length);
	result = next(fd, address, length);
	leave(&real_connect);
	return result;
}

int preload_real_setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int (*next)(int, int, int, const void *, socklen_t) = enter(&real_setsockopt);
	int result;

	if (!next)
		return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
	result = next(fd, level, option, value, length);
	leave(&real_setsockopt);
	return result;
}

int preload_real_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	int (*next)(int, int, int, void *, socklen_t *) = enter(&real_getsockopt);
	int result;

	if (!next)
		return (int)syscall(SYS_getsockopt, fd, level, option, value, length);
	result = next(fd, level, option, value, length);
	leave(&real_getsockopt);
	return result;
}

ssize_t preload_real_sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int) = enter(&real_sendmsg);
	ssize_t result;

	if (!next)
		return syscall(SYS_sendmsg, fd, message, flags);
	result = next(fd, message, flags);
	leave(&real_sendmsg);
	return result;
}

int preload_real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	int (*next)(int, struct mmsghdr *, unsigned, int) = enter(&real_sendmmsg);
	int result;

	if (!next)
		return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
	result = next(fd, messages, count, flags);
	leave(&real_sendmmsg);
	return result;
}
