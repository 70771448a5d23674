/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of plain tunnels that the client has not made, or that come twice: dropped, counted, and nothing else. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/crypto/hash.h"
#include "tscf-server/session/sealing.h"
#include "tscf-server/store/journal.h"
#include "tscf-server/store/record.h"

#include <string.h>

/** A sealed keepalive of client a, not sent yet. */
struct held {
	uint8_t data[TSCF_MESSAGE_HEADER + TSCF_SEAL_SIZE];
	uint32_t length;
};

static struct held hold(void)
{
	struct tscf_writer writer;
	struct held h;

	world_begin(&a, &writer, h.data, TSCF_KEEPALIVE_REQUEST, false);
	h.length = tscf_seal_close(&a.seal, h.data, (uint32_t)tscf_write_finish(&writer));
	return h;
}

static int arrives(const struct held *h)
{
	int code = world_send_bytes(&a, h->data, h->length, false);

	return code == -2 ? 0 : code;
}

/** Prove that the server has done nothing but count @p number messages by @p counter. */
static void nothing_but(enum server_counter counter, unsigned number)
{
	ck_assert_uint_eq(world_counter(w, counter), number);
	ck_assert_uint_eq(w->answer.length, 0);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert_uint_eq(world_peer_at(w, &a.outer)->sent, 0);
}

/* Whoever reads the TSID has no right to say anything; neither has an old client. */
START_TEST(missing)
{
	static const uint8_t key[32] = {1};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	unsigned count = 0;

	memcpy(a.resume_key, key, sizeof(key));
	world_connect(&a);
	for (unsigned type = TSCF_RESUME_REQUEST; type <= TSCF_SERVICE_RESPONSE; type++) {
		tscf_write_begin(&writer, data, sizeof(data), type, a.tsid, 900 + type);
		tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
		tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_HASH, key, 32);
		tscf_write_bytes(&writer, TSCF_TLV_RESUME_KEY, key, 32);
		tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, key, 32);
		ck_assert_int_eq(world_send_bytes(&a, data, (uint32_t)tscf_write_finish(&writer), false), -1);
		nothing_but(SERVER_COUNT_CONTROL_UNSEALED, ++count);
	}
}
END_TEST

/* Not a byte can be changed; and the first message with its TSID confirms a tunnel only if it is its client's. */
START_TEST(forged)
{
	unsigned count = 0;
	struct held h;

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	h = hold();
	for (unsigned i = 12; i < h.length; i++) {
		/* The size of the only TLV. */
		if (i >= TSCF_MESSAGE_HEADER && i < TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER)
			continue;
		h.data[i] ^= 0x40;
		ck_assert_int_eq(arrives(&h), -1);
		nothing_but(SERVER_COUNT_CONTROL_FORGED, ++count);
		h.data[i] ^= 0x40;
	}
	h.data[1] = TSCF_RELEASE_REQUEST;
	ck_assert_int_eq(arrives(&h), -1);
	nothing_but(SERVER_COUNT_CONTROL_FORGED, ++count);
	ck_assert(!world_plain(&a)->confirmed);
	h.data[1] = TSCF_KEEPALIVE_REQUEST;
	ck_assert_int_eq(arrives(&h), 0);
	ck_assert(world_plain(&a)->confirmed);
}
END_TEST

START_TEST(repeated_and_reordered)
{
	struct held first, second, third;

	world_connect(&a);
	first = hold();
	second = hold();
	third = hold();
	ck_assert_int_eq(arrives(&second), 0);
	ck_assert_int_eq(arrives(&second), -1);
	nothing_but(SERVER_COUNT_CONTROL_REPLAYED, 1);
	ck_assert_int_eq(arrives(&first), 0);
	ck_assert_int_eq(arrives(&third), 0);
	ck_assert_int_eq(arrives(&first), -1);
	nothing_but(SERVER_COUNT_CONTROL_REPLAYED, 2);
}
END_TEST

/* A request whose answer was lost is sealed again, and so is the answer that the server has kept. */
START_TEST(answer_lost)
{
	struct server_answer first;
	uint32_t body;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	first = w->answer;
	body = first.length - TSCF_SEAL_SIZE;
	a.sequence--;
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_REPEATED), 1);
	ck_assert_uint_eq(w->answer.length, first.length);
	ck_assert_mem_eq(w->answer.data, first.data, body);
	ck_assert_mem_ne(w->answer.data + body, first.data + body, TSCF_SEAL_SIZE);
}
END_TEST

/** The server is restarted: the session comes back from its record. */
static void restart(uint32_t run)
{
	uint8_t data[SERVER_RECORD_SIZE];
	struct server_record record;
	int length;

	server_session_export(world_plain(&a), &record);
	length = server_record_write(&record, data);
	ck_assert_int_gt(length, 0);
	server_session_end(w->state, world_plain(&a), w->now, "restart");
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &record), 0);
	ck_assert(record.seal.agreed && record.seal.sent == 0);
	tscf_seal_restart(&record.seal, run);
	ck_assert_ptr_nonnull(server_session_import(w->state, w->interface, &record, w->now));
}

/** The message that the server has begun last: its client opens it. */
static void heard_of_run(uint32_t sent)
{
	struct world_peer *p = world_peer_at(w, &a.outer);
	struct tscf_message m;

	ck_assert_uint_eq(p->sent, sent);
	ck_assert_int_eq(tscf_message_decode(p->last, TSCF_MESSAGE_HEADER + TSCF_SEAL_SIZE, &m), 0);
	ck_assert_int_eq(m.type, TSCF_KEEPALIVE_REQUEST);
	ck_assert_int_eq(tscf_seal_open(&a.seal, &m), TSCF_SEAL_RIGHT);
	tscf_seal_follow(&a.seal);
}

/* Nothing from before a restart is accepted, not even what never arrived; the client is told, not too often. */
START_TEST(restarted)
{
	struct held arrived, lost;

	world_connect(&a);
	arrived = hold();
	ck_assert_int_eq(arrives(&arrived), 0);
	lost = hold();
	restart(1);
	ck_assert_int_eq(arrives(&arrived), -1);
	ck_assert_int_eq(arrives(&lost), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_REPLAYED), 2);
	heard_of_run(1);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_pass(w, SERVER_PAST_MS);
	ck_assert_int_eq(arrives(&lost), -1);
	heard_of_run(2);
	/* And once more. */
	lost = hold();
	restart(2);
	ck_assert_int_eq(arrives(&lost), -1);
	heard_of_run(1);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}
END_TEST

/* A client that hears nothing of a restarted server may resume; the key of the request is good for once. */
START_TEST(restarted_and_moved)
{
	static const uint8_t key[32] = {1}, next[32] = {2};
	uint8_t data[TSCF_MESSAGE_MAX], lock[32];
	struct tscf_writer writer;

	memcpy(a.resume_key, key, sizeof(key));
	world_connect(&a);
	restart(1);
	a.outer.in.sin_port = htons(7777);
	tscf_sha256(next, sizeof(next), lock);
	world_begin(&a, &writer, data, TSCF_RESUME_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_KEY, key, sizeof(key));
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, lock, sizeof(lock));
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(a.seal.sent, UINT64_C(1) << 32);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_sealing");
	TCase *t = tcase_create("sealing");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, missing);
	tcase_add_test(t, forged);
	tcase_add_test(t, repeated_and_reordered);
	tcase_add_test(t, answer_lost);
	tcase_add_test(t, restarted);
	tcase_add_test(t, restarted_and_moved);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
