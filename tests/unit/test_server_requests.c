/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds for requests of every kind: the whole sequence, what is malformed, too small or has a wrong TSID, and
 * sessions that fall silent or are ended by the server. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"
#include "tscf-server/session/reply.h"

/* FIG. 3: configuration, service request, reservation, handshake, configuration, binding, release. */
START_TEST(whole_sequence)
{
	struct tscf_binding_key key;

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(w->reply.type, TSCF_CONFIGURATION_RESPONSE);
	ck_assert_uint_eq(w->reply.sequence, a.sequence);
	ck_assert_uint_ne(a.tsid, TSCF_TSID_NONE);
	ck_assert(has_tlv(TSCF_TLV_ROUTE_IPV4) && has_tlv(TSCF_TLV_MTU) && has_tlv(TSCF_TLV_PERSISTENCE));
	ck_assert(has_tlv(TSCF_TLV_OBSERVED_ADDRESS) && !has_tlv(TSCF_TLV_RESUME_SECRET));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_uint_eq(w->reply.tsid, a.tsid);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_ne(a.encrypted_tsid, a.tsid);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&a.plain, &a.encrypted));
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), TOMB);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_encrypted(&a));
	ck_assert(!a.connection->open);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
	ck_assert_uint_eq(server_pool_used(w->allocator.plain_pools.first), 0);
	ck_assert_uint_eq(server_pool_used(w->allocator.encrypted_pools.first), 0);
}
END_TEST

/* A request too small for its answer is refused, with an answer that is small enough. */
START_TEST(too_small)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	/* Many routes: the answer would be larger than 3 * 105. */
	for (unsigned i = 0; i < 50; i++)
		w->state->settings.routes[i] = w->state->settings.routes[0];
	w->state->settings.route_count = 50;
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_TOO_SMALL);
	ck_assert_uint_le(w->answer.length, 3 * 105);
	ck_assert_uint_eq(w->reply.tsid, TSCF_TSID_NONE);
	ck_assert_uint_eq(w->interface->plain_count, 0);
	ck_assert_uint_eq(server_pool_used(w->allocator.plain_pools.first), 0);
}
END_TEST

/* A repeated request need not be as large as the one that was answered first. */
START_TEST(repeated_too_small)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	for (unsigned i = 0; i < 20; i++)
		w->state->settings.routes[i] = w->state->settings.routes[0];
	w->state->settings.route_count = 20;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_gt(w->answer.length, 3 * 105);
	tscf_write_begin(&writer, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, a.sequence);
	tscf_write_bytes(&writer, TSCF_TLV_KEY_SHARE, a.offer.share.bytes, TSCF_KEY_SHARE_SIZE);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	ck_assert_int_eq(world_send(&a, &writer, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNANSWERED), 1);
}
END_TEST

/* No answer is ever more than three times its request, whatever is asked. */
START_TEST(amplification)
{
	static const enum tscf_message_type types[] = {TSCF_CONFIGURATION_REQUEST, TSCF_RESUME_REQUEST,
						       TSCF_RELEASE_REQUEST, TSCF_KEEPALIVE_REQUEST,
						       TSCF_SERVICE_REQUEST};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		tscf_write_begin(&writer, data, sizeof(data), types[i],
				 types[i] == TSCF_CONFIGURATION_REQUEST ? TSCF_TSID_NONE : 4711, 1);
		world_send(&a, &writer, false);
		ck_assert_uint_le(w->answer.length, 3 * TSCF_MESSAGE_HEADER);
	}
}
END_TEST

/* Garbage and truncated messages are counted and change nothing. */
START_TEST(malformed)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int length;

	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	length = tscf_write_finish(&writer);
	for (int cut = 1; cut < length; cut++)
		ck_assert_int_eq(world_send_bytes(&a, data, (uint32_t)cut, false), -1);
	ck_assert_uint_eq(w->interface->plain_count, 0);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_MALFORMED), (uint64_t)length - 1);
	/* No client identifier. */
	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_pad(&writer, 400);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_uint_eq(w->interface->plain_count, 0);
}
END_TEST

/* On UDP a wrong TSID is dropped and counted; the session stays. */
START_TEST(wrong_tsid_plain)
{
	world_connect(&a);
	world_connect(&b);
	struct world_client forged = a;

	forged.tsid = b.tsid;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), -1);
	forged.tsid = 4711;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNSEALED), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_WRONG_TSID), 1);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_nonnull(world_plain(&b));
	/* The right TSID from somewhere else is wrong too; if it is the client, it learns that it must resume. */
	world_client(w, &forged, 9, 1);
	forged.tsid = a.tsid;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), -1);
	forged.seal = a.seal;
	forged.sealed_tsid = a.tsid;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* With the right MAC the plain tunnel ends, but no encrypted one, and nobody else's. */
START_TEST(wrong_tsid_sealed)
{
	world_connect(&a);
	world_encrypt(&a);
	world_connect(&b);
	struct world_client forged = a;

	forged.tsid = forged.sealed_tsid = _i ? b.tsid : 4711;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_WRONG_TSID), 1);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert(a.connection->open);
	ck_assert_ptr_nonnull(world_plain(&b));
	/* The client learns it by its next message. */
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_REQUEST, false), TSCF_RESPONSE_NO_SESSION);
}
END_TEST

/* A request with a TSID that nobody has, from where nobody is: the client learns that the server has lost it. */
START_TEST(no_session)
{
	a.tsid = 4711;
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_REQUEST, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(w->reply.type, TSCF_KEEPALIVE_RESPONSE);
	ck_assert_uint_eq(w->reply.tsid, 4711);
	ck_assert_uint_eq(w->reply.sequence, a.sequence);
	ck_assert_uint_le(w->answer.length, 64);
	/* Responses are never answered. */
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_RESPONSE, false), -1);
}
END_TEST

/* On DTLS an unexpected TSID ends the connection: before and after configuration. */
START_TEST(wrong_tsid_encrypted)
{
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_REQUEST, true), -1);
	ck_assert(!a.connection->open);
	world_encrypt(&a);
	a.encrypted_tsid ^= 1;
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_REQUEST, true), -1);
	ck_assert(!a.connection->open);
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* Silence for the persistence time ends a session; anything that is heard keeps it. */
START_TEST(persistence)
{
	world_connect(&a);
	world_connect(&b);
	for (unsigned s = 0; s < 340; s++) {
		if (s % 100 == 0)
			ck_assert_int_eq(world_keepalive(&b, false), 0);
		world_pass(w, 1000);
	}
	ck_assert_ptr_nonnull(world_plain(&b));
	for (unsigned s = 0; s < 60; s++)
		world_pass(w, 1000);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_nonnull(world_plain(&b));
}
END_TEST

/* The release that a stopping server sends. */
START_TEST(shutdown_message)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_message m;
	enum tscf_response code;
	int length;

	world_connect(&a);
	length = server_write_release(world_plain(&a), TSCF_RESPONSE_SHUTDOWN, "the server stops", data);
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)length, &m), 0);
	ck_assert_int_eq(m.type, TSCF_RELEASE_REQUEST);
	ck_assert_uint_eq(m.tsid, a.tsid);
	ck_assert_int_eq(tscf_message_response(&m, &code, NULL, 0), 0);
	ck_assert_int_eq(code, TSCF_RESPONSE_SHUTDOWN);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_requests");
	TCase *t = tcase_create("requests");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole_sequence);
	tcase_add_test(t, too_small);
	tcase_add_test(t, repeated_too_small);
	tcase_add_test(t, amplification);
	tcase_add_test(t, malformed);
	tcase_add_test(t, wrong_tsid_plain);
	tcase_add_loop_test(t, wrong_tsid_sealed, 0, 2);
	tcase_add_test(t, no_session);
	tcase_add_test(t, wrong_tsid_encrypted);
	tcase_add_test(t, persistence);
	tcase_add_test(t, shutdown_message);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
