/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sockets ask for: who may ask, what is granted, limits, and when it ends.  No binding changes. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include <netinet/in.h>

#define BOTH (SERVER_SERVICE_DTTE | SERVER_SERVICE_REDUNDANCY)

static void setup_assigned(void)
{
	setup();
	w->interface->services = BOTH;
}

static struct tscf_binding_key media(const struct tscf_addr *local, uint16_t port)
{
	return world_key(local, IPPROTO_UDP, port, NULL, 0);
}

/* Ask for one socket.  @return the response code, -1: no answer. */
static int ask_services(struct world_client *c, const struct tscf_binding_key *key, struct tscf_services_of services,
			bool encrypted)
{
	const struct tscf_wire_socket socket = {.key = *key, .services = services};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SOCKETS);
	tscf_write_socket(&writer, &socket);
	return world_send(c, &writer, encrypted);
}

static int ask(struct world_client *c, const struct tscf_binding_key *key, uint8_t redundancy, bool encrypted)
{
	return ask_services(c, key, (struct tscf_services_of){.redundancy = redundancy}, encrypted);
}

/* @return the answer for the socket with that number in the last request. */
static struct tscf_wire_answer answer_to(unsigned number)
{
	struct tscf_wire_answer answer;
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	while (tscf_message_next(&w->reply, &offset, &tlv)) {
		if (tlv.type != TSCF_TLV_SOCKET_ANSWER || number-- > 0)
			continue;
		ck_assert_int_eq(tscf_tlv_socket_answer(&tlv, &answer), 0);
		return answer;
	}
	ck_abort_msg("no such answer");
}

/* @return the redundancy that packets of the socket get, or -1: there is no entry. */
static int redundancy_of(const struct tscf_binding_key *key)
{
	const struct tscf_service_entry *s = tscf_services_get(w->state->services, key);

	return s ? s->now.redundancy : -1;
}

START_TEST(granted_and_ended)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = media(&a.plain, 4000);
	ck_assert_int_eq(ask(&a, &key, TSCF_REDUNDANCY_AUTO, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(answer_to(0).services.redundancy, TSCF_REDUNDANCY_AUTO);
	ck_assert_int_eq(redundancy_of(&key), TSCF_REDUNDANCY_AUTO);
	ck_assert_int_eq(ask(&a, &key, 2, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(redundancy_of(&key), 2);
	ck_assert_uint_eq(tscf_services_count(w->state->services), 1);
	ck_assert_int_eq(ask(&a, &key, TSCF_REDUNDANCY_NONE, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(answer_to(0).services.redundancy, TSCF_REDUNDANCY_NONE);
	ck_assert_int_eq(redundancy_of(&key), -1);
	/* Nothing on the plain tunnel makes or changes a binding. */
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

START_TEST(either_tunnel)
{
	struct tscf_binding_key key, own;

	world_connect(&a);
	world_encrypt(&a);
	key = media(&a.plain, 4000);
	own = media(&a.encrypted, 4000);
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	/* The tunnel that asked last has the entry. */
	ck_assert_int_eq(ask(&a, &key, 2, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(redundancy_of(&key), 2);
	ck_assert_uint_eq(world_plain(&a)->sockets.count, 0);
	ck_assert_uint_eq(world_encrypted(&a)->sockets.count, 1);
	ck_assert_int_eq(ask(&a, &own, 3, true), TSCF_RESPONSE_SUCCESS);
	/* Who reads the plain tunnel knows nothing of the encrypted one. */
	ck_assert_int_eq(ask(&a, &own, 1, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(redundancy_of(&own), 3);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
	world_disconnect(&a);
	ck_assert_uint_eq(tscf_services_count(w->state->services), 0);
}
END_TEST

START_TEST(not_assigned)
{
	struct tscf_binding_key key;

	w->interface->services = SERVER_SERVICE_DTTE;
	world_connect(&a);
	key = media(&a.plain, 4000);
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_int_eq(answer_to(0).code, TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_int_eq(redundancy_of(&key), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_SERVICE), 1);
	/* What is assigned later holds for new tunnels. */
	w->interface->services = BOTH;
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	world_connect(&b);
	key = media(&b.plain, 4000);
	ck_assert_int_eq(ask(&b, &key, 1, false), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* Of two services one is assigned: the socket gets that, and is told. */
START_TEST(partly_granted)
{
	const struct tscf_services_of both = {.redundancy = 2, .datagram = true};
	struct tscf_binding_key key;

	world_connect(&a);
	key = media(&a.plain, 4000);
	ck_assert_int_eq(ask_services(&a, &key, both, false), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	ck_assert_uint_eq(answer_to(0).services.redundancy, 2);
	ck_assert(!answer_to(0).services.datagram);
	ck_assert_int_eq(redundancy_of(&key), 2);
}
END_TEST

START_TEST(sockets_of_others)
{
	struct tscf_binding_key theirs, outside = media(&(struct tscf_addr){0}, 4000);

	world_connect(&a);
	world_connect(&b);
	theirs = media(&b.plain, 4000);
	ck_assert_int_eq(ask(&b, &theirs, 1, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(ask(&a, &theirs, TSCF_REDUNDANCY_NONE, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(redundancy_of(&theirs), 1);
	outside.local = world_addr("192.0.2.9");
	ck_assert_int_eq(ask(&a, &outside, 1, false), TSCF_RESPONSE_NOT_ALLOWED);
}
END_TEST

START_TEST(illegal_sockets)
{
	struct tscf_binding_key whole, half;

	world_connect(&a);
	whole = world_key(&a.plain, 0, 0, NULL, 0);
	half = world_key(&a.plain, IPPROTO_UDP, 0, "192.0.2.1", 5004);
	ck_assert_int_eq(ask(&a, &whole, 1, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_int_eq(ask(&a, &half, 1, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_uint_eq(tscf_services_count(w->state->services), 0);
}
END_TEST

/* A request that comes twice is executed once; an overtaken one changes nothing, and says what is in force. */
START_TEST(repeated_and_overtaken)
{
	struct tscf_binding_key key;
	uint32_t first;

	world_connect(&a);
	key = media(&a.plain, 4000);
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	first = a.sequence;
	ck_assert_int_eq(ask(&a, &key, 2, false), TSCF_RESPONSE_SUCCESS);
	a.sequence = first - 1;
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(answer_to(0).services.redundancy, 1);
	ck_assert_int_eq(redundancy_of(&key), 2);
	a.sequence = first + 20;
	ck_assert_int_eq(ask(&a, &key, 3, false), TSCF_RESPONSE_SUCCESS);
	a.sequence = first + 10;
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(answer_to(0).services.redundancy, 3);
	ck_assert_int_eq(redundancy_of(&key), 3);
}
END_TEST

/* Beyond the limit a socket gets nothing, and those that have it keep it. */
START_TEST(limit)
{
	struct tscf_binding_key key;

	world_connect(&a);
	for (unsigned i = 0; i < SERVER_SOCKETS_MAX; i++) {
		key = media(&a.plain, (uint16_t)(4000 + i));
		ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	}
	ck_assert_int_eq(ask(&a, &key, 2, false), TSCF_RESPONSE_SUCCESS);
	key = media(&a.plain, 3000);
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_LIMIT);
	ck_assert_int_eq(answer_to(0).code, TSCF_RESPONSE_LIMIT);
	ck_assert_uint_eq(answer_to(0).services.redundancy, TSCF_REDUNDANCY_NONE);
	ck_assert_int_eq(redundancy_of(&key), -1);
	ck_assert_uint_eq(world_plain(&a)->sockets.count, SERVER_SOCKETS_MAX);
}
END_TEST

/* Each socket of a request has its own answer, up to the most that one message may have. */
START_TEST(many_sockets)
{
	struct tscf_wire_socket socket = {.services = {.redundancy = 1}};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_connect(&a);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SOCKETS);
	for (unsigned i = 0; i < TSCF_SOCKETS_PER_MESSAGE + 1; i++) {
		socket.key = media(i == 1 ? &b.plain : &a.plain, (uint16_t)(4000 + i));
		if (i == 1)
			socket.key.local = world_addr("192.0.2.9");
		tscf_write_socket(&writer, &socket);
	}
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(answer_to(0).code, TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(answer_to(1).code, TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(answer_to(TSCF_SOCKETS_PER_MESSAGE - 1).code, TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(tscf_services_count(w->state->services), TSCF_SOCKETS_PER_MESSAGE - 1);
}
END_TEST

/* With the tunnel goes all that its sockets asked for; a successor begins with nothing. */
START_TEST(ends_with_the_tunnel)
{
	struct tscf_binding_key key;
	struct tscf_addr had;

	world_connect(&a);
	had = a.plain;
	key = media(&a.plain, 4000);
	ck_assert_int_eq(ask(&a, &key, 1, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.plain, &had));
	ck_assert_int_eq(redundancy_of(&key), 1);
	/* The first message with the new TSID confirms the successor, and is executed after that. */
	ck_assert_int_eq(ask(&a, &key, 2, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(redundancy_of(&key), 2);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(tscf_services_count(w->state->services), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server sockets");
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, setup_assigned, teardown);
	tcase_add_test(tc, granted_and_ended);
	tcase_add_test(tc, either_tunnel);
	tcase_add_test(tc, not_assigned);
	tcase_add_test(tc, partly_granted);
	tcase_add_test(tc, sockets_of_others);
	tcase_add_test(tc, illegal_sockets);
	tcase_add_test(tc, repeated_and_overtaken);
	tcase_add_test(tc, limit);
	tcase_add_test(tc, many_sockets);
	tcase_add_test(tc, ends_with_the_tunnel);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
