/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server does while, and after, a RADIUS server decides about a client; and how long what was granted lasts.
 */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"
#include "tscf-server/radius/asker.h"
#include "tscf-server/session/authorisation.h"
#include "tscf-server/session/overtime.h"
#include "tscf-server/session/way.h"
#include "tscf-server/store/journal.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint8_t id_a[SERVER_CLIENT_ID_SIZE] = {1}, id_b[SERVER_CLIENT_ID_SIZE] = {2};
static const struct tscf_client_name alice = {.name = "psk alice", .key = {7}}, bob = {.name = "psk bob", .key = {8}},
				     carol = {.name = "psk carol"};

static struct world *w;
static struct server_authorisations *all;
static unsigned handled; /* requests that were handled again */
static bool admitted;    /* what the last of them, or the last that came, was told ... */
static struct server_radius_grant grant;
static struct server_answer answer;
static char text[201]; /* ... and the text of the refusal */

static void unused(void *context, unsigned worker, const struct server_ruling *ruling)
{
	(void)context;
	(void)worker;
	(void)ruling;
}

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	all = &w->state->authorisations;
	all->asker = server_asker_new(unused, NULL);
	all->timeout = 5000;
	ck_assert_ptr_nonnull(all->asker);
	handled = 0;
}

static void teardown(void)
{
	struct server_asker *asker = all->asker;

	world_free(w);
	server_asker_close(asker);
}

static void come(const struct tscf_client_name *who, const uint8_t *id, const char *from, uint16_t port)
{
	const struct tscf_addr outer = world_addr(from);
	uint8_t data[128];
	struct tscf_writer writer;
	struct tscf_message m;
	enum tscf_response code;
	struct server_input in = {
	    .interface = w->interface, .place = {.listener = &w->interface->listener[SERVER_UDP]}, .now = w->now};
	struct server_request r = {.state = w->state, .in = &in, .message = &m, .data = data, .answer = &answer};

	tscf_write_begin(&writer, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, id, SERVER_CLIENT_ID_SIZE);
	tscf_write_pad(&writer, sizeof(data));
	r.length = (uint32_t)tscf_write_finish(&writer);
	ck_assert_int_eq(tscf_message_decode(data, r.length, &m), 0);
	tscf_endpoint_make(&outer, port, &in.place.outer);
	answer.length = 0;
	text[0] = '\0';
	admitted = server_authorise(&r, who, id, &grant);
	if (answer.length > 0) {
		ck_assert_int_eq(tscf_message_decode(answer.data, answer.length, &m), 0);
		ck_assert_int_eq(tscf_message_response(&m, &code, text, sizeof(text)), 0);
		/* Without a decision it is worth asking again. */
		ck_assert_int_eq(code, strstr(text, "does not answer") ? TSCF_RESPONSE_SERVICE_UNAVAILABLE
								       : TSCF_RESPONSE_UNAUTHORIZED);
	}
}

static void again(void *context, const struct server_way *way, const uint8_t *data, uint32_t length)
{
	struct tscf_message m;
	struct tscf_tlv id;
	const struct tscf_client_name *who = context;

	ck_assert_int_eq(tscf_message_decode(data, length, &m), 0);
	ck_assert(tscf_message_find(&m, TSCF_TLV_CLIENT_ID, &id));
	ck_assert_str_eq(way->interface, "one");
	handled++;
	come(who, id.value, "198.51.100.7", tscf_endpoint_port(&way->outer));
}

static void rule(uint64_t id, int err, const char *message)
{
	struct server_ruling ruling = {.id = id, .err = err, .grant = {.seconds = 60}};

	strcpy(ruling.message, message);
	server_authorisation_decide(w->state, &ruling, w->now, again, (void *)&alice);
}

START_TEST(granted_later)
{
	come(&alice, id_a, "198.51.100.7", 4000);
	ck_assert(!admitted && answer.length == 0);
	/* It repeats the request, and tries from another port, as for another transport: one question. */
	come(&alice, id_a, "198.51.100.7", 4000);
	come(&alice, id_a, "198.51.100.7", 4001);
	ck_assert(!admitted && answer.length == 0);
	ck_assert_uint_eq(all->asked, 1);
	/* Others are asked about for themselves. */
	come(&bob, id_a, "198.51.100.7", 4002);
	come(&alice, id_b, "198.51.100.7", 4003);
	come(&alice, id_a, "198.51.100.8", 4000);
	ck_assert_uint_eq(all->asked, 4);
	rule(1, 0, "");
	ck_assert_uint_eq(handled, 2);
	ck_assert(admitted);
	ck_assert_uint_eq(grant.seconds, 60);
	/* A ruling that comes twice changes nothing, and an unknown one neither. */
	rule(1, -EACCES, "");
	rule(99, 0, "");
	ck_assert_uint_eq(handled, 2);
	/* The decision holds for a while. */
	come(&alice, id_a, "198.51.100.7", 4005);
	ck_assert(admitted);
	w->now += SERVER_AUTHORISATION_MS;
	server_authorisations_tick(w->state, w->now, again, (void *)&alice);
	come(&alice, id_a, "198.51.100.7", 4005);
	ck_assert(!admitted);
	ck_assert_uint_eq(all->asked, 5);
}
END_TEST

START_TEST(refused)
{
	come(&alice, id_a, "198.51.100.7", 4000);
	rule(1, -EACCES, "closed");
	ck_assert(!admitted);
	ck_assert_str_eq(text, SERVER_REFUSAL_RADIUS ": closed");
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_RADIUS), 1);
	/* It may be let in when it asks again. */
	come(&alice, id_a, "198.51.100.7", 4000);
	ck_assert(!admitted && answer.length == 0);
	ck_assert_uint_eq(all->asked, 2);
	rule(2, -ETIMEDOUT, "");
	ck_assert_str_eq(text, SERVER_REFUSAL_NO_RADIUS);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_NO_RADIUS), 1);
	ck_assert_uint_eq(all->count, 0);
}
END_TEST

/* Nothing comes from the asker at all. */
START_TEST(lost)
{
	come(&alice, id_a, "198.51.100.7", 4000);
	w->now += 5000;
	server_authorisations_tick(w->state, w->now, again, (void *)&alice);
	ck_assert_uint_eq(handled, 0);
	w->now += 1000;
	server_authorisations_tick(w->state, w->now, again, (void *)&alice);
	ck_assert_uint_eq(handled, 1);
	ck_assert(!admitted);
	ck_assert_str_eq(text, SERVER_REFUSAL_NO_RADIUS);
	ck_assert_uint_eq(all->count, 0);
	rule(1, 0, "");
	ck_assert_uint_eq(handled, 1);
}
END_TEST

START_TEST(bounded)
{
	uint8_t id[SERVER_CLIENT_ID_SIZE] = {0};

	for (unsigned n = 0; n < 2 * SERVER_AUTHORISATION_WAITERS; n++)
		come(&alice, id_a, "198.51.100.7", (uint16_t)(4000 + n));
	rule(1, 0, "");
	ck_assert_uint_eq(handled, SERVER_AUTHORISATION_WAITERS);
	/* One identity does not shut out the others. */
	for (unsigned n = 0; n < SERVER_AUTHORISATIONS_EACH; n++) {
		memcpy(id, &n, sizeof(n));
		come(&bob, id, "198.51.100.7", 4000);
		ck_assert(!admitted && answer.length == 0);
	}
	come(&bob, id_b, "198.51.100.9", 4000);
	ck_assert_str_eq(text, SERVER_REFUSAL_NO_RADIUS);
	/* The queue is full: nobody waits for what will not come. */
	for (unsigned n = 1; n < SERVER_ASKER_MAX - SERVER_AUTHORISATIONS_EACH; n++) {
		struct tscf_client_name who = alice;

		snprintf(who.name, sizeof(who.name), "psk %u", n);
		come(&who, id_a, "198.51.100.7", 4000);
		ck_assert(!admitted && answer.length == 0);
	}
	come(&carol, id_b, "198.51.100.9", 4000);
	ck_assert_str_eq(text, SERVER_REFUSAL_NO_RADIUS);
}
END_TEST

START_TEST(nobody_asked)
{
	struct server_asker *asker = all->asker;

	all->asker = NULL;
	come(&alice, id_a, "198.51.100.7", 4000);
	ck_assert(admitted);
	ck_assert_uint_eq(grant.seconds + grant.class_length, 0);
	all->asker = asker;
}
END_TEST

/* --- how long it lasts --- */

static struct server_session *connect_for(struct world_client *c, unsigned host, uint32_t seconds)
{
	const struct server_radius_grant given = {.seconds = seconds, .class_length = 4, .class = "gold"};

	world_client(w, c, host, 40000);
	ck_assert_int_eq(world_configure(c, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(server_allowance_grant(w->state, world_plain(c), &given), 0);
	world_keepalive(c, false);
	return world_plain(c);
}

START_TEST(time_is_over)
{
	static struct world_client one, two, three;

	connect_for(&one, 11, 30);
	connect_for(&two, 12, 0);
	connect_for(&three, 13, 10);
	world_encrypt(&three);
	ck_assert_uint_eq(world_encrypted(&three)->allowance.class_length, 4);
	world_pass(w, 9000);
	ck_assert_ptr_nonnull(world_plain(&three));
	world_pass(w, 1000);
	ck_assert_ptr_null(world_plain(&three));
	ck_assert_ptr_null(world_encrypted(&three));
	ck_assert_ptr_nonnull(world_plain(&one));
	world_pass(w, 20000);
	ck_assert_ptr_null(world_plain(&one));
	ck_assert_ptr_nonnull(world_plain(&two));
}
END_TEST

START_TEST(time_is_carried_over)
{
	static struct world_client c;
	struct server_record record;
	struct server_session *s = connect_for(&c, 11, 30);

	server_session_export(s, &record);
	ck_assert_uint_eq(record.class_length, 4);
	ck_assert_mem_eq(record.class, "gold", 4);
	ck_assert_int_ne(record.allowed_until, 0);
	server_session_end(w->state, s, w->now, "it goes on");
	record.allowed_until = time(NULL) + 20;
	s = server_session_import(w->state, w->interface, &record, w->now);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_ge(s->allowance.until, w->now + 18000);
	ck_assert_uint_le(s->allowance.until, w->now + 20000);
	ck_assert_mem_eq(s->allowance.class, "gold", 4);
	server_session_end(w->state, s, w->now, "it goes on");
	record.allowed_until = time(NULL) - 1;
	ck_assert_ptr_null(server_session_import(w->state, w->interface, &record, w->now));
}
END_TEST

/* --- rates, and the interval of records --- */

static struct server_session *connect_with(struct world_client *c, const struct server_radius_grant *given)
{
	struct server_session *s;

	world_client(w, c, 11, 40000);
	ck_assert_int_eq(world_configure(c, NULL, false), TSCF_RESPONSE_SUCCESS);
	s = world_plain(c);
	ck_assert_int_eq(server_allowance_grant(w->state, s, given), 0);
	world_keepalive(c, false);
	return s;
}

/* Bits become bytes, and no limit becomes none. */
START_TEST(rates)
{
	static struct world_client c;
	static const uint32_t bytes[][2] = {{0, 0}, {1, 1}, {8, 1}, {9, 2}, {80000, 10000}, {UINT32_MAX, 536870912}};
	struct server_radius_grant given = {.seconds = 0};

	w->state->quotas = server_quotas_new();
	ck_assert_ptr_nonnull(w->state->quotas);
	connect_with(&c, &given);
	for (unsigned n = 0; n < sizeof(bytes) / sizeof(bytes[0]); n++) {
		given.up = bytes[n][0];
		given.down = bytes[sizeof(bytes) / sizeof(bytes[0]) - 1 - n][0];
		ck_assert_int_eq(server_allowance_grant(w->state, world_plain(&c), &given), 0);
		ck_assert_uint_eq(server_quota_granted(world_plain(&c)->quota, SERVER_UP), bytes[n][1]);
		ck_assert_uint_eq(server_quota_granted(world_plain(&c)->quota, SERVER_DOWN),
				  bytes[sizeof(bytes) / sizeof(bytes[0]) - 1 - n][1]);
	}
	server_session_end(w->state, world_plain(&c), w->now, "the end");
	server_quotas_free(w->state->quotas);
	w->state->quotas = NULL;
}
END_TEST

START_TEST(intervals)
{
	static struct world_client c;
	static const uint32_t taken[][2] = {{0, 0},       {1, 0},         {59, 0},        {60, 60},
					    {3600, 3600}, {86400, 86400}, {86401, 86400}, {UINT32_MAX, 86400}};

	for (unsigned n = 0; n < sizeof(taken) / sizeof(taken[0]); n++) {
		const struct server_radius_grant given = {.interim = taken[n][0]};
		struct server_session *s = connect_with(&c, &given);

		ck_assert_uint_eq(s->account.interval, taken[n][1]);
		ck_assert_ptr_eq(taken[n][1] ? w->state->accounted_own : w->state->accounted, s);
		ck_assert_ptr_null(taken[n][1] ? w->state->accounted : w->state->accounted_own);
		world_encrypt(&c);
		ck_assert_uint_eq(world_encrypted(&c)->account.interval, taken[n][1]);
		server_session_end(w->state, world_encrypted(&c), w->now, "the end");
		server_session_end(w->state, s, w->now, "the end");
	}
	ck_assert_ptr_null(w->state->accounted);
	ck_assert_ptr_null(w->state->accounted_own);
}
END_TEST

START_TEST(rates_are_carried_over)
{
	static struct world_client c;
	const struct server_radius_grant given = {.up = 80000, .down = 800, .interim = 300};
	struct server_record record, read;
	uint8_t data[SERVER_RECORD_SIZE];
	struct server_session *s;
	int length;

	w->state->quotas = server_quotas_new();
	ck_assert_ptr_nonnull(w->state->quotas);
	s = connect_with(&c, &given);
	server_session_export(s, &record);
	server_session_end(w->state, s, w->now, "it goes on");
	length = server_record_write(&record, data);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &read), 0);
	s = server_session_import(w->state, w->interface, &read, w->now);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(server_quota_granted(s->quota, SERVER_UP), 10000);
	ck_assert_uint_eq(server_quota_granted(s->quota, SERVER_DOWN), 100);
	ck_assert_uint_eq(s->account.interval, 300);
	ck_assert_ptr_eq(w->state->accounted_own, s);
	server_session_end(w->state, s, w->now, "the end");
	server_quotas_free(w->state->quotas);
	w->state->quotas = NULL;
}
END_TEST

/* --- addresses --- */

START_TEST(granted_addresses)
{
	struct server_leases *leases = &w->state->leases;
	const struct server_pools *pools = &w->allocator.plain_pools;
	struct tscf_addrs granted = {.of = {{.family = 0}}};
	const struct tscf_addrs wishes = {.of = {{.family = 0}}};
	struct server_lease *lease, *other;

	granted.of[0] = world_addr("10.1.0.77");
	ck_assert_int_eq(server_lease_grant(leases, pools, id_a, &wishes, &granted, w->now, &lease), 0);
	ck_assert(tscf_addr_equal(&lease->address[0].addr, &granted.of[0]));
	ck_assert_int_ne(lease->address[1].addr.family, 0);
	ck_assert_int_eq(server_lease_grant(leases, pools, id_b, &wishes, &granted, w->now, &other), -EADDRNOTAVAIL);
	ck_assert_ptr_null(other);
	/* It gets it again at once. */
	server_lease_drop(leases, lease, w->now);
	ck_assert_int_eq(server_lease_grant(leases, pools, id_a, &wishes, &granted, w->now, &lease), 0);
	server_lease_drop(leases, lease, w->now);
	granted.of[0] = world_addr("10.99.0.1");
	ck_assert_int_eq(server_lease_grant(leases, pools, id_a, &wishes, &granted, w->now, &lease), -EADDRNOTAVAIL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-authorisation");
	TCase *t = tcase_create("authorisation");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, granted_later);
	tcase_add_test(t, refused);
	tcase_add_test(t, lost);
	tcase_add_test(t, bounded);
	tcase_add_test(t, nobody_asked);
	tcase_add_test(t, time_is_over);
	tcase_add_test(t, time_is_carried_over);
	tcase_add_test(t, rates);
	tcase_add_test(t, intervals);
	tcase_add_test(t, rates_are_carried_over);
	tcase_add_test(t, granted_addresses);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
