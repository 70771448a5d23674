/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain tunnels on streams: set up as over UDP, and kept for a while when the connection is lost. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

/* A plain tunnel on a stream is set up as over UDP; answers need not be short, as the source is proved. */
START_TEST(stream_tunnel)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	struct server_session *s;

	w->state->settings.route_count = 60;
	for (unsigned i = 1; i < 60; i++)
		w->state->settings.routes[i] = w->state->settings.routes[0];
	world_dial(&a);
	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_gt(w->answer.length, 3 * 105);
	a.tsid = w->reply.tsid;
	s = world_plain(&a);
	ck_assert_ptr_eq(s->peer, &a.stream->peer);
	ck_assert(!s->confirmed);
	/* The same request gets the same answer. */
	ck_assert_int_eq(world_send_bytes(&a, data, writer.length, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(w->reply.tsid, a.tsid);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert(s->confirmed);
	world_encrypt(&a);
	/* Nothing but the connection is its place. */
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!a.stream->open);
	ck_assert_ptr_null(world_plain(&a));
}
END_TEST

/* A wrong TSID with the right MAC, and another configuration on the same connection, end it. */
START_TEST(stream_wrong)
{
	uint64_t tsid;

	world_dial(&a);
	world_connect(&a);
	tsid = a.tsid;
	a.sealed_tsid = ++a.tsid;
	ck_assert_int_eq(world_keepalive(&a, false), -1);
	a.tsid = tsid;
	ck_assert(!a.stream->open);
	ck_assert_ptr_null(world_plain(&a));
	world_dial(&b);
	world_connect(&b);
	ck_assert_int_eq(world_configure(&b, NULL, false), -1);
	ck_assert(!b.stream->open);
	ck_assert_ptr_null(world_plain(&b));
}
END_TEST

/* A key share that agrees on nothing is refused, and ends the connection after the answer. */
START_TEST(stream_share_of_no_use)
{
	static const uint8_t share[TSCF_KEY_SHARE_SIZE] = {1};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_dial(&a);
	tscf_write_begin(&writer, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	tscf_write_bytes(&writer, TSCF_TLV_KEY_SHARE, share, sizeof(share));
	tscf_write_pad(&writer, 480);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
	/* Nothing else that came with it is handled. */
	ck_assert(w->answer.end != NULL);
	ck_assert(!a.stream->open);
	ck_assert_uint_eq(w->interface->plain_count, 0);
}
END_TEST

/* Without a session a request is answered as over UDP. */
START_TEST(stream_no_session)
{
	world_dial(&a);
	a.tsid = 77;
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert(a.stream->open);
}
END_TEST

/* The connection is lost: nothing is sent, the address stays, and the client gets it back when it configures again. */
START_TEST(stream_lost)
{
	struct tscf_binding_key key;
	struct tscf_addr had;
	struct world_client old;

	world_dial(&a);
	world_connect(&a);
	world_encrypt(&a);
	had = a.plain;
	old = a;
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	world_hang_up(&a);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_null(world_plain(&a)->peer);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert_int_eq(state_of(&key), ACTIVE);
	/* From another port, over UDP this time. */
	a.stream = NULL;
	tscf_endpoint_set_port(&a.outer, 5001);
	ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.plain, &had));
	ck_assert_ptr_nonnull(world_plain(&old));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_ptr_null(world_plain(&old));
	ck_assert_ptr_eq(world_plain(&a)->lease->encrypted_session, world_encrypted(&a));
	/* And back to a stream, while the datagrams still work. */
	old = a;
	world_dial(&a);
	ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert(tscf_addr_equal(&a.plain, &had));
	ck_assert_ptr_null(world_plain(&old));
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
}
END_TEST

/* It is ended after the persistence time, or a time of its own where silent tunnels stay for ever. */
START_TEST(stream_lost_for_good)
{
	w->state->settings.persistence = _i == 0 ? 330 : 0;
	world_dial(&a);
	world_connect(&a);
	world_dial(&b);
	world_connect(&b);
	world_hang_up(&a);
	world_pass(w, 329000);
	ck_assert_int_eq(world_keepalive(&b, false), 0);
	world_pass(w, 0);
	ck_assert_ptr_nonnull(world_plain(&a));
	world_pass(w, 61000);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_nonnull(world_plain(&b));
}
END_TEST

/* One that never showed its TSID goes with its connection. */
START_TEST(stream_unconfirmed)
{
	world_dial(&a);
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_hang_up(&a);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert_uint_eq(w->interface->plain_count, 0);
	world_dial(&b);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_pass(w, SERVER_CONFIRM_MS);
	ck_assert_ptr_null(world_plain(&b));
	ck_assert(!b.stream->open);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_stream_requests");
	TCase *t = tcase_create("stream_requests");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, stream_tunnel);
	tcase_add_test(t, stream_wrong);
	tcase_add_test(t, stream_share_of_no_use);
	tcase_add_test(t, stream_no_session);
	tcase_add_test(t, stream_lost);
	tcase_add_loop_test(t, stream_lost_for_good, 0, 2);
	tcase_add_test(t, stream_unconfirmed);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
