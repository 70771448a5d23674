/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without memory for an entry that keeps a socket out of the clear, nothing is sent down in clear. */
#include "tests/unit/runner.h"
#include "tests/unit/server_dtte_case.h"

#include <netinet/in.h>

/** How many entries can still be made. */
static unsigned room;

extern __typeof__(tscf_bindings_bind) __real_tscf_bindings_bind, __wrap_tscf_bindings_bind;
extern __typeof__(tscf_bindings_shield) __real_tscf_bindings_shield, __wrap_tscf_bindings_shield;

static bool has_memory(void)
{
	bool any = room > 0;

	room -= any;
	return any;
}

struct tscf_binding *__wrap_tscf_bindings_bind(struct tscf_bindings *table, const struct tscf_binding_key *key,
					       enum tscf_level level, void *owner, struct tscf_binding_list *list)
{
	return has_memory() ? __real_tscf_bindings_bind(table, key, level, owner, list) : NULL;
}

struct tscf_binding *__wrap_tscf_bindings_shield(struct tscf_bindings *table, const struct tscf_binding_key *key,
						 void *owner, struct tscf_binding_list *list)
{
	return has_memory() ? __real_tscf_bindings_shield(table, key, owner, list) : NULL;
}

static struct tscf_binding_key key_of(uint16_t port)
{
	return world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);
}

/* Nothing reaches a in clear, at any port; b is not concerned. */
static void expect_quiet(void)
{
	struct world_packet p = world_udp(&remote, 4000, &b.plain, SIP);

	expect_dropped(down(SIP), SERVER_COUNT_QUIET);
	expect_dropped(down(4001), SERVER_COUNT_QUIET);
	expect_plain(world_down(w, &p), &b);
}

/* All of a's address is encrypted. */
static void expect_covered(void)
{
	expect_encrypted(down(SIP), &a);
	expect_encrypted(down(4001), &a);
	expect_dropped(up(4001, false), SERVER_COUNT_CLEAR_REFUSED);
}

START_TEST(no_shield)
{
	struct tscf_binding_key key = key_of(SIP);

	room = 0;
	ck_assert_int_eq(world_shield(&a, &key, true), TSCF_RESPONSE_LIMIT);
	expect_quiet();
	/* It ends when the server has all shields. */
	room = 1;
	ck_assert_int_eq(world_shield(&a, &key, true), TSCF_RESPONSE_SUCCESS);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	expect_plain(down(4001), &a);
}
END_TEST

static void expect_refused(enum tscf_bind_action action, enum tscf_level level)
{
	struct tscf_binding_key key = key_of(SIP);

	ck_assert_int_eq(world_bind(&a, &key, action, level, 0), TSCF_RESPONSE_LIMIT);
}

START_TEST(no_binding)
{
	world_encrypt(&a);
	room = 0;
	expect_refused(TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY);
	expect_quiet();
}
END_TEST

/* What closes leaves a tombstone, or an entry for what is under way: without one, it is as if it had not closed. */
START_TEST(no_end)
{
	static const struct {
		enum tscf_bind_action action;
		enum tscf_level level;
	} ends[] = {{TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY},
		    {TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_PREFERRED},
		    {TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_ENCRYPTED_ONLY}};

	world_encrypt(&a);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		room = 0;
		expect_refused(ends[i].action, ends[i].level);
		expect_quiet();
		world_plain(&a)->quiet = false;
	}
}
END_TEST

/* An encrypted packet of a socket that nobody has announced. */
START_TEST(no_implicit_binding)
{
	world_encrypt(&a);
	room = 0;
	expect_tun(up(SIP, true));
	expect_quiet();
}
END_TEST

/* The entry of the socket is refused, that of the address is not. */
START_TEST(covered)
{
	world_encrypt(&a);
	world_encrypted(&a)->tombstones = UINT16_MAX;
	world_encrypted(&a)->tombstones_since = w->now;
	room = 1;
	expect_refused(TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY);
	expect_covered();
}
END_TEST

static Suite *make_suite(void)
{
	static void (*const setups[])(void) = {setup_ipv4, setup_ipv6};
	Suite *s = suite_create("server_no_memory");

	for (unsigned i = 0; i < 2; i++) {
		TCase *t = tcase_create(i == 0 ? "ipv4" : "ipv6");

		tcase_add_checked_fixture(t, setups[i], teardown);
		tcase_add_test(t, no_shield);
		tcase_add_test(t, no_binding);
		tcase_add_test(t, no_end);
		tcase_add_test(t, no_implicit_binding);
		tcase_add_test(t, covered);
		suite_add_tcase(s, t);
	}
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
