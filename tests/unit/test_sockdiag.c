/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The register of sockets against real sockets in a network namespace.
 */
#include "common/base/level.h"
#include "common/linux/sockdiag.h"
#include "common/linux/sockdiag_message.h"
#include "common/linux/sockdiag_query.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MASK  TSCF_MARK_MASK_DEFAULT
#define OTHER 0x00000055U /* bits of somebody else's */
#define MANY  5000
#define ROOM  (2 * MANY)

/** What the handler was told. */
static struct {
	struct tscf_socket found[ROOM];
	size_t count;
	int done, error, cancelled;
	unsigned destroyed, lost;
	uint64_t awaited; /* cookie */
	bool gone;
} seen;

static struct ev_loop *loop;
static struct tscf_sockdiag *diag;

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

static const struct tscf_sockdiag_handler handler = {on_socket, on_done, on_destroyed};

static void setup(void)
{
	tscf_netns_enter();
	loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(loop);
	ck_assert_int_eq(tscf_sockdiag_open(loop, MASK, &handler, &seen, &diag), 0);
}

static void teardown(void)
{
	tscf_sockdiag_close(diag);
	ev_loop_destroy(loop);
}

static void on_deadline(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)l;
	(void)events;
	*(bool *)timer->data = true;
}

/** Run the loop until @p condition; fails after five seconds. */
static void run_until(bool (*condition)(void))
{
	bool late = false;
	ev_timer deadline;

	ev_timer_init(&deadline, on_deadline, 5., 0.);
	deadline.data = &late;
	ev_timer_start(loop, &deadline);
	while (!condition() && !late)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &deadline);
	ck_assert_msg(condition(), "not within five seconds");
}

static bool awaited_is_gone(void)
{
	return seen.gone;
}

static bool dump_is_done(void)
{
	return seen.done > 0;
}

static bool events_were_lost(void)
{
	return seen.lost > 0;
}

static void dump(void)
{
	seen.count = 0;
	seen.done = 0;
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), 0);
	ck_assert_int_eq(seen.done, 1);
	ck_assert_int_eq(seen.error, 0);
}

static const struct tscf_socket *find(uint64_t cookie)
{
	for (size_t i = 0; i < seen.count; i++)
		if (seen.found[i].cookie == cookie)
			return &seen.found[i];
	return NULL;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static void set_mark(int fd, uint32_t mark)
{
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
}

static int marked_socket(int family, int type, int protocol, enum tscf_level level)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	ck_assert_int_ge(fd, 0);
	set_mark(fd, tscf_mark_set(OTHER, MASK, level));
	return fd;
}

static union tscf_endpoint endpoint(const char *text)
{
	union tscf_endpoint e;

	ck_assert_int_eq(tscf_endpoint_parse(text, 0, &e), 0);
	return e;
}

static void bind_to(int fd, const char *text)
{
	union tscf_endpoint e = endpoint(text);

	ck_assert_int_eq(bind(fd, &e.sa, tscf_endpoint_size(&e)), 0);
}

/** Find the socket in the dump and compare it with what the descriptor says. */
static const struct tscf_socket *check_found(int fd, const char *local, const char *remote)
{
	const struct tscf_socket *s = find(cookie_of(fd));
	char text[TSCF_ADDR_TEXT];
	union tscf_endpoint e;
	struct tscf_socket own;
	struct stat st;

	ck_assert_msg(s != NULL, "%s is not in the dump", local);
	tscf_endpoint_make(&s->local, s->local_port, &e);
	ck_assert_str_eq(tscf_endpoint_format(&e, text), local);
	ck_assert_int_eq(s->remote.family != 0, remote != NULL);
	if (remote) {
		tscf_endpoint_make(&s->remote, s->remote_port, &e);
		ck_assert_str_eq(tscf_endpoint_format(&e, text), remote);
	}
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(s->inode, st.st_ino);
	ck_assert_uint_eq(s->uid, 0);
	ck_assert_int_eq(tscf_socket_of_fd(fd, &own), 0);
	own.inode = s->inode;
	ck_assert(tscf_addr_equal(&own.local, &s->local) && tscf_addr_equal(&own.remote, &s->remote));
	ck_assert_uint_eq(own.local_port, s->local_port);
	ck_assert_uint_eq(own.remote_port, s->remote_port);
	ck_assert_int_eq(own.family, s->family);
	ck_assert_uint_eq(own.type, s->type);
	ck_assert_uint_eq(own.protocol, s->protocol);
	ck_assert_uint_eq(own.state, s->state);
	ck_assert_uint_eq(own.mark, s->mark);
	ck_assert_uint_eq(own.cookie, s->cookie);
	return s;
}

static const struct {
	int family, type, protocol;
	const char *bound, *connected, *local, *remote;
} kinds[] = {
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "127.0.0.1:5060", NULL, "127.0.0.1:5060", NULL},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "0.0.0.0:5060", NULL, "0.0.0.0:5060", NULL},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDP, "127.0.0.1:5060", "127.0.0.1:9", "127.0.0.1:5060", "127.0.0.1:9"},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "[::]:7078", NULL, "[::]:7078", NULL},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "[::1]:7078", "[::1]:9", "[::1]:7078", "[::1]:9"},
    {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "127.0.0.1:5060", NULL, "127.0.0.1:5060", NULL},
    {AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, "[::1]:5060", NULL, "[::1]:5060", NULL},
};

/** Every kind of datagram socket, at every level. */
START_TEST(datagram_socket_is_found)
{
	int fd = marked_socket(kinds[_i].family, kinds[_i].type, kinds[_i].protocol, TSCF_LEVEL_ENCRYPTED_ONLY);
	const struct tscf_socket *s;
	union tscf_endpoint to;

	bind_to(fd, kinds[_i].bound);
	if (kinds[_i].connected) {
		to = endpoint(kinds[_i].connected);
		ck_assert_int_eq(connect(fd, &to.sa, tscf_endpoint_size(&to)), 0);
	}
	for (uint32_t level = 1; level < 4; level++) {
		set_mark(fd, tscf_mark_set(OTHER, MASK, level));
		dump();
		ck_assert_uint_eq(seen.count, 1);
		s = check_found(fd, kinds[_i].local, kinds[_i].remote);
		ck_assert_uint_eq(s->mark, OTHER | level << 24);
		ck_assert_uint_eq(s->type, SOCK_DGRAM);
		ck_assert_uint_eq(s->protocol, kinds[_i].protocol);
	}
	close(fd);
}
END_TEST

/** A dual-stack socket that talks IPv4: its addresses are IPv4 ones, itself is of family AF_INET6. */
START_TEST(dual_stack_socket_speaks_ipv4)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	int fd = marked_socket(AF_INET6, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	const struct tscf_socket *s;

	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr), 1);
	bind_to(fd, "[::]:7078");
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	dump();
	s = check_found(fd, "127.0.0.1:7078", "127.0.0.1:9");
	ck_assert_int_eq(s->family, AF_INET6);
	close(fd);
}
END_TEST

/** Dump until a socket of local port @p port is in one of two states, which it gets to by itself.  @return it. */
static const struct tscf_socket *await_state(uint16_t port, int state, int or_state)
{
	time_t deadline = time(NULL) + 5;

	do {
		dump();
		for (size_t i = 0; i < seen.count; i++)
			if (seen.found[i].local_port == port &&
			    (seen.found[i].state == state || seen.found[i].state == or_state))
				return &seen.found[i];
	} while (time(NULL) < deadline);
	ck_abort_msg("no socket of port %u in state %d or %d", port, state, or_state);
	return NULL;
}

/** Listener, both ends of a connection, and what is left of them when they are closed one after the other. */
START_TEST(tcp_socket_is_found_until_time_wait)
{
	const char *address = _i ? "[::1]:5060" : "127.0.0.1:5060", *from = _i ? "[::1]:40000" : "127.0.0.1:40000";
	int family = _i ? AF_INET6 : AF_INET;
	int listener = marked_socket(family, SOCK_STREAM, 0, TSCF_LEVEL_UNENCRYPTED);
	int client = marked_socket(family, SOCK_STREAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY), server;
	union tscf_endpoint to = endpoint(address);
	const struct tscf_socket *s;

	bind_to(listener, address);
	ck_assert_int_eq(listen(listener, 1), 0);
	bind_to(client, from);
	ck_assert_int_eq(connect(client, &to.sa, tscf_endpoint_size(&to)), 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_ge(server, 0);
	dump();
	ck_assert_uint_eq(seen.count, 3);
	ck_assert_uint_eq(check_found(listener, address, NULL)->state, TCP_LISTEN);
	ck_assert_uint_eq(check_found(client, from, address)->state, TCP_ESTABLISHED);
	ck_assert_uint_eq(check_found(server, address, from)->mark, OTHER | TSCF_LEVEL_UNENCRYPTED << 24);

	close(client);
	s = await_state(40000, TCP_FIN_WAIT1, TCP_FIN_WAIT2);
	ck_assert_uint_eq(s->mark, OTHER | TSCF_LEVEL_ENCRYPTED_ONLY << 24);
	ck_assert_uint_eq(s->inode, 0);
	close(server);
	close(listener);
	s = await_state(40000, TCP_TIME_WAIT, TCP_TIME_WAIT);
	ck_assert_uint_eq(s->mark, OTHER | TSCF_LEVEL_ENCRYPTED_ONLY << 24);
	ck_assert_uint_eq(s->inode, 0);
	ck_assert_uint_eq(s->remote_port, 5060);
}
END_TEST

/* The queue of the listening socket is full, so the last connection stays half open. */
START_TEST(connecting_descriptor_has_its_remote)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), first = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t length = sizeof(to);
	struct tscf_socket s;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&to, &length), 0);
	ck_assert_int_eq(connect(first, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EINPROGRESS);
	ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
	ck_assert_int_eq(s.state, TCP_SYN_SENT);
	ck_assert_uint_eq(s.remote_port, ntohs(to.sin_port));
	ck_assert_int_eq(s.remote.family, AF_INET);
	ck_assert_int_eq(memcmp(s.remote.bytes, &to.sin_addr, sizeof(to.sin_addr)), 0);
	close(fd);
	close(first);
	close(listener);
}
END_TEST

START_TEST(unmarked_socket_is_not_told)
{
	int none = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bind_to(none, "127.0.0.1:5060");
	set_mark(other, ~MASK);
	bind_to(other, "127.0.0.1:5061");
	dump();
	ck_assert_uint_eq(seen.count, 0);
	close(none);
	close(other);
}
END_TEST

START_TEST(mask_of_no_bits_is_every_socket)
{
	int none = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct tscf_sockdiag *every;

	bind_to(none, "127.0.0.1:5060");
	ck_assert_int_eq(tscf_sockdiag_open(loop, 0, &handler, &seen, &every), 0);
	ck_assert_int_eq(tscf_sockdiag_dump_now(every), 0);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(check_found(none, "127.0.0.1:5060", NULL)->mark, 0);
	tscf_sockdiag_close(every);
	close(none);
}
END_TEST

static void count_port(void *context, const struct tscf_socket *s)
{
	unsigned *of = context;

	ck_assert_uint_eq(s->local_port, 5060);
	of[s->state == TCP_LISTEN ? 0 : s->inode == 0 ? 1 : 2]++;
}

static int refused_family, asked_family;

ssize_t __real_send(int fd, const void *data, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t length, int flags);
ssize_t __real_recv(int fd, void *data, size_t length, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t length, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t length, int flags)
{
	if (length == sizeof(struct tscf_sockdiag_query))
		asked_family = ((const struct tscf_sockdiag_query *)data)->diag.sdiag_family;
	return __real_send(fd, data, length, flags);
}

/* A kernel that cannot list the sockets of one family. */
ssize_t __wrap_recv(int fd, void *data, size_t length, int flags)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} refusal = {{.nlmsg_len = sizeof(refusal), .nlmsg_type = NLMSG_ERROR}, {.error = -ENOENT}};

	if (refused_family == 0 || asked_family != refused_family)
		return __real_recv(fd, data, length, flags);
	ck_assert_uint_ge(length, sizeof(refusal));
	memcpy(data, &refusal, sizeof(refusal));
	return sizeof(refusal);
}

/* Without IPv6 there are no sockets of it; but if IPv4 cannot be listed, it is not known that there are none. */
START_TEST(port_of_a_kernel_that_lists_one_family)
{
	unsigned of[3] = {0};

	refused_family = AF_INET6;
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), 0);
	refused_family = AF_INET;
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), -ENOENT);
	refused_family = 0;
}
END_TEST

/* A listening socket, a connection that has been accepted, and two that wait for it; their other ends have other ports.
 */
START_TEST(port_has_what_waits_to_be_accepted)
{
	int server = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[3], accepted;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5060), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	unsigned of[3] = {0};

	bind_to(server, "[::]:5060");
	ck_assert_int_eq(listen(server, 5), 0);
	for (unsigned i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(clients[i], (struct sockaddr *)&to, sizeof(to)), 0);
	}
	accepted = accept(server, NULL, NULL);
	ck_assert_int_ge(accepted, 0);
	ck_assert_int_eq(tscf_sockdiag_tcp_port(5060, count_port, of), 0);
	ck_assert(of[0] == 1 && of[1] == 2 && of[2] == 1);
	for (unsigned i = 0; i < 3; i++)
		close(clients[i]);
	close(accepted);
	close(server);
}
END_TEST

START_TEST(close_is_told)
{
	static const struct {
		int family, type;
		const char *bound;
	} cases[] = {
	    {AF_INET, SOCK_DGRAM, "127.0.0.1:5060"},
	    {AF_INET6, SOCK_DGRAM, "[::1]:5060"},
	    {AF_INET, SOCK_STREAM, "127.0.0.1:5060"},
	    {AF_INET6, SOCK_STREAM, "[::1]:5060"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = marked_socket(cases[i].family, cases[i].type, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

		bind_to(fd, cases[i].bound);
		if (cases[i].type == SOCK_STREAM)
			ck_assert_int_eq(listen(fd, 1), 0);
		seen.awaited = cookie_of(fd);
		seen.gone = false;
		close(fd);
		run_until(awaited_is_gone);
		dump();
		ck_assert_uint_eq(seen.count, 0);
	}
}
END_TEST

/** The descriptor is a child's, which gets no chance to say anything. */
START_TEST(killed_program_is_told)
{
	int fd = marked_socket(AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY), status;
	pid_t child;

	bind_to(fd, "127.0.0.1:5060");
	seen.awaited = cookie_of(fd);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	close(fd);
	dump();
	ck_assert_ptr_nonnull(find(seen.awaited));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	run_until(awaited_is_gone);
	dump();
	ck_assert_uint_eq(seen.count, 0);
}
END_TEST

static void open_many(int *fds)
{
	struct rlimit limit = {MANY + 100, MANY + 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = marked_socket(i & 1 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_PREFERRED);
		bind_to(fds[i], i & 1 ? "[::]:0" : "127.0.0.1:0");
	}
}

static int compare_cookies(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/** Every one of them is in found, once. */
static void check_many(const int *fds)
{
	static uint64_t wanted[MANY], got[MANY];

	ck_assert_uint_eq(seen.count, MANY);
	for (int i = 0; i < MANY; i++) {
		wanted[i] = cookie_of(fds[i]);
		got[i] = seen.found[i].cookie;
	}
	qsort(wanted, MANY, sizeof(*wanted), compare_cookies);
	qsort(got, MANY, sizeof(*got), compare_cookies);
	ck_assert_int_eq(memcmp(wanted, got, sizeof(wanted)), 0);
}

/** A long dump leaves the loop free in between, refuses a second one, and gives way to one that cannot wait. */
START_TEST(many_sockets_come_in_pieces)
{
	static int fds[MANY];
	size_t last = 0, most = 0;

	open_many(fds);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), -EBUSY);
	for (unsigned rounds = 0; seen.done == 0; rounds++) {
		ck_assert_uint_lt(rounds, 1000);
		ev_run(loop, EVRUN_ONCE);
		most = seen.count - last > most ? seen.count - last : most;
		last = seen.count;
	}
	ck_assert_int_eq(seen.error, 0);
	ck_assert_uint_lt(most, MANY / 2);
	check_many(fds);

	seen.count = 0;
	seen.done = 0;
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	ev_run(loop, EVRUN_ONCE);
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), 0);
	ck_assert_int_eq(seen.cancelled, 1);
	ck_assert_int_eq(seen.done, 2);
	ck_assert_int_eq(seen.error, 0);
	check_many(fds);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}
END_TEST

/** The kernel sends the events in its own time: close more sockets until its count of lost ones rises. */
static void await_overflow(void)
{
	time_t deadline = time(NULL) + 10;
	bool overflow = false;
	char *text;

	while (!overflow && time(NULL) < deadline) {
		for (int i = 0; i < 1000; i++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		text = tscf_netns_output("awk '$2 == %d && $9 > 0' /proc/net/netlink", NETLINK_SOCK_DIAG);
		overflow = *text != '\0';
		free(text);
	}
	ck_assert_msg(overflow, "no event was lost");
}

/** More events than the queue holds: a dump begun before goes on to its end, and the loss itself is told. */
START_TEST(lost_events_break_nothing)
{
	static int fds[MANY];
	int kept = marked_socket(AF_INET, SOCK_STREAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

	bind_to(kept, "127.0.0.1:5060");
	ck_assert_int_eq(listen(kept, 1), 0);
	open_many(fds);
	ck_assert_int_eq(tscf_sockdiag_dump(diag), 0);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	await_overflow();
	run_until(dump_is_done);
	run_until(events_were_lost);
	ck_assert_int_eq(seen.error, 0);
	ck_assert_ptr_nonnull(find(cookie_of(kept)));
	dump();
	ck_assert_uint_eq(seen.count, 1);
	close(kept);
}
END_TEST

/** Marks are shown to the privileged only: nothing would be found, so it is an error. */
START_TEST(dump_without_the_right)
{
	int fd = marked_socket(AF_INET, SOCK_DGRAM, 0, TSCF_LEVEL_ENCRYPTED_ONLY);

	bind_to(fd, "127.0.0.1:5060");
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(tscf_sockdiag_dump_now(diag), -EPERM);
	ck_assert_int_eq(seen.done, 1);
	ck_assert_int_eq(seen.error, -EPERM);
	close(fd);
}
END_TEST

START_TEST(descriptor_of_another_namespace)
{
	int before = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), after;

	ck_assert_int_eq(tscf_socket_same_netns(before), 1);
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	after = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(tscf_socket_same_netns(before), 0);
	ck_assert_int_eq(tscf_socket_same_netns(after), 1);
	close(before);
	ck_assert_int_eq(tscf_socket_same_netns(before), -EBADF);
	close(after);
}
END_TEST

START_TEST(descriptor_that_is_no_inet_socket)
{
	struct tscf_socket s;
	int local = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(tscf_socket_of_fd(local, &s), -EAFNOSUPPORT);
	ck_assert_int_eq(tscf_socket_of_fd(ends[0], &s), -ENOTSOCK);
	ck_assert_int_eq(tscf_socket_of_fd(-1, &s), -EBADF);
	ck_assert_int_eq(tscf_socket_set_mark(ends[0], MASK, 2), -ENOTSOCK);
	close(local);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/** A raw socket has no ports, though the kernel keeps its protocol in their place. */
START_TEST(raw_descriptor_has_no_port)
{
	int fd = marked_socket(AF_INET, SOCK_RAW, IPPROTO_UDP, TSCF_LEVEL_ENCRYPTED_ONLY);
	struct tscf_socket s;

	bind_to(fd, "127.0.0.1:0");
	ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
	ck_assert_uint_eq(s.type, SOCK_RAW);
	ck_assert_uint_eq(s.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(s.local_port, 0);
	ck_assert_uint_eq(s.remote.family, 0);
	close(fd);
}
END_TEST

START_TEST(set_mark_keeps_other_bits)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct tscf_socket s;

	set_mark(fd, 0xa55aa55a);
	for (uint32_t value = 0; value < 8; value++) {
		ck_assert_int_eq(tscf_socket_set_mark(fd, MASK, value), 0);
		ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
		ck_assert_uint_eq(s.mark, (0xa55aa55a & ~MASK) | value << 24);
	}
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(tscf_socket_set_mark(fd, MASK, 1), -EPERM);
	ck_assert_msg(tscf_socket_set_mark(fd, MASK, 7) == 0, "nothing to change needs no right");
	close(fd);
}
END_TEST

/** Not every kernel lists raw sockets, so its answer is made here: linux/inet_diag.h, net/ipv4/raw_diag.c. */
START_TEST(raw_message_is_understood)
{
	struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_msg m = {.idiag_family = AF_INET, .idiag_state = TCP_CLOSE, .idiag_inode = 77};
	struct tscf_socket s;

	m.id.idiag_sport = htons(IPPROTO_UDP);
	m.id.idiag_src[0] = htonl(0x0a070005);
	m.id.idiag_cookie[0] = 5;
	m.id.idiag_cookie[1] = 1;
	ck_assert_int_eq(nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nla_put_u32(msg, INET_DIAG_MARK, 0x02000001), 0);
	ck_assert(tscf_sockdiag_parse(nlmsg_hdr(msg), IPPROTO_RAW, &s));
	ck_assert_uint_eq(s.type, SOCK_RAW);
	ck_assert_uint_eq(s.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(s.local_port, 0);
	ck_assert_uint_eq(s.local.bytes[3], 5);
	ck_assert_uint_eq(s.remote.family, 0);
	ck_assert_uint_eq(s.mark, 0x02000001);
	ck_assert_uint_eq(s.inode, 77);
	ck_assert_uint_eq(s.cookie, 0x100000005);
	nlmsg_free(msg);
}
END_TEST

START_TEST(foreign_message_is_refused)
{
	struct nl_msg *other = nlmsg_alloc_simple(SOCK_DESTROY, 0), *small = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct nl_msg *local = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	struct inet_diag_msg m = {.idiag_family = AF_UNIX};
	struct tscf_socket s;

	ck_assert_int_eq(nlmsg_append(other, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nlmsg_append(small, &m, 20, NLMSG_ALIGNTO), 0);
	ck_assert_int_eq(nlmsg_append(local, &m, sizeof(m), NLMSG_ALIGNTO), 0);
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(other), IPPROTO_UDP, &s));
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(small), IPPROTO_UDP, &s));
	ck_assert(!tscf_sockdiag_parse(nlmsg_hdr(local), IPPROTO_UDP, &s));
	nlmsg_free(other);
	nlmsg_free(small);
	nlmsg_free(local);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("sockdiag");
	TCase *tcase = tcase_create("sockdiag");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, datagram_socket_is_found, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(tcase, dual_stack_socket_speaks_ipv4);
	tcase_add_loop_test(tcase, tcp_socket_is_found_until_time_wait, 0, 2);
	tcase_add_test(tcase, connecting_descriptor_has_its_remote);
	tcase_add_test(tcase, unmarked_socket_is_not_told);
	tcase_add_test(tcase, mask_of_no_bits_is_every_socket);
	tcase_add_test(tcase, port_has_what_waits_to_be_accepted);
	tcase_add_test(tcase, port_of_a_kernel_that_lists_one_family);
	tcase_add_test(tcase, close_is_told);
	tcase_add_test(tcase, killed_program_is_told);
	tcase_add_test(tcase, many_sockets_come_in_pieces);
	tcase_add_test(tcase, lost_events_break_nothing);
	tcase_add_test(tcase, dump_without_the_right);
	tcase_add_test(tcase, descriptor_of_another_namespace);
	tcase_add_test(tcase, descriptor_that_is_no_inet_socket);
	tcase_add_test(tcase, raw_descriptor_has_no_port);
	tcase_add_test(tcase, set_mark_keeps_other_bits);
	tcase_add_test(tcase, raw_message_is_understood);
	tcase_add_test(tcase, foreign_message_is_refused);
	return suite;
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}
