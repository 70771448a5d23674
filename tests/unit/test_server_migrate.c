/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two workers, each with a TCP port of its own on loopback, in one event loop: a session goes to a connection of the
 * other. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/packet/message.h"
#include "common/transport/tcp.h"
#include "common/transport/udp.h"
#include "tscf-server/context.h"
#include "tscf-server/control/dispatch.h"
#include "tscf-server/control/migrate.h"
#include "tscf-server/settings/config.h"

#include "tests/unit/event.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_identity.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORKERS      2
#define REQUEST_SIZE 480

static struct ev_loop *loop;
static struct server server;
static struct server_worker worker[WORKERS];
static struct server_allocator allocator;
static struct tscf_identity *identity;

/* What a client has. */
static uint64_t tsid;
static struct tscf_addr address;
static uint32_t sequence;
static struct tscf_seal seal;
static uint8_t data[TSCF_PROBE_MAX];
static struct tscf_message reply;

/* --- the server --- */

/* As path.c does it. */
static void received(void *context, struct tscf_transport *t, struct tscf_batch *batch)
{
	struct server_listener *l = context;

	(void)t;
	for (unsigned n = 0; n < batch->count; n++) {
		struct tscf_packet *packet = batch->packet[n];
		struct tscf_peer *peer = packet->peer;
		struct server_input in = {.interface = l->interface,
					  .place = {.listener = l, .connection = peer, .outer = peer->outer},
					  .session = peer->user,
					  .now = tscf_clock_now()};
		struct server_answer answer;

		server_control(l->interface->worker->state, &in, packet->data, packet->length, &answer);
		if (answer.length > 0)
			tscf_peer_send(peer, answer.data, answer.length);
		if (answer.end)
			server_session_end(l->interface->worker->state, answer.end, in.now, answer.why);
	}
}

static void peer_up(void *context, struct tscf_peer *peer)
{
	(void)context;
	(void)peer;
}

static void peer_down(void *context, struct tscf_peer *peer, int error, const char *reason)
{
	struct server_listener *l = context;

	(void)error;
	if (peer->user)
		server_session_lost(l->interface->worker->state, peer->user, tscf_clock_now(), reason);
}

static const struct tscf_transport_handler handler = {.received = received, .peer_up = peer_up, .peer_down = peer_down};

static struct server_interface *make_interface(struct server_worker *w)
{
	static const struct tscf_outer_options options;
	struct server_interface *i = calloc(1, sizeof(*i));
	struct server_listener *l;
	struct tscf_addr here;
	union tscf_endpoint at;

	ck_assert_ptr_nonnull(i);
	i->name = strdup("one");
	i->worker = w;
	i->allocator = &allocator;
	i->enabled = true;
	i->half_open_limit = UINT32_MAX;
	for (unsigned n = 0; n < SERVER_LISTENERS; n++)
		i->listener[n].interface = i;
	l = &i->listener[SERVER_TCP];
	ck_assert_int_eq(tscf_addr_parse("127.0.0.1", &here), 0);
	tscf_endpoint_make(&here, 0, &at);
	ck_assert_int_eq(tscf_tcp_listen(loop, &at, &options, &handler, l, &l->transport), 0);
	return i;
}

static void make_worker(unsigned index)
{
	struct server_worker *w = &worker[index];

	w->redispatch = server_control;
	w->server = &server;
	w->index = index;
	w->loop = loop;
	w->state = server_state_new(tscf_udp_peer_add);
	ck_assert_ptr_nonnull(w->state);
	w->state->identity = identity;
	w->state->workers = WORKERS;
	w->state->leases.part = index;
	w->state->leases.parts = WORKERS;
	w->state->settings.mtu = 1340;
	w->state->settings.persistence = 330;
	server_deferred_replies_init(&w->deferred);
	ck_assert_int_eq(server_mailbox_open(&w->mailbox, loop, w), 0);
	w->state->interfaces = make_interface(w);
}

static void setup(void)
{
	struct tscf_prefix range;
	struct server_pool *pool;

	tscf_log_init("test", TSCF_LOG_ERROR);
	identity = server_identity_make(NULL);
	loop = ev_default_loop(0);
	server = (struct server){.loop = loop, .workers = worker, .worker_count = WORKERS};
	ck_assert_int_eq(tscf_prefix_parse("10.1.0.0/24", &range), 0);
	ck_assert_int_eq(server_pool_new(&range, WORKERS, &pool), 0);
	server_pools_add(&allocator.plain_pools, pool);
	for (unsigned n = 0; n < WORKERS; n++)
		make_worker(n);
}

static void teardown(void)
{
	for (unsigned n = 0; n < WORKERS; n++) {
		server_sessions_end_all(worker[n].state, tscf_clock_now());
		tscf_transport_close(worker[n].state->interfaces->listener[SERVER_TCP].transport);
		server_deferred_replies_free(&worker[n].deferred);
		server_mailbox_close(&worker[n].mailbox);
		server_state_free(worker[n].state);
	}
	server_pools_free(&allocator.plain_pools);
	tscf_identity_free(identity);
	ev_loop_destroy(loop);
}

static struct server_session *session_at(unsigned index)
{
	return server_session_find(&worker[index].state->sessions, tsid);
}

/* --- the client --- */

static int dial(unsigned index)
{
	const union tscf_endpoint *to = &worker[index].state->interfaces->listener[SERVER_TCP].transport->local;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &to->sa, sizeof(to->in)), 0);
	return fd;
}

struct reading {
	int fd;
	ssize_t got;
};

static bool is_read(void *context)
{
	struct reading *r = context;

	r->got = recv(r->fd, data, sizeof(data), MSG_DONTWAIT);
	return r->got >= 0;
}

/* Send what was written.  @return the code of the answer; -1: the connection was closed instead; -2: there is none in
 * it. */
static int ask(int fd, struct tscf_writer *w)
{
	struct reading r = {.fd = fd};
	enum tscf_response code;
	int length = tscf_write_finish(w);

	if (w->data[1] != TSCF_CONFIGURATION_REQUEST)
		length = (int)tscf_seal_close(&seal, w->data, (uint32_t)length);
	ck_assert_int_eq(send(fd, w->data, (size_t)length, MSG_NOSIGNAL), length);
	ck_assert(tscf_test_run_until(loop, is_read, &r, 5));
	if (r.got == 0)
		return -1;
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)r.got, &reply), 0);
	/* Nobody has the keys of a session that is nowhere. */
	if (reply.type != TSCF_CONFIGURATION_RESPONSE && (session_at(0) || session_at(1)))
		ck_assert_int_eq(tscf_seal_open(&seal, &reply), TSCF_SEAL_RIGHT);
	return tscf_message_response(&reply, &code, NULL, 0) == 0 ? (int)code : -2;
}

static void write_lock(struct tscf_writer *w, uint8_t of)
{
	uint8_t key[32] = {of}, lock[32];

	tscf_sha256(key, sizeof(key), lock);
	tscf_write_bytes(w, TSCF_TLV_RESUME_LOCK, lock, sizeof(lock));
}

static int keepalive(int fd)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, tsid, ++sequence);
	return ask(fd, &w);
}

/* Configure a tunnel on @p fd, whose lock key 1 opens. */
static void configure(int fd)
{
	static const uint8_t id[SERVER_CLIENT_ID_SIZE] = {7};
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_offer offer;
	struct tscf_writer w;

	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, ++sequence);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, id, sizeof(id));
	write_lock(&w, 1);
	tscf_offer_write(&offer, &w);
	tscf_write_pad(&w, REQUEST_SIZE);
	tscf_offer_sent(&offer, buffer, (uint32_t)tscf_write_finish(&w));
	ck_assert_int_eq(ask(fd, &w), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(tscf_agreement_keys(&offer, &reply, NULL, &seal));
	tsid = reply.tsid;
	address = tscf_message_internal(&reply).of[tscf_family_index(AF_INET)];
	ck_assert_int_eq(keepalive(fd), -2);
}

static int write_resume(struct tscf_writer *w, uint8_t *buffer, uint8_t with, uint8_t next)
{
	uint8_t key[32] = {with};

	tscf_write_begin(w, buffer, TSCF_MESSAGE_MAX, TSCF_RESUME_REQUEST, tsid, ++sequence);
	tscf_write_bytes(w, TSCF_TLV_RESUME_KEY, key, sizeof(key));
	write_lock(w, next);
	return tscf_write_finish(w);
}

static int resume(int fd, uint8_t with, uint8_t next)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	write_resume(&w, buffer, with, next);
	return ask(fd, &w);
}

static struct tscf_binding_key shield_key(void)
{
	return (struct tscf_binding_key){.local = address, .protocol = IPPROTO_UDP, .local_port = 5060};
}

/* Tell of an encrypted-only socket of the client, which has no encrypted tunnel. */
static int shield(int fd)
{
	struct tscf_wire_binding wire = {.level = TSCF_LEVEL_ENCRYPTED_ONLY, .key = shield_key()};
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_SERVICE_REQUEST, tsid, ++sequence);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SHIELD);
	tscf_write_binding(&w, &wire);
	return ask(fd, &w);
}

static bool is_shielded(unsigned index)
{
	struct tscf_binding_key key = shield_key();

	return tscf_bindings_get(worker[index].state->bindings, &key) != NULL;
}

/* --- tests --- */

/* With its address and shields, and only by its key. */
START_TEST(goes_to_a_connection)
{
	int first = dial(0), second = dial(1);
	struct server_session *s;
	struct tscf_tlv tlv;

	configure(first);
	ck_assert_int_eq(shield(first), TSCF_RESPONSE_SUCCESS);
	/* The worker that has the session seals the answer. */
	ck_assert_int_eq(keepalive(second), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(shield(second), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(resume(second, 2, 3), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_ptr_nonnull(session_at(0));
	ck_assert_ptr_null(session_at(1));
	ck_assert_int_eq(resume(second, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_message_find(&reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_uint_eq(reply.tsid, tsid);
	ck_assert_ptr_null(session_at(0));
	s = session_at(1);
	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_nonnull(s->peer);
	ck_assert_ptr_eq(s->peer->user, s);
	ck_assert(tscf_addr_equal(&s->lease->address[tscf_family_index(AF_INET)].addr, &address));
	ck_assert(!is_shielded(0));
	ck_assert(is_shielded(1));
	ck_assert_int_eq(keepalive(second), -2);
	close(first);
	close(second);
}
END_TEST

/* The connection that it had is closed; it goes back by the next key, and the one that was seen opens nothing. */
START_TEST(comes_back)
{
	int first = dial(0), second = dial(1);
	struct reading gone = {.fd = first};

	configure(first);
	ck_assert_int_eq(resume(second, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_test_run_until(loop, is_read, &gone, 5));
	ck_assert_int_eq(gone.got, 0);
	close(first);
	first = dial(0);
	ck_assert_int_eq(resume(first, 1, 2), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(resume(first, 2, 3), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(session_at(0));
	ck_assert_ptr_null(session_at(1));
	close(first);
	close(second);
}
END_TEST

/* A client that hops makes work: after so many journeys it is refused, and the session stays where it is. */
START_TEST(hops_too_often)
{
	int fd[WORKERS] = {dial(0), dial(1)};
	uint8_t key = 1;
	unsigned at = 0;

	configure(fd[0]);
	for (unsigned n = 0; n < SERVER_JOURNEYS; n++, key++) {
		at = 1 - at;
		close(fd[at]);
		fd[at] = dial(at);
		ck_assert_int_eq(resume(fd[at], key, key + 1), TSCF_RESPONSE_SUCCESS);
	}
	ck_assert_ptr_nonnull(session_at(at));
	close(fd[1 - at]);
	fd[1 - at] = dial(1 - at);
	ck_assert_int_eq(resume(fd[1 - at], key, key + 1), TSCF_RESPONSE_LIMIT);
	ck_assert_ptr_nonnull(session_at(at));
	ck_assert_ptr_null(session_at(1 - at));
	ck_assert_int_eq(keepalive(fd[at]), -2);
	/* Later it may go on, by the same key. */
	session_at(at)->journeys.since -= SERVER_JOURNEYS_MS;
	ck_assert_int_eq(resume(fd[1 - at], key, key + 1), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(session_at(1 - at));
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* Nobody has it: the connection is told so by its own worker, and may start over. */
START_TEST(is_nowhere)
{
	int fd = dial(1);

	tsid = 4711;
	ck_assert_int_eq(resume(fd, 1, 2), TSCF_RESPONSE_NO_SESSION);
	configure(fd);
	ck_assert_ptr_nonnull(session_at(1));
	close(fd);
}
END_TEST

static bool has_moved(void *context)
{
	(void)context;
	return session_at(1) != NULL;
}

static bool has_no_peer(void *context)
{
	(void)context;
	return session_at(1) && !session_at(1)->peer;
}

/* The connection is lost before its client has the answer: the session waits there for another one. */
START_TEST(waits_for_another)
{
	int first = dial(0), second = dial(1);
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	int length;

	configure(first);
	length = write_resume(&w, buffer, 1, 2);
	length = (int)tscf_seal_close(&seal, buffer, (uint32_t)length);
	ck_assert_int_eq(send(second, buffer, (size_t)length, MSG_NOSIGNAL), length);
	ck_assert(tscf_test_run_until(loop, has_moved, NULL, 5));
	close(second);
	ck_assert(tscf_test_run_until(loop, has_no_peer, NULL, 5));
	second = dial(1);
	ck_assert_int_eq(resume(second, 2, 3), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(keepalive(second), -2);
	close(first);
	close(second);
}
END_TEST

/* Offer a copy way, or open it: @p with is the TLV that does, of @p value. */
static int ask_for_copies(int fd, uint16_t with, const uint8_t *value)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;

	tscf_write_begin(&w, buffer, sizeof(buffer), TSCF_SERVICE_REQUEST, tsid, ++sequence);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_REDUNDANCY);
	tscf_write_bytes(&w, with, value, SERVER_SECRET_SIZE);
	return ask(fd, &w);
}

/* A copy way to another worker than that of the stream cannot be had: the refusal names the reason, and nothing has
 * changed. */
START_TEST(copies_stay_with_the_stream)
{
	static const uint8_t secret[SERVER_SECRET_SIZE] = {9};
	uint8_t hash[SERVER_SECRET_SIZE];
	int first = dial(0), second = dial(1), third = dial(0);

	worker[0].state->interfaces->services = SERVER_SERVICE_REDUNDANCY;
	tscf_sha256(secret, sizeof(secret), hash);
	configure(first);
	ck_assert_int_eq(ask_for_copies(first, TSCF_TLV_RESERVATION_HASH, hash), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(ask_for_copies(second, TSCF_TLV_RESERVATION_SECRET, secret), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(ask_for_copies(third, TSCF_TLV_RESERVATION_SECRET, secret), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(keepalive(first), -2);
	close(first);
	close(second);
	close(third);
}
END_TEST

/* A connection that has a tunnel takes no other, wherever that is. */
START_TEST(place_is_taken)
{
	int first = dial(0), second = dial(1);
	struct tscf_seal its_seal;
	uint64_t its_own;

	configure(second);
	its_own = tsid;
	its_seal = seal;
	configure(first);
	seal = its_seal;
	ck_assert_int_eq(resume(second, 1, 2), -1);
	ck_assert_ptr_nonnull(session_at(0));
	ck_assert_ptr_null(server_session_find(&worker[1].state->sessions, its_own));
	close(first);
	close(second);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_migrate");
	TCase *t = tcase_create("connections");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, goes_to_a_connection);
	tcase_add_test(t, copies_stay_with_the_stream);
	tcase_add_test(t, comes_back);
	tcase_add_test(t, hops_too_often);
	tcase_add_test(t, is_nowhere);
	tcase_add_test(t, waits_for_another);
	tcase_add_test(t, place_is_taken);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
