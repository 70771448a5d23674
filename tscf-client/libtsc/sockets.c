/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets of the program by descriptor, as tsc_setsockopt() gets only that.
 *
 * A program may close a descriptor without tsc_close().  So an entry is valid only while the descriptor is the socket
 * with the recorded cookie.
 */
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/handle.h"
#include "tscf-client/libtsc/option.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	tsc_handle handles;
	struct tsc_socket *entries; /* by descriptor; handle NULL: none */
	size_t size;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void lock_table(void)
{
	pthread_mutex_lock(&table.lock);
}

static void unlock_table(void)
{
	pthread_mutex_unlock(&table.lock);
}

/* A child of fork(2) has one thread: another thread must not hold the lock there. */
__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(lock_table, unlock_table, unlock_table);
}

/* @return 0 if @p fd is no socket. */
static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	int saved = errno;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0)
		cookie = 0;
	errno = saved;
	return cookie;
}

/* @return the entry of @p fd, or NULL. */
static struct tsc_socket *entry_of(int fd)
{
	struct tsc_socket *s = fd >= 0 && (size_t)fd < table.size ? &table.entries[fd] : NULL;

	return s && s->handle && s->cookie == cookie_of(fd) ? s : NULL;
}

static int make_room(int fd)
{
	size_t size = table.size > 0 ? table.size : 64;
	struct tsc_socket *grown;

	while (size <= (size_t)fd)
		size *= 2;
	if (size == table.size)
		return 0;
	grown = reallocarray(table.entries, size, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + table.size, 0, (size - table.size) * sizeof(*grown));
	table.entries = grown;
	table.size = size;
	return 0;
}

/* Record @p fd as a socket of @p handle, or of the oldest handle if that is NULL.  *owner gets the handle if the socket
 * is new to it.  @return 0 or -errno. */
static int adopt(tsc_handle handle, int fd, tsc_handle *owner)
{
	int error = 0;

	*owner = NULL;
	lock_table();
	if (!handle)
		handle = table.handles;
	if (handle && !entry_of(fd)) {
		error = make_room(fd);
		if (error == 0) {
			table.entries[fd] =
			    (struct tsc_socket){.fd = fd,
						.cookie = cookie_of(fd),
						.handle = handle,
						.of = {{.available = true}, {.available = true}, {.available = true}}};
			*owner = handle;
		}
	}
	unlock_table();
	return error;
}

/* Remove the entry of @p fd.  @return its cookie, or 0; *owner gets its handle. */
static uint64_t forget(int fd, tsc_handle *owner)
{
	struct tsc_socket *s;
	uint64_t cookie = 0;

	*owner = NULL;
	lock_table();
	s = entry_of(fd);
	if (s) {
		cookie = s->cookie;
		*owner = s->handle;
		*s = (struct tsc_socket){0};
	}
	unlock_table();
	return cookie;
}

/* Get the control socket of the daemon for a socket. */
static void control_of(int fd, char control[sizeof(table.handles->control)])
{
	const char *fallback = secure_getenv(TSCF_ENV_CONTROL);
	const struct tsc_socket *s;
	tsc_handle handle;

	lock_table();
	s = entry_of(fd);
	handle = s ? s->handle : table.handles;
	if (handle)
		memcpy(control, handle->control, sizeof(handle->control));
	unlock_table();
	if (handle)
		return;
	if (!fallback || fallback[0] == '\0' || strlen(fallback) >= sizeof(handle->control))
		fallback = TSCF_CLIENT_CONTROL_DEFAULT;
	strcpy(control, fallback);
}

void sockets_add_handle(tsc_handle handle)
{
	tsc_handle *at;

	lock_table();
	for (at = &table.handles; *at; at = &(*at)->next)
		;
	*at = handle;
	unlock_table();
}

void sockets_remove_handle(tsc_handle handle)
{
	tsc_handle *at;

	lock_table();
	for (at = &table.handles; *at != handle; at = &(*at)->next)
		;
	*at = handle->next;
	for (size_t i = 0; i < table.size; i++)
		if (table.entries[i].handle == handle)
			table.entries[i] = (struct tsc_socket){0};
	if (!table.handles) {
		free(table.entries);
		table.entries = NULL;
		table.size = 0;
	}
	unlock_table();
}

/* @return whether there is a socket of @p handle at or after *fd; it is copied to *out. */
static bool next_of(tsc_handle handle, size_t *fd, struct tsc_socket *out)
{
	bool found = false;

	lock_table();
	for (; !found && *fd < table.size; ++*fd) {
		const struct tsc_socket *s = &table.entries[*fd];

		if (s->handle != handle || entry_of(s->fd) != s)
			continue;
		*out = *s;
		found = true;
	}
	unlock_table();
	return found;
}

void sockets_each(tsc_handle handle, void (*visit)(void *context, const struct tsc_socket *s), void *context)
{
	struct tsc_socket s;
	size_t fd = 0;

	while (next_of(handle, &fd, &s))
		visit(context, &s);
}

bool sockets_told(tsc_handle handle, uint64_t cookie, enum socket_service service, bool available, bool enabled,
		  int *fd)
{
	bool news = false;

	lock_table();
	for (size_t i = 0; i < table.size; i++) {
		struct tsc_socket *s = &table.entries[i];

		if (s->handle != handle || s->cookie != cookie)
			continue;
		news = s->of[service].available != available || s->of[service].enabled != enabled;
		s->of[service].available = available;
		s->of[service].enabled = enabled;
		*fd = s->fd;
		break;
	}
	unlock_table();
	return news;
}

/* --- the program's side --- */

TSC_PUBLIC int tsc_socket(tsc_handle handle, int domain, int type, int protocol)
{
	tsc_handle owner;
	int fd, error;

	if (!handle_check(handle))
		return -1;
	fd = socket(domain, type, protocol);
	if (fd < 0 || !tscf_socket_has_level(domain))
		return fd;
	error = adopt(handle, fd, &owner);
	if (error != 0) {
		close(fd);
		errno = -error;
		return -1;
	}
	if (owner)
		watch_socket(owner, fd);
	return fd;
}

TSC_PUBLIC int tsc_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	char control[sizeof(table.handles->control)];
	int result = bind(fd, address, length);

	if (result != 0)
		return result;
	control_of(fd, control);
	tscf_socket_report(control, fd, TSCF_LEVEL_DEFAULT, 0);
	return 0;
}

static int fail(int error)
{
	errno = -error;
	return -1;
}

TSC_PUBLIC int tsc_setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	char control[sizeof(table.handles->control)];
	tsc_handle owner;
	int domain, error;

	if (!tsc_option_is(level, option))
		return setsockopt(fd, level, option, value, length);
	/* Errors for sockets other than inet ones are returned below. */
	if (tscf_socket_ask(fd, SO_DOMAIN, &domain) == 0 && tscf_socket_has_level(domain) &&
	    adopt(NULL, fd, &owner) == 0 && owner)
		watch_socket(owner, fd);
	control_of(fd, control);
	error = tsc_option_set(control, fd, option, value, length);
	return error == 0 ? 0 : fail(error);
}

TSC_PUBLIC int tsc_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	char control[sizeof(table.handles->control)];
	int error;

	if (!tsc_option_is(level, option))
		return getsockopt(fd, level, option, value, length);
	control_of(fd, control);
	error = tsc_option_get(control, fd, option, value, length);
	return error == 0 ? 0 : fail(error);
}

TSC_PUBLIC tsc_handle tsc_get_tunnel(int fd)
{
	const struct tsc_socket *s;
	tsc_handle handle;

	lock_table();
	s = entry_of(fd);
	handle = s ? s->handle : NULL;
	unlock_table();
	if (!handle)
		errno = fcntl(fd, F_GETFD) < 0 ? EBADF : ENOENT;
	return handle;
}

TSC_PUBLIC int tsc_close(int fd)
{
	tsc_handle owner;
	uint64_t cookie = forget(fd, &owner);

	if (owner)
		unwatch_socket(owner, cookie);
	return close(fd);
}
