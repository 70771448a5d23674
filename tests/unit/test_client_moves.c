/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Moves of sockets between the tunnels: from every level to every other, what waits for the server and what does not,
 * and what comes between.
 */
#include "tests/unit/client_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool state_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

static int udp(uint16_t port)
{
	return world_socket(SOCK_DGRAM, WORLD_PLAIN, port);
}

static bool encrypts(enum tscf_level level)
{
	return level == TSCF_LEVEL_ENCRYPTED_ONLY || level == TSCF_LEVEL_ENCRYPTED_PREFERRED;
}

/* A packet of the socket goes up by @p encrypted or the plain tunnel, and by no other. */
static void sends_by(struct client_world *w, int fd, bool encrypted)
{
	struct world_link *plain = world_link(w, WORLD_UDP), *other = world_link(w, WORLD_DTLS);
	unsigned by_plain = plain->inner, by_other = other ? other->inner : 0;

	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_uint_eq(plain->inner, by_plain + !encrypted);
	if (other)
		ck_assert_uint_eq(other->inner, by_other + encrypted);
}

/* --- every level --- */

WORLD_TEST(every_level, NULL)
{
	int keeper = world_encrypted_up(w, 4000);

	for (uint16_t i = 0; i < 16; i++) {
		enum tscf_level from = i / 4, to = i % 4;
		uint16_t port = 5000 + i;
		int fd = udp(port);
		struct world_call *call = world_level(w, fd, from);

		ck_assert(call->answered && call->error == 0);
		ck_assert_int_eq(world_mark(w, fd), from);
		WORLD_UNTIL(w, 1000, world_bound(w, port) == encrypts(from));
		sends_by(w, fd, encrypts(from));
		call = world_level(w, fd, to);
		ck_assert(call->answered && call->error == 0);
		ck_assert_int_eq(world_mark(w, fd), to);
		WORLD_UNTIL(w, 1000, world_bound(w, port) == encrypts(to));
		sends_by(w, fd, encrypts(to));
		call = world_call(w, TSCF_CONTROL_GET_LEVEL, fd);
		ck_assert_uint_eq(call->in.level, to);
		close(fd);
	}
	close(keeper);
}

/* Without an encrypted tunnel: only may not send before there is one, preferred is plain until then. */
WORLD_TEST(no_tunnel_yet, NULL)
{
	world_plain_up(w);
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	int only = udp(5000), preferred = udp(5001);
	ck_assert(world_level(w, only, TSCF_LEVEL_ENCRYPTED_ONLY)->answered);
	ck_assert(world_level(w, preferred, TSCF_LEVEL_ENCRYPTED_PREFERRED)->answered);
	ck_assert_int_eq(world_mark(w, only), TSCF_LEVEL_ENCRYPTED_ONLY);
	sends_by(w, preferred, false);
	ck_assert_int_eq(world_program_sends(only, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 1);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up") && world_bound(w, 5000) && world_bound(w, 5001));
	sends_by(w, preferred, true);
	close(only);
	close(preferred);
}

/* --- what waits for the server --- */

/* Back to plain: both ends use the encrypted tunnel until the server has said that it knows. */
WORLD_TEST(back_waits, NULL)
{
	int fd = world_encrypted_up(w, 5000), keeper = udp(5002);
	struct world_call *call;

	world_level(w, keeper, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_pass(w, 500);
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	call = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	world_pass(w, 200);
	ck_assert(!call->answered);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_ENCRYPTED_ONLY);
	sends_by(w, fd, true);
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5000));
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	if (w->i == 1)
		w->server.code[WORLD_BIND] = TSCF_RESPONSE_NOT_ALLOWED;
	world_answer(w, WORLD_BIND);
	ck_assert(call->answered);
	ck_assert_int_eq(call->error, 0);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_UNENCRYPTED);
	sends_by(w, fd, false);
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	close(fd);
	close(keeper);
}

/* It never says so: the move ends with the tunnel that does not answer. */
WORLD_TEST(back_never_confirmed, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	struct world_call *call;

	w->server.reaction[WORLD_BIND] = WORLD_LOSES;
	call = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	WORLD_UNTIL(w, 30000, call->answered);
	WORLD_UNTIL(w, 30000, world_mark(w, fd) == TSCF_LEVEL_UNENCRYPTED);
	close(fd);
}

/* The tunnel is lost on the way back: the plain one is told all again before it carries anything. */
WORLD_TEST(back_while_tunnel_goes, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	struct world_call *call;

	w->server.reaction[WORLD_BIND] = WORLD_LOSES;
	call = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	ck_assert(!call->answered);
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	WORLD_UNTIL(w, 5000, call->answered && world_mark(w, fd) == TSCF_LEVEL_UNENCRYPTED);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_pass(w, 3000);
	ck_assert(!world_bound(w, 5000) && !world_shielded(w, 5000));
	sends_by(w, fd, false);
	close(fd);
}

/* The newest word on a socket holds; what was said before must not set its mark later. */
WORLD_TEST(superseded, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	struct world_call *first, *second;

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	first = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	second = world_level(w, fd, w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(first->answered && second->answered);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	world_pass(w, 1000);
	ck_assert_int_eq(world_mark(w, fd), w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(world_bound(w, 5000));
	close(fd);
}

/* Back and forth, faster than the server answers, whatever order its answers come in. */
WORLD_TEST(to_and_fro, NULL)
{
	int fd = world_encrypted_up(w, 5000), keeper = udp(5002);

	world_level(w, keeper, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_pass(w, 500);
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	for (unsigned i = 0; i < 7; i++) {
		world_level(w, fd, i % 2 ? TSCF_LEVEL_ENCRYPTED_ONLY : TSCF_LEVEL_UNENCRYPTED);
		world_pass(w, 60);
		if (i % 3 == 2)
			world_answer_all(w, w->i);
	}
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, w->i);
	WORLD_UNTIL(w, 3000, world_mark(w, fd) == TSCF_LEVEL_UNENCRYPTED && !world_bound(w, 5000));
	world_pass(w, 6000);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_UNENCRYPTED);
	ck_assert(!world_bound(w, 5000));
	sends_by(w, fd, false);
	close(fd);
	close(keeper);
}

/* The caller goes away: its socket moves all the same. */
WORLD_TEST(caller_gone, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	struct world_call *call;

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	call = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	world_hang_up(w, call);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_UNENCRYPTED);
	ck_assert(!call->answered);
	close(fd);
}

/* The client ends while a socket waits: who waits is answered. */
WORLD_TEST(client_ends, NULL)
{
	int fd = world_encrypted_up(w, 5000);

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	ck_assert(!world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->answered);
	close(fd);
}

/* --- kinds of sockets --- */

/* Bound to the any-address of both families it has two keys, and waits for both. */
WORLD_TEST(both_families, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_DGRAM, "::", 5000);
	struct world_call *call;

	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	call = world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	ck_assert(!call->answered);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	ck_assert(call->answered);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_UNENCRYPTED);
	close(fd);
	close(keeper);
}

/* Of two sockets with one port the strictest decides what the server does; the other one's word does not count. */
WORLD_TEST(shared_port, NULL)
{
	int keeper = world_encrypted_up(w, 4000), on = 1;
	int one = world_socket(SOCK_DGRAM, NULL, 0), two;

	setsockopt(one, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5000)};
	ck_assert_int_eq(bind(one, (struct sockaddr *)&to, sizeof(to)), 0);
	two = world_socket(SOCK_DGRAM, NULL, 0);
	setsockopt(two, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	ck_assert_int_eq(bind(two, (struct sockaddr *)&to, sizeof(to)), 0);
	world_level(w, one, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_level(w, two, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	world_level(w, two, TSCF_LEVEL_UNENCRYPTED);
	ck_assert_int_eq(world_mark(w, two), TSCF_LEVEL_UNENCRYPTED);
	world_pass(w, 6000);
	ck_assert(world_bound(w, 5000));
	world_close(w, one);
	WORLD_UNTIL(w, 10000, !world_bound(w, 5000));
	close(two);
	close(keeper);
}

/* Without a port there is nothing to tell; when the library says that it is bound, the server hears of it. */
WORLD_TEST(bound_later, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_DGRAM, NULL, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5000)};
	unsigned told;

	ck_assert(world_level(w, fd, w->i ? TSCF_LEVEL_UNENCRYPTED : TSCF_LEVEL_ENCRYPTED_ONLY)->answered);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	told = w->server.count[WORLD_BIND];
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_BOUND, fd)->error, 0);
	ck_assert_uint_eq(w->server.count[WORLD_BIND], told + (w->i == 0));
	ck_assert_int_eq(world_bound(w, 5000), w->i == 0);
	close(fd);
	close(keeper);
}

/* A plain socket gets the port of one that has just closed: the tombstone is lifted by its owner's word. */
WORLD_TEST(port_used_again, NULL)
{
	int fd = world_encrypted_up(w, 5000), keeper = udp(4000);

	world_level(w, keeper, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_close(w, fd);
	WORLD_UNTIL(w, 6000, !world_bound(w, 5000));
	fd = udp(5000);
	ck_assert(!world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	if (w->i == 0) {
		ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	} else {
		world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
		ck_assert_int_eq(world_call(w, TSCF_CONTROL_BOUND, fd)->error, 0);
	}
	world_pass(w, 500);
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5000));
	close(fd);
	close(keeper);
}

WORLD_TEST(connection, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_STREAM, WORLD_PLAIN, 5000);
	struct world_link *l = world_link(w, WORLD_DTLS);
	unsigned sent = l->inner;

	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY);
	world_connect(fd, WORLD_SERVICE, 80);
	world_turn(w);
	ck_assert_uint_gt(l->inner, sent);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_BOUND, fd)->error, 0);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	close(fd);
	close(keeper);
}

/* --- errors --- */

static int foreign_socket(void)
{
	int pair[2], fd;
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if (fork() == 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
			_exit(1);
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		sendmsg(pair[1], &m, 0);
		_exit(0);
	}
	close(pair[1]);
	if (recvmsg(pair[0], &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	close(pair[0]);
	return fd;
}

WORLD_TEST(errors, NULL)
{
	int pipes[2], fd, foreign;

	world_plain_up(w);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(world_level(w, -1, TSCF_LEVEL_ENCRYPTED_ONLY)->error, EINVAL);
	ck_assert_int_ne(world_level(w, pipes[0], TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_BOUND, -1)->error, EINVAL);
	ck_assert_int_ne(world_call(w, TSCF_CONTROL_BOUND, pipes[0])->error, 0);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_GET_LEVEL, -1)->error, EINVAL);
	ck_assert_int_ne(world_call(w, TSCF_CONTROL_GET_LEVEL, pipes[0])->error, 0);
	fd = udp(5001);
	ck_assert_int_eq(world_level(w, fd, (enum tscf_level)4)->error, EINVAL);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_DEFAULT);
	foreign = foreign_socket();
	if (foreign >= 0) {
		ck_assert_int_eq(world_level(w, foreign, TSCF_LEVEL_ENCRYPTED_ONLY)->error, EXDEV);
		ck_assert_int_eq(world_call(w, TSCF_CONTROL_BOUND, foreign)->error, EXDEV);
		close(foreign);
	}
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* --- policies and default levels --- */

static void whole_host(struct client_world *w)
{
	w->config.default_level = w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY;
}

static bool is_exception(struct client_world *w, uint16_t port)
{
	struct tscf_binding_key key = {.protocol = IPPROTO_UDP, .local_port = port};
	struct tscf_binding *b;

	ck_assert_int_eq(tscf_addr_parse(WORLD_PLAIN, &key.local), 0);
	b = tscf_bindings_get(w->server.bound, &key);
	return b && b->level == TSCF_LEVEL_UNENCRYPTED;
}

/* Everything is encrypted, but for what has another level, which is an exception as long as it has. */
WORLD_TEST(default_level, whole_host)
{
	int fd;

	world_plain_up(w);
	WORLD_UNTIL(w, 3000, state_is(w, "up") && world_bound_whole(w));
	fd = udp(5000);
	sends_by(w, fd, true);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	WORLD_UNTIL(w, 1000, is_exception(w, 5000));
	sends_by(w, fd, false);
	world_pass(w, 6000);
	ck_assert(is_exception(w, 5000));
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_DEFAULT)->error, 0);
	WORLD_UNTIL(w, 1000, !is_exception(w, 5000));
	sends_by(w, fd, true);
	close(fd);
}

static void by_policy(struct client_world *w)
{
	w->config.policies.count = 1;
	w->config.policies.list[0] =
	    (struct policy){.name = "calls",
			    .protocol = IPPROTO_UDP,
			    .local_port = {5000, 5999},
			    .level = w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY};
}

/* Nobody reports these sockets: they are found, bound, and released when somebody gives them another level. */
WORLD_TEST(policy, by_policy)
{
	int fd;

	world_plain_up(w);
	fd = udp(5000);
	WORLD_UNTIL(w, 5000, state_is(w, "up") && world_bound(w, 5000));
	sends_by(w, fd, true);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_DEFAULT);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_UNENCRYPTED)->error, 0);
	WORLD_UNTIL(w, 2000, !world_bound(w, 5000));
	sends_by(w, fd, false);
	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_DEFAULT)->error, 0);
	WORLD_UNTIL(w, 3000, world_bound(w, 5000));
	sends_by(w, fd, true);
	close(fd);
}

/* --- trusted networks --- */

static void trust_out0(struct client_world *w)
{
	w->config.trusted.interface_count = 1;
	strcpy(w->config.trusted.interfaces[0], "out0");
}

static void trust_out0_whole_host(struct client_world *w)
{
	trust_out0(w);
	w->config.default_level = w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY;
}

/* What prefers encryption asks for no tunnel on a trusted network, what needs it does. */
WORLD_TEST(trusted_by_default, trust_out0_whole_host)
{
	world_plain_up(w);
	world_pass(w, 3000);
	ck_assert(state_is(w, w->i ? "idle" : "up"));
}

static int reread_trust(struct client_world *w, struct client_config *fresh)
{
	(void)w;
	fresh->trusted.interface_count = 1;
	strcpy(fresh->trusted.interfaces[0], "out0");
	return 0;
}

static int reread_no_trust(struct client_world *w, struct client_config *fresh)
{
	(void)w, (void)fresh;
	return 0;
}

WORLD_TEST(trusted, trust_out0)
{
	int preferred, only;

	world_plain_up(w);
	ck_assert_str_eq(world_status(w, "trusted"), "true");
	preferred = udp(5000);
	world_level(w, preferred, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	world_pass(w, 2000);
	ck_assert(state_is(w, "idle"));
	sends_by(w, preferred, false);
	only = world_encrypted_up(w, 5001);
	sends_by(w, only, true);
	sends_by(w, preferred, false);
	ck_assert(!world_bound(w, 5000));
	/* Not any more. */
	w->reread = reread_no_trust;
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, 0);
	WORLD_UNTIL(w, 1000, world_bound(w, 5000));
	sends_by(w, preferred, true);
	/* And again: the server is told first. */
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	w->reread = reread_trust;
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, 0);
	world_pass(w, 100);
	sends_by(w, preferred, true);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	if (w->i == 0) {
		world_answer_all(w, false);
		WORLD_UNTIL(w, 1000, !world_bound(w, 5000));
	} else {
		/* The tunnel is lost before the server has said so. */
		world_lose(w);
		world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
		world_pass(w, 5000);
	}
	sends_by(w, preferred, false);
	sends_by(w, only, true);
	close(only);
	close(preferred);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client moves");
	TCase *levels = tcase_create("levels"), *order = tcase_create("order"), *kinds = tcase_create("kinds");
	TCase *wide = tcase_create("wide");

	tcase_add_test(levels, every_level);
	tcase_add_test(levels, no_tunnel_yet);
	tcase_add_test(levels, errors);
	tcase_add_loop_test(order, back_waits, 0, 2);
	tcase_add_test(order, back_never_confirmed);
	tcase_add_test(order, back_while_tunnel_goes);
	tcase_add_loop_test(order, superseded, 0, 2);
	tcase_add_loop_test(order, to_and_fro, 0, 2);
	tcase_add_test(order, caller_gone);
	tcase_add_test(order, client_ends);
	tcase_add_test(kinds, both_families);
	tcase_add_test(kinds, shared_port);
	tcase_add_loop_test(kinds, bound_later, 0, 2);
	tcase_add_loop_test(kinds, port_used_again, 0, 2);
	tcase_add_test(kinds, connection);
	tcase_add_loop_test(wide, default_level, 0, 2);
	tcase_add_loop_test(wide, policy, 0, 2);
	tcase_add_loop_test(wide, trusted, 0, 2);
	tcase_add_loop_test(wide, trusted_by_default, 0, 2);
	suite_add_tcase(s, levels);
	suite_add_tcase(s, order);
	suite_add_tcase(s, kinds);
	suite_add_tcase(s, wide);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}
