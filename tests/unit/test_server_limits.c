/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits: of tunnels, of those of one source, and of the bindings and shields of one tunnel. */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include <netinet/in.h>

/* max-tunnels, also for what is not confirmed yet; a client that configures again is no further one. */
START_TEST(limit_plain)
{
	w->interface->max_plain = 1;
	world_connect(&a);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_LIMIT);
	ck_assert_uint_eq(w->reply.tsid, TSCF_TSID_NONE);
	ck_assert_int_eq(world_configure(&a, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	/* From another port, with its old address, as well. */
	tscf_endpoint_set_port(&a.outer, 5001);
	ck_assert_int_eq(world_configure(&a, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_uint_eq(w->interface->plain_count, 1);
}
END_TEST

START_TEST(limit_unconfirmed)
{
	w->interface->unconfirmed_count += SERVER_UNCONFIRMED_MAX;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_LIMIT);
	w->interface->unconfirmed_count -= SERVER_UNCONFIRMED_MAX;
	world_connect(&a);
}
END_TEST

START_TEST(limit_per_source)
{
	struct world_client c;

	w->interface->max_per_source = 1;
	world_connect(&a);
	world_client(w, &c, 1, 5001);
	ck_assert_int_eq(world_configure(&c, NULL, false), TSCF_RESPONSE_LIMIT);
	world_connect(&b);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	world_connect(&c);
}
END_TEST

/* Whoever has one IPv6 address has all of its /64. */
START_TEST(limit_per_ipv6_source)
{
	static const char *const from[] = {"[2001:db8:5:1::1]:7", "[2001:db8:5:1:ffff::1]:7", "[2001:db8:5:2::1]:7"};
	struct world_client c[3];

	w->interface->max_per_source = 1;
	for (unsigned i = 0; i < 3; i++) {
		world_client(w, &c[i], 1, 5000);
		ck_assert_int_eq(tscf_endpoint_parse(from[i], 0, &c[i].outer), 0);
	}
	world_connect(&c[0]);
	ck_assert_int_eq(world_configure(&c[1], NULL, false), TSCF_RESPONSE_LIMIT);
	world_connect(&c[2]);
	ck_assert_int_eq(request(&c[0], TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	world_connect(&c[1]);
}
END_TEST

/* max-encrypted-tunnels counts reservations too. */
START_TEST(limit_encrypted)
{
	w->interface->max_encrypted = 1;
	world_connect(&a);
	world_connect(&b);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	/* The one that would replace its own is no further one. */
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	w->now += SERVER_RESERVATION_MS;
	world_pass(w, 0);
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* One session binds and buries only so much; the earlier bindings of the refused request hold. */
START_TEST(limit_bindings)
{
	struct tscf_wire_binding wire = {.level = TSCF_LEVEL_ENCRYPTED_ONLY};
	struct server_session *s;
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_connect(&a);
	world_encrypt(&a);
	s = world_encrypted(&a);
	for (unsigned port = 1; port < SERVER_BINDINGS_MAX; port++) {
		struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);

		ck_assert_ptr_nonnull(tscf_bindings_bind(w->state->bindings, &key, wire.level, s, &s->bindings));
	}
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, true);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_BIND);
	wire.key = world_key(&a.plain, IPPROTO_UDP, 50000, NULL, 0);
	tscf_write_binding(&writer, &wire);
	wire.key.local_port = 50001;
	tscf_write_binding(&writer, &wire);
	ck_assert_int_eq(world_send(&a, &writer, true), TSCF_RESPONSE_LIMIT);
	ck_assert_ptr_null(tscf_bindings_get(w->state->bindings, &wire.key));
	/* What was refused is not in clear: the whole address is encrypted, until the client says otherwise. */
	wire.key = (struct tscf_binding_key){.local = a.plain};
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	ck_assert_int_eq(bind_only(&a, &wire.key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_bind(&a, &wire.key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_UNENCRYPTED, 0),
			 TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&wire.key), RELEASED);
	wire.key = world_key(&a.plain, IPPROTO_UDP, 50000, NULL, 0);
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	/* What is bound may be changed; and closed, but not more than so many in a minute. */
	ck_assert_int_eq(bind_at(&a, &wire.key, TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_only(&a, &wire.key), TSCF_RESPONSE_SUCCESS);
	s->tombstones = SERVER_BINDINGS_MAX;
	ck_assert_int_eq(world_bind(&a, &wire.key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_LIMIT);
	w->now += TSCF_TOMBSTONE_MS;
	ck_assert_int_eq(world_bind(&a, &wire.key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* client-limits: bindings and shields of a client together.  What is refused is encrypted with its whole address. */
START_TEST(limit_of_client)
{
	static const char *const file = "* bindings=3\n";
	struct server_quotas *quotas = server_quotas_new();
	struct server_client_limits *limits;
	struct tscf_binding_key key;
	char error[256] = "";

	limits = server_client_limits_read(config_file_make(file), error, sizeof(error));
	config_file_remove();
	ck_assert_msg(limits != NULL, "%s", error);
	server_quotas_change(quotas, limits);
	server_client_limits_drop(limits);
	w->state->quotas = quotas;
	world_connect(&a);
	world_encrypt(&a);
	world_connect(&b);
	for (unsigned port = 1; port <= 3; port++) {
		key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
		key = world_key(&b.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		ck_assert_int_eq(world_shield(&b, &key, false), TSCF_RESPONSE_SUCCESS);
	}
	key.local_port++;
	ck_assert_int_eq(world_shield(&b, &key, false), TSCF_RESPONSE_LIMIT);
	key = (struct tscf_binding_key){.local = b.plain};
	ck_assert_int_eq(state_of(&key), SHIELD);
	key = world_key(&a.plain, IPPROTO_UDP, 4, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_LIMIT);
	key = (struct tscf_binding_key){.local = a.plain};
	ck_assert_int_eq(state_of(&key), ACTIVE);
	server_sessions_end_all(w->state, w->now);
	w->state->quotas = NULL;
	server_quotas_free(quotas);
}
END_TEST

/* Shields are limited as well: they cost memory and anybody can ask for them. */
START_TEST(limit_shields)
{
	struct server_session *s;
	struct tscf_binding_key key;

	world_connect(&a);
	s = world_plain(&a);
	for (unsigned port = 1; port <= SERVER_BINDINGS_MAX; port++) {
		key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		ck_assert_ptr_nonnull(tscf_bindings_shield(w->state->bindings, &key, s, &s->bindings));
	}
	key.local_port++;
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_LIMIT);
	key = (struct tscf_binding_key){.local = a.plain};
	ck_assert_int_eq(state_of(&key), SHIELD);
}
END_TEST

/* However full the table is, each session has some entries of its own, and what is left is shared out. */
START_TEST(share_of_full_table)
{
	struct server_session *s;
	struct tscf_binding_key key;
	unsigned bound = 0, port;

	world_connect(&a);
	world_encrypt(&a);
	world_connect(&b);
	world_encrypt(&b);
	/* A table of that many workers has 1000 entries. */
	w->state->workers = SERVER_BINDINGS_TOTAL / 1000;
	s = world_encrypted(&a);
	for (port = 1; port <= 1000; port++) {
		key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		bound += bind_only(&a, &key) == TSCF_RESPONSE_SUCCESS;
	}
	ck_assert_uint_gt(bound, SERVER_BINDINGS_SURE);
	ck_assert_uint_lt(bound, 1000 / SERVER_BINDINGS_PART + 1);
	for (; port <= 2000; port++) {
		key = world_key(&a.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		ck_assert_ptr_nonnull(
		    tscf_bindings_bind(w->state->bindings, &key, TSCF_LEVEL_ENCRYPTED_ONLY, s, &s->bindings));
	}
	for (port = 1; port <= SERVER_BINDINGS_SURE; port++) {
		key = world_key(&b.plain, IPPROTO_UDP, (uint16_t)port, NULL, 0);
		ck_assert_int_eq(bind_only(&b, &key), TSCF_RESPONSE_SUCCESS);
	}
	key.local_port++;
	ck_assert_int_eq(bind_only(&b, &key), TSCF_RESPONSE_LIMIT);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_limits");
	TCase *t = tcase_create("limits");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, limit_plain);
	tcase_add_test(t, share_of_full_table);
	tcase_add_test(t, limit_unconfirmed);
	tcase_add_test(t, limit_per_source);
	tcase_add_test(t, limit_per_ipv6_source);
	tcase_add_test(t, limit_encrypted);
	tcase_add_test(t, limit_bindings);
	tcase_add_test(t, limit_of_client);
	tcase_add_test(t, limit_shields);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
