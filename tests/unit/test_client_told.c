/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets of which the guard tells: the client knows each at once, and does not list them, except at the start, after
 * lost events, and now and then to compare.  The guard is played.
 */
#include "tests/unit/client_world.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/sockets/registry.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECONCILES_MS 31000

/* --- the guard --- */

static const struct guard_events_handler *listener;
static void *listener_context;
static bool lost;
static struct guard_event waits; /**< in the ring; kind LOOK: none */

extern __typeof__(guard_is_heard) __wrap_guard_is_heard;
extern __typeof__(guard_has_lost) __wrap_guard_has_lost;
extern __typeof__(guard_listen) __wrap_guard_listen;
extern __typeof__(guard_catch_up) __wrap_guard_catch_up;

bool __wrap_guard_is_heard(const struct guard *g)
{
	(void)g;
	return true;
}

bool __wrap_guard_has_lost(struct guard *g)
{
	bool was = lost;

	(void)g;
	lost = false;
	return was;
}

void __wrap_guard_listen(struct guard *g, struct ev_loop *loop, const struct guard_events_handler *handler,
			 void *context)
{
	(void)g, (void)loop;
	listener = handler;
	listener_context = context;
	waits.kind = GUARD_EVENT_LOOK;
}

void __wrap_guard_catch_up(struct guard *g)
{
	struct guard_event e = waits;

	(void)g;
	waits.kind = GUARD_EVENT_LOOK;
	if (e.kind != GUARD_EVENT_LOOK)
		listener->event(listener_context, &e);
}

static void tell(struct client_world *w, const struct guard_event *e)
{
	listener->event(listener_context, e);
	listener->drained(listener_context);
	world_turn(w);
}

/* --- memory --- */

static bool no_memory;

extern __typeof__(tscf_bindings_bind) __real_tscf_bindings_bind, __wrap_tscf_bindings_bind;

struct tscf_binding *__wrap_tscf_bindings_bind(struct tscf_bindings *table, const struct tscf_binding_key *key,
					       enum tscf_level level, void *owner, struct tscf_binding_list *list)
{
	return no_memory ? NULL : __real_tscf_bindings_bind(table, key, level, owner, list);
}

/* --- sockets --- */

static struct guard_event event_of(const struct tscf_socket *s)
{
	struct guard_event e = {.cookie = s->cookie,
				.kind = GUARD_EVENT_BOUND,
				.mark = s->mark,
				.mark_before = s->mark,
				.family = (__u32)s->family,
				.type = s->type,
				.protocol = s->protocol,
				.local_port = s->local_port};

	memcpy(e.local, s->local.bytes, tscf_addr_size(s->local.family));
	return e;
}

static struct guard_event birth_of(int fd)
{
	struct tscf_socket s;

	ck_assert_int_eq(tscf_socket_of_fd(fd, &s), 0);
	return event_of(&s);
}

/* A socket that the guard has made encrypted-only. */
static int unheard(struct client_world *w, uint16_t port)
{
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, port);

	ck_assert_int_eq(
	    tscf_socket_set_mark(fd, w->config.fwmark_mask, TSCF_MARK_EXPLICIT | TSCF_LEVEL_ENCRYPTED_ONLY), 0);
	return fd;
}

static int born(struct client_world *w, uint16_t port)
{
	int fd = unheard(w, port);
	struct guard_event e = birth_of(fd);

	tell(w, &e);
	return fd;
}

static long listings(struct client_world *w)
{
	return world_counter(w, "socket_listings");
}

/* All that was under way is over, and the client has no reason to list the sockets. */
static long rest(struct client_world *w)
{
	world_pass(w, RECONCILES_MS);
	return listings(w);
}

WORLD_TEST(known_without_a_listing, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;
	long before = rest(w);

	fd = born(w, 5001);
	ck_assert_msg(world_bound(w, 5001), "told at once");
	ck_assert_str_eq(world_status(w, "sockets.encrypted-only"), "2");
	world_close(w, fd);
	ck_assert_msg(!world_bound(w, 5001), "and of its end");
	ck_assert_str_eq(world_status(w, "sockets.encrypted-only"), "1");
	ck_assert_int_eq(listings(w), before);
	close(first);
}

WORLD_TEST(idle, NULL)
{
	int fd = world_encrypted_up(w, 5000);
	long before = rest(w);

	world_pass(w, 300000);
	ck_assert_int_le(listings(w) - before, 10);
	ck_assert_int_ge(listings(w) - before, 9);
	ck_assert_int_eq(world_counter(w, "sockets_missed") + world_counter(w, "sockets_stale"), 0);
	close(fd);
}

/* The sockets of one call after the other.  That the tombstone of one is over is no reason to list all. */
WORLD_TEST(calls, NULL)
{
	int first = world_encrypted_up(w, 5000);
	long before = rest(w);

	for (uint16_t i = 0; i < 100; i++) {
		int fd = born(w, (uint16_t)(5001 + i));

		world_pass(w, 1500);
		world_close(w, fd);
		world_pass(w, 1500);
	}
	ck_assert_int_le(listings(w) - before, 11);
	world_pass(w, TSCF_TOMBSTONE_MS + RECONCILES_MS);
	ck_assert_str_eq(world_status(w, "bindings"), "1");
	close(first);
}

/* There is no memory for what was told: it is listed soon. */
WORLD_TEST(told_in_vain, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;
	long before = rest(w);

	/* The next listing that comes by itself is far. */
	WORLD_UNTIL(w, RECONCILES_MS, listings(w) > before);
	no_memory = true;
	fd = born(w, 5001);
	ck_assert(!world_bound(w, 5001));
	no_memory = false;
	WORLD_UNTIL(w, REGISTRY_RESYNC_MAX_MS + 1000, world_bound(w, 5001));
	close(first);
	close(fd);
}

/* Whatever the guard does not see is found, and for a while nobody relies on the guard. */
WORLD_TEST(missed, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;
	long before = rest(w);

	fd = unheard(w, 5001);
	WORLD_UNTIL(w, RECONCILES_MS, world_bound(w, 5001));
	ck_assert_int_eq(world_counter(w, "sockets_missed"), 1);
	before = listings(w);
	world_pass(w, 50000);
	ck_assert_int_ge(listings(w) - before, 9);
	before = rest(w);
	world_pass(w, 25000);
	ck_assert_int_le(listings(w) - before, 1);
	close(first);
	close(fd);
}

WORLD_TEST(lost_events, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;

	rest(w);
	fd = unheard(w, 5001);
	lost = true;
	listener->drained(listener_context);
	WORLD_UNTIL(w, 200, world_bound(w, 5001));
	ck_assert_int_eq(world_counter(w, "sockets_missed"), 0);
	close(first);
	close(fd);
}

/* An event that comes after the end of its socket, or that is wrong. */
WORLD_TEST(stale, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;
	struct guard_event e;

	rest(w);
	fd = unheard(w, 5001);
	e = birth_of(fd);
	world_close(w, fd);
	tell(w, &e);
	ck_assert(world_bound(w, 5001));
	world_pass(w, RECONCILES_MS);
	ck_assert_msg(!world_bound(w, 5001), "a listing knows better");
	world_pass(w, RECONCILES_MS);
	ck_assert_int_eq(world_counter(w, "sockets_stale"), 1);
	close(first);
}

/* The ring and the register of sockets are two channels: what was told before the end is heard before it. */
WORLD_TEST(birth_and_end_at_once, NULL)
{
	int first = world_encrypted_up(w, 5000), fd;

	rest(w);
	fd = unheard(w, 5001);
	waits = birth_of(fd);
	world_close(w, fd);
	ck_assert_uint_eq(waits.kind, GUARD_EVENT_LOOK);
	ck_assert(!world_bound(w, 5001));
	ck_assert_str_eq(world_status(w, "sockets.encrypted-only"), "1");
	close(first);
}

/* Of two sockets with one address and port, one ends: the other is still encrypted-only. */
WORLD_TEST(shared_key, NULL)
{
	int first = world_encrypted_up(w, 5000), fd, other;

	rest(w);
	fd = born(w, 5001);
	other = born(w, 5001);
	ck_assert(world_bound(w, 5001));
	world_close(w, fd);
	world_pass(w, 1000);
	ck_assert(world_bound(w, 5001));
	world_close(w, other);
	WORLD_UNTIL(w, 1000, !world_bound(w, 5001));
	close(first);
}

/* What a listing alone shows, a moment after the event. */
WORLD_TEST(look, NULL)
{
	const struct guard_event e = {.kind = GUARD_EVENT_LOOK};
	int first = world_encrypted_up(w, 5000), fd;

	rest(w);
	tell(w, &e);
	fd = unheard(w, 5001);
	world_pass(w, 50);
	ck_assert(world_bound(w, 5001));
	ck_assert_int_eq(world_counter(w, "sockets_missed"), 0);
	close(fd);
	/* The program takes longer. */
	tell(w, &e);
	world_pass(w, 100);
	fd = unheard(w, 5002);
	WORLD_UNTIL(w, 5000, world_bound(w, 5002));
	close(first);
	close(fd);
}

static struct guard_event request_of(int fd, enum guard_event_kind kind, uint8_t value)
{
	struct guard_event e = birth_of(fd);

	e.kind = kind;
	e.level = value;
	return e;
}

/* A program without the library asks before and after its socket has a port, also for what nobody offers. */
WORLD_TEST(asks, NULL)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), other;
	struct guard_event e = request_of(fd, GUARD_EVENT_REDUNDANCY, 2);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(5000)};

	world_plain_up(w);
	tell(w, &e);
	ck_assert_str_eq(world_status(w, "redundancy.sockets"), "1");
	ck_assert_int_eq(world_redundancy(w, 5000), -1);
	ck_assert_int_eq(inet_pton(AF_INET, WORLD_PLAIN, &at.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	e = birth_of(fd);
	tell(w, &e);
	ck_assert_int_eq(world_redundancy(w, 5000), 2);
	other = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5001);
	e = request_of(other, GUARD_EVENT_DATAGRAM, 1);
	tell(w, &e);
	ck_assert_int_eq(world_redundancy(w, 5001), 0);
	world_close(w, other);
	world_close(w, fd);
	ck_assert_int_eq(world_redundancy(w, 5000), -1);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client told");
	TCase *tc = tcase_create("told");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, known_without_a_listing);
	tcase_add_test(tc, idle);
	tcase_add_test(tc, calls);
	tcase_add_test(tc, told_in_vain);
	tcase_add_test(tc, missed);
	tcase_add_test(tc, lost_events);
	tcase_add_test(tc, stale);
	tcase_add_test(tc, birth_and_end_at_once);
	tcase_add_test(tc, shared_key);
	tcase_add_test(tc, look);
	tcase_add_test(tc, asks);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return world_main(make_suite);
}
