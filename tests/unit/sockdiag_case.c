/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sockdiag_case.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <errno.h>

struct sockdiag_seen seen;
struct ev_loop *loop;
struct tscf_sockdiag *diag;

static void on_socket(void *context, const struct tscf_socket *s)
{
	ck_assert_ptr_eq(context, &seen);
	ck_assert_uint_lt(seen.count, ROOM);
	seen.found[seen.count++] = *s;
}

static void on_done(void *context, int error)
{
	(void)context;
	seen.done++;
	seen.error = error;
	if (error == -ECANCELED) {
		seen.cancelled++;
		seen.count = 0;
	}
}

static void on_destroyed(void *context, const struct tscf_socket *s)
{
	(void)context;
	if (s->family == 0)
		seen.lost++;
	else
		seen.destroyed++;
	if (s->family != 0 && s->cookie == seen.awaited)
		seen.gone = true;
}

const struct tscf_sockdiag_handler handler = {on_socket, on_done, on_destroyed};

void setup(void)
{
	tscf_netns_enter();
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	ck_assert_int_eq(tscf_sockdiag_open(loop, MASK, &handler, &seen, &diag), 0);
}

void teardown(void)
{
	tscf_sockdiag_close(diag);
	ev_loop_destroy(loop);
}

void dump(void)
{
	seen.count = 0;
	seen.done = 0;
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), 0);
	ck_assert_int_eq(seen.done, 1);
	ck_assert_int_eq(seen.error, 0);
}

const struct tscf_socket *find(uint64_t cookie)
{
	for (size_t i = 0; i < seen.count; i++)
		if (seen.found[i].cookie == cookie)
			return &seen.found[i];
	return NULL;
}

uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

void set_mark(int fd, uint32_t mark)
{
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
}

int marked_socket(int family, int type, int protocol, enum tscf_level level)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	ck_assert_int_ge(fd, 0);
	set_mark(fd, tscf_mark_set(OTHER, MASK, level));
	return fd;
}

union tscf_endpoint endpoint(const char *text)
{
	union tscf_endpoint e;

	ck_assert_int_eq(tscf_endpoint_parse(text, 0, &e), 0);
	return e;
}

void bind_to(int fd, const char *text)
{
	union tscf_endpoint e = endpoint(text);

	ck_assert_int_eq(bind(fd, &e.sa, tscf_endpoint_size(&e)), 0);
}
