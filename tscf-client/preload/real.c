/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/real.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

struct real {
	const char *name;
	_Atomic(void *) next;
};

static struct real real_socket = {.name = "socket"};
static struct real real_bind = {.name = "bind"};
static struct real real_connect = {.name = "connect"};
static struct real real_setsockopt = {.name = "setsockopt"};
static struct real real_getsockopt = {.name = "getsockopt"};

/*
 * dlsym() may allocate, and an allocator that somebody preloaded may open a socket.  initial-exec: reading the flag
 * must not allocate.
 */
static __thread bool in_dlsym __attribute__((tls_model("initial-exec")));

/* @return the next function in line, or NULL: then the kernel is asked directly, which is what libc's would do. */
static void *resolve(struct real *real)
{
	void *next = atomic_load_explicit(&real->next, memory_order_acquire);

	if (next != NULL || in_dlsym)
		return next;
	in_dlsym = true;
	next = dlsym(RTLD_NEXT, real->name);
	in_dlsym = false;
	/* Every thread finds the same: no harm if two store it. */
	atomic_store_explicit(&real->next, next, memory_order_release);
	return next;
}

/*
 * dlsym() takes the loader's lock, which the child of a fork may find held for ever.  So it is called here, where the
 * process has one thread, and later only for a program that opens sockets even before this runs.
 */
__attribute__((constructor)) static void resolve_all(void)
{
	resolve(&real_socket);
	resolve(&real_bind);
	resolve(&real_connect);
	resolve(&real_setsockopt);
	resolve(&real_getsockopt);
}

int preload_real_socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = resolve(&real_socket);

	return next != NULL ? next(domain, type, protocol) : (int)syscall(SYS_socket, domain, type, protocol);
}

int preload_real_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = resolve(&real_bind);

	return next != NULL ? next(fd, address, length) : (int)syscall(SYS_bind, fd, address, length);
}

int preload_real_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = resolve(&real_connect);

	return next != NULL ? next(fd, address, length) : (int)syscall(SYS_connect, fd, address, length);
}

int preload_real_setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int (*next)(int, int, int, const void *, socklen_t) = resolve(&real_setsockopt);

	return next != NULL ? next(fd, level, option, value, length)
			    : (int)syscall(SYS_setsockopt, fd, level, option, value, length);
}

int preload_real_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	int (*next)(int, int, int, void *, socklen_t *) = resolve(&real_getsockopt);

	return next != NULL ? next(fd, level, option, value, length)
			    : (int)syscall(SYS_getsockopt, fd, level, option, value, length);
}
