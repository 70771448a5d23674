/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_world_kernel.c - the sockets of a world's programs, their packets, and what the kernel says of sockets. */
#include "tests/unit/client_world_internal.h"

#include "common/base/bytes.h"
#include "common/packet/checksum.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the register of sockets --- */

static void dump_socket(void *context, const struct tscf_socket *s)
{
	struct client_world *w = context;

	w->diag->socket(w->diag_context, s);
}

static void dump_done(void *context, int error)
{
	struct client_world *w = context;

	w->diag->done(w->diag_context, w->diag_error ? w->diag_error : error);
}

static void destroyed(void *context, const struct tscf_socket *s)
{
	struct client_world *w = context;

	w->is_destroyed |= s->cookie == w->closing;
	w->diag->destroyed(w->diag_context, s);
}

/* The client has one that goes on; others are for one dump. */
int __wrap_tscf_sockdiag_open(struct ev_loop *loop, uint32_t mask, const struct tscf_sockdiag_handler *handler,
			      void *context, struct tscf_sockdiag **out)
{
	static const struct tscf_sockdiag_handler ours = {dump_socket, dump_done, destroyed};
	struct client_world *w = world_of_process();

	if (!handler->destroyed)
		return __real_tscf_sockdiag_open(loop, mask, handler, context, out);
	w->diag = handler;
	w->diag_context = context;
	return __real_tscf_sockdiag_open(loop, mask, &ours, w, out);
}

/* A search is over at once: the threads of the client know no other clock. */
int __wrap_searches_begin(struct searches *all, struct search *s)
{
	(void)all;
	s->here = true;
	s->work(s);
	s->over(s);
	s->free(s);
	return 0;
}

/* --- sockets --- */

static socklen_t make_address(const char *host, uint16_t port, union tscf_endpoint *out)
{
	struct tscf_addr addr;

	ck_assert_int_eq(tscf_addr_parse(host, &addr), 0);
	tscf_endpoint_make(&addr, port, out);
	return tscf_endpoint_size(out);
}

int world_socket(int type, const char *host, uint16_t port)
{
	int family = host && strchr(host, ':') ? AF_INET6 : AF_INET, on = 1;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, type == SOCK_RAW ? 99 : 0);
	union tscf_endpoint to;
	socklen_t size;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (host) {
		size = make_address(host, port, &to);
		ck_assert_msg(bind(fd, &to.sa, size) == 0, "bind %s %u: %s", host, port, strerror(errno));
	}
	return fd;
}

void world_close(struct client_world *w, int fd)
{
	world_turn(w);
	w->closing = world_cookie(fd);
	w->is_destroyed = false;
	close(fd);
	for (unsigned tries = 0; !w->is_destroyed; tries++) {
		ck_assert_uint_lt(tries, 5000);
		usleep(1000);
		world_turn(w);
	}
}

void world_connect(int fd, const char *host, uint16_t port)
{
	union tscf_endpoint to;
	socklen_t size = make_address(host, port, &to);

	ck_assert(connect(fd, &to.sa, size) == 0 || errno == EINPROGRESS);
}

enum tscf_level world_mark(struct client_world *w, int fd)
{
	uint32_t mark;
	socklen_t size = sizeof(mark);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &size), 0);
	return tscf_mark_level(mark, w->config.fwmark_mask);
}

uint64_t world_cookie(int fd)
{
	uint64_t cookie;
	socklen_t size = sizeof(cookie);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
	return cookie;
}

int world_program_sends(int fd, const char *host, uint16_t port, const char *text)
{
	union tscf_endpoint to;
	socklen_t size = make_address(host, port, &to);

	return sendto(fd, text, strlen(text), MSG_DONTWAIT, &to.sa, size) < 0 ? -errno : 0;
}

/* --- packets from the service network --- */

static void put_addr(uint8_t *to, const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	memcpy(to, a.bytes, tscf_addr_size(a.family));
}

uint32_t world_packet(uint8_t *data, const char *to, uint16_t port)
{
	uint16_t sum;

	memset(data, 0, 36);
	data[0] = 0x45;
	tscf_put_u16(data + 2, 36);
	data[8] = 64;
	data[9] = IPPROTO_UDP;
	put_addr(data + 12, WORLD_SERVICE);
	put_addr(data + 16, to);
	sum = (uint16_t)~tscf_checksum_fold(tscf_checksum_add(data, 20));
	memcpy(data + 10, &sum, 2);
	tscf_put_u16(data + 20, 7000);
	tscf_put_u16(data + 22, port);
	tscf_put_u16(data + 24, 16);
	memcpy(data + 28, "a packet", 8);
	return 36;
}

bool world_arrives(struct world_link *l, int fd, uint16_t port)
{
	uint8_t data[64];
	char got[64];

	world_link_receive(l, data, world_packet(data, WORLD_PLAIN, port));
	world_turn(l->world);
	return recv(fd, got, sizeof(got), MSG_DONTWAIT) == 8 && memcmp(got, "a packet", 8) == 0;
}

int world_encrypted_up(struct client_world *w, uint16_t port)
{
	int fd;

	if (!world_plain_is_up(w))
		world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, port);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	WORLD_UNTIL(w, 5000, strcmp(world_status(w, "encrypted.state"), "up") == 0);
	WORLD_UNTIL(w, 5000, world_bound(w, port));
	return fd;
}
