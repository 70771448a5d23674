/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries of sockets while there is no encrypted tunnel. */
#include "tests/unit/runner.h"
#include "tscf-client/context.h"

#include <netinet/in.h>
#include <stdlib.h>

#define COOKIE 7

static struct client_config config;
static struct client c;
static struct tscf_binding_key key;

static void setup(void)
{
	config = (struct client_config){.keepalive = 10};
	c = (struct client){.config = &config, .now = 1000000};
	c.registry.table = tscf_bindings_new();
	c.registry.under_way[0] = tscf_bindings_new();
	c.registry.under_way[1] = tscf_bindings_new();
	c.registry.generation = 1;
	key = (struct tscf_binding_key){.protocol = IPPROTO_UDP, .local_port = 5006};
	ck_assert_int_eq(tscf_addr_parse("10.8.0.2", &key.local), 0);
}

static void teardown(void)
{
	tscf_bindings_free(c.registry.table);
	tscf_bindings_free(c.registry.under_way[0]);
	tscf_bindings_free(c.registry.under_way[1]);
	free(c.registry.pending);
}

/* A packet of the socket on the encrypted device. */
static void late_packet(void)
{
	struct tscf_binding_key flow = key;
	ck_assert_int_eq(tscf_addr_parse("192.0.2.1", &flow.remote), 0);
	flow.remote_port = 7000;
	registry_flow(&c, &flow);
}

static bool is_bound(void)
{
	const struct tscf_binding *b = tscf_bindings_get(c.registry.table, &key);
	return b && b->state == TSCF_BINDING_ACTIVE;
}

/* A packet that came when the tunnel had just been lost must not keep a preferred socket silent. */
START_TEST(late_packet_of_preferred)
{
	late_packet();
	ck_assert(is_bound());
	registry_bind(&c, &key, TSCF_LEVEL_ENCRYPTED_PREFERRED, COOKIE, false, 0);
	ck_assert(!is_bound());
}
END_TEST

/* The same where the server may know of it already: it must be told. */
START_TEST(late_packet_was_told)
{
	late_packet();
	tscf_bindings_get(c.registry.table, &key)->told = true;
	registry_bind(&c, &key, TSCF_LEVEL_ENCRYPTED_PREFERRED, COOKIE, false, 0);
	ck_assert(!is_bound());
	ck_assert_int_eq(c.registry.pending[c.registry.pending_count - 1].wire.action, TSCF_BIND_ACTION_RELEASE);
}
END_TEST

/* Another socket with that port, which is encrypted-only, stays bound, in whatever order they are listed. */
START_TEST(shared_with_encrypted_only)
{
	late_packet();
	if (_i == 0)
		registry_bind(&c, &key, TSCF_LEVEL_ENCRYPTED_PREFERRED, COOKIE, false, 0);
	registry_bind(&c, &key, TSCF_LEVEL_ENCRYPTED_ONLY, COOKIE + 1, false, 0);
	if (_i == 1)
		registry_bind(&c, &key, TSCF_LEVEL_ENCRYPTED_PREFERRED, COOKIE, false, 0);
	ck_assert(is_bound());
	ck_assert_int_eq(tscf_bindings_get(c.registry.table, &key)->level, TSCF_LEVEL_ENCRYPTED_ONLY);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("client registry");
	TCase *t = tcase_create("no tunnel");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, late_packet_of_preferred);
	tcase_add_test(t, late_packet_was_told);
	tcase_add_loop_test(t, shared_with_encrypted_only, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
