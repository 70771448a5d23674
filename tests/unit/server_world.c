/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_world.h"

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_SIZE 480

static void note_send(struct tscf_transport *t, struct tscf_batch *batch)
{
	(void)t;
	for (unsigned i = 0; i < batch->count; i++) {
		struct world_peer *p = (struct world_peer *)batch->packet[i]->peer;

		ck_assert_uint_le(batch->packet[i]->length, sizeof(p->last));
		memcpy(p->last, batch->packet[i]->data, batch->packet[i]->length);
		p->sent++;
	}
}

static void note_close(struct tscf_peer *peer)
{
	struct world_peer *p = (struct world_peer *)peer;

	ck_assert(p->open);
	p->open = false;
	peer->user = NULL;
}

static int64_t tell_lost(const struct tscf_peer *peer)
{
	(void)peer;
	return WORLD_LOST;
}

static const struct tscf_transport_ops plain_ops = {.name = "udp", .send = note_send, .peer_close = note_close};
static const struct tscf_transport_ops stream_ops = {
    .name = "tcp", .stream = true, .send = note_send, .peer_close = note_close};
static const struct tscf_transport_ops encrypted_ops = {
    .name = "dtls", .encrypted = true, .send = note_send, .peer_close = note_close, .lost = tell_lost};

static const struct tscf_transport_ops encrypted_stream_ops = {
    .name = "tls", .encrypted = true, .stream = true, .send = note_send, .peer_close = note_close};

static struct world_peer *new_peer(struct world *w, struct tscf_transport *t, const union tscf_endpoint *outer,
				   void *user)
{
	struct world_peer *p;

	ck_assert_uint_lt(w->peers, WORLD_PEERS);
	p = &w->peer[w->peers++];
	p->peer = (struct tscf_peer){.transport = t, .outer = *outer, .user = user};
	p->open = true;
	return p;
}

struct world_peer *world_peer_at(struct world *w, const union tscf_endpoint *outer)
{
	for (unsigned i = 0; i < w->peers; i++) {
		struct world_peer *p = &w->peer[i];

		if (p->open && p->peer.transport == &w->plain && tscf_endpoint_equal(&p->peer.outer, outer))
			return p;
	}
	return NULL;
}

static struct tscf_peer *add_peer(struct tscf_transport *t, const union tscf_endpoint *outer,
				  const struct tscf_addr *local, void *user)
{
	struct world *w = t->context;

	(void)local;
	ck_assert_ptr_null(world_peer_at(w, outer));
	return &new_peer(w, t, outer, user)->peer;
}

void world_add_pool(struct server_pools *pools, const char *text)
{
	struct tscf_prefix prefix;
	struct server_pool *pool;

	ck_assert_int_eq(tscf_prefix_parse(text, &prefix), 0);
	ck_assert_int_eq(server_pool_new(&prefix, 1, &pool), 0);
	server_pools_add(pools, pool);
}

struct world *world_new(uint32_t services)
{
	struct world *w = calloc(1, sizeof(*w));
	struct server_interface *i = calloc(1, sizeof(*i));

	ck_assert(w && i);
	tscf_log_init("test", TSCF_LOG_ERROR);
	w->now = 1000000;
	w->state = server_state_new(add_peer);
	ck_assert_ptr_nonnull(w->state);
	w->plain = (struct tscf_transport){.ops = &plain_ops, .context = w};
	w->stream = (struct tscf_transport){.ops = &stream_ops, .context = w};
	w->encrypted = (struct tscf_transport){.ops = &encrypted_ops, .context = w};
	w->encrypted_stream = (struct tscf_transport){.ops = &encrypted_stream_ops, .context = w};
	w->interface = i;
	i->name = strdup("one");
	ck_assert_ptr_nonnull(i->name);
	w->state->identity = w->identity = server_identity_make(NULL);
	w->state->interfaces = i;
	w->state->settings.mtu = 1340;
	w->state->settings.persistence = 330;
	w->state->settings.server_keepalive = 25;
	ck_assert_int_eq(tscf_prefix_parse("192.0.2.0/24", &w->state->settings.routes[0]), 0);
	w->state->settings.route_count = 1;
	i->allocator = &w->allocator;
	i->listener[SERVER_UDP] = (struct server_listener){.interface = i, .transport = &w->plain};
	i->listener[SERVER_TCP] = (struct server_listener){.interface = i, .transport = &w->stream};
	i->listener[SERVER_DTLS] = (struct server_listener){.interface = i, .transport = &w->encrypted};
	i->listener[SERVER_TLS] = (struct server_listener){.interface = i, .transport = &w->encrypted_stream};
	world_add_pool(&w->allocator.plain_pools, "10.1.0.0/24");
	world_add_pool(&w->allocator.plain_pools, "2001:db8:1::/64");
	world_add_pool(&w->allocator.encrypted_pools, "10.2.0.0/24");
	world_add_pool(&w->allocator.encrypted_pools, "2001:db8:2::/64");
	i->enabled = true;
	i->services = services;
	i->half_open_limit = UINT32_MAX;
	return w;
}

void world_free(struct world *w)
{
	server_state_free(w->state);
	tscf_identity_free(w->identity);
	server_pools_free(&w->allocator.plain_pools);
	server_pools_free(&w->allocator.encrypted_pools);
	free(w);
}

void world_pass(struct world *w, uint64_t ms)
{
	w->now += ms;
	server_state_expire(w->state, w->now);
}

uint64_t world_counter(const struct world *w, enum server_counter which)
{
	return w->state->counters.value[which];
}

struct tscf_addr world_addr(const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return a;
}

void world_client(struct world *w, struct world_client *c, unsigned host, uint16_t port)
{
	uint8_t bytes[4] = {198, 51, 100, (uint8_t)host};
	struct tscf_addr a = tscf_addr_v4(bytes);

	memset(c, 0, sizeof(*c));
	c->world = w;
	c->family = AF_INET;
	c->run = 1;
	c->tsid = TSCF_TSID_NONE;
	c->encrypted_tsid = TSCF_TSID_NONE;
	tscf_endpoint_make(&a, port, &c->outer);
	tscf_random(c->id, sizeof(c->id));
	tscf_random(c->secret, sizeof(c->secret));
}

void world_begin(struct world_client *c, struct tscf_writer *writer, uint8_t *data, enum tscf_message_type type,
		 bool encrypted)
{
	bool configures = type == TSCF_CONFIGURATION_REQUEST;
	uint64_t tsid = encrypted ? c->encrypted_tsid : c->tsid;

	tscf_write_begin(writer, data, TSCF_MESSAGE_MAX - TSCF_SEAL_SIZE, type, configures ? TSCF_TSID_NONE : tsid,
			 encrypted ? ++c->encrypted_sequence : ++c->sequence);
	if (configures && !encrypted)
		tscf_offer_write(&c->offer, writer);
}

/** @return whether the server has no such session, and so no keys. */
static bool is_unknown(const struct world *w, const struct tscf_message *m)
{
	enum tscf_response code;

	return tscf_message_response(m, &code, NULL, 0) == 0 && code == TSCF_RESPONSE_NO_SESSION &&
	       !server_session_find(&w->state->sessions, m->tsid);
}

/** The first answer of a plain session brings the keys; every later one is sealed. */
static void check_answer(struct world_client *c)
{
	const struct tscf_message *m = &c->world->reply;
	struct tscf_seal fresh;
	struct tscf_tlv tlv;

	if (m->type == TSCF_CONFIGURATION_RESPONSE) {
		if (tscf_message_find(m, TSCF_TLV_MAC, &tlv) && !tscf_agreement_keys(&c->offer, m, c->psk, &fresh)) {
			c->seal = fresh;
			c->sealed_tsid = m->tsid;
		}
	} else if (c->seal.agreed && m->tsid == c->sealed_tsid && !is_unknown(c->world, m)) {
		ck_assert_int_eq(tscf_seal_open(&c->seal, m), TSCF_SEAL_RIGHT);
		tscf_seal_follow(&c->seal);
	}
}

static int read_answer(struct world_client *c)
{
	struct world *w = c->world;
	enum tscf_response code;

	if (w->answer.length == 0)
		return -1;
	ck_assert_int_eq(tscf_message_decode(w->answer.data, w->answer.length, &w->reply), 0);
	check_answer(c);
	return tscf_message_response(&w->reply, &code, NULL, 0) == 0 ? (int)code : -2;
}

static struct server_listener *encrypted_listener(const struct world_client *c)
{
	return &c->world->interface->listener[c->by_tls ? SERVER_TLS : SERVER_DTLS];
}

int world_send_bytes(struct world_client *c, const uint8_t *data, uint32_t length, bool encrypted)
{
	struct world *w = c->world;
	struct world_peer *connection = encrypted ? c->connection : c->stream;
	struct world_peer *p = connection ? connection : world_peer_at(w, &c->outer);
	struct server_listener *listener =
	    encrypted ? encrypted_listener(c) : &w->interface->listener[connection ? SERVER_TCP : SERVER_UDP];
	struct server_input in = {
	    .interface = w->interface,
	    .place = {.listener = listener, .connection = connection ? &connection->peer : NULL, .outer = c->outer},
	    .session = p ? p->peer.user : NULL,
	    .now = w->now,
	};

	/* As path.c says: a plain tunnel may be inside an encrypted connection. */
	in.encrypted = encrypted && (!in.session || in.session->encrypted);
	ck_assert(connection ? connection->open : !encrypted);
	server_control(w->state, &in, data, length, &w->answer);
	if (w->answer.end)
		server_session_end(w->state, w->answer.end, w->now, w->answer.why);
	return read_answer(c);
}

int world_send(struct world_client *c, struct tscf_writer *writer, bool encrypted)
{
	int length = tscf_write_finish(writer);

	ck_assert_int_gt(length, 0);
	if (writer->data[1] == TSCF_CONFIGURATION_REQUEST)
		tscf_offer_sent(&c->offer, writer->data, (uint32_t)length);
	else if (c->seal.agreed && tscf_get_u64(writer->data + 4) == c->sealed_tsid)
		length = (int)tscf_seal_close(&c->seal, writer->data, (uint32_t)length);
	return world_send_bytes(c, writer->data, (uint32_t)length, encrypted);
}

void world_refuses(const struct world *w, const char *name, enum tscf_response code, const char *why)
{
	char text[TSCF_RESPONSE_TEXT_MAX + 1];
	enum tscf_response got;

	ck_assert_msg(w->answer.length > 0, "%s: no answer", name);
	ck_assert_int_eq(tscf_message_response(&w->reply, &got, text, sizeof(text)), 0);
	ck_assert_msg(got == code && strcmp(text, why) == 0, "%s: %s: %s", name, tscf_response_name(got), text);
}

static struct tscf_addr internal_of(const struct world_client *c)
{
	uint16_t type = c->family == AF_INET ? TSCF_TLV_INTERNAL_IPV4 : TSCF_TLV_INTERNAL_IPV6;
	struct tscf_prefix p;
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(&c->world->reply, type, &tlv));
	ck_assert_int_eq(tscf_tlv_prefix(&tlv, &p), 0);
	ck_assert_uint_eq(p.length, c->family == AF_INET ? 24 : 64);
	return p.addr;
}

int world_configure(struct world_client *c, const struct tscf_addr *wish, bool quiet)
{
	struct tscf_prefix p = {.length = wish && wish->family == AF_INET6 ? 64 : 24};
	uint8_t data[TSCF_MESSAGE_MAX], lock[SERVER_RESUME_LOCK_SIZE];
	struct tscf_writer writer;
	int code;

	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	tscf_write_u64(&writer, TSCF_TLV_RUN, c->run);
	if (wish) {
		p.addr = *wish;
		tscf_write_prefix(&writer, TSCF_TLV_INTERNAL_IPV4, &p);
	}
	if (c->resume_key[0] != 0) {
		tscf_sha256(c->resume_key, sizeof(c->resume_key), lock);
		tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, lock, sizeof(lock));
	}
	if (quiet)
		tscf_write_bytes(&writer, TSCF_TLV_QUIET, NULL, 0);
	tscf_write_pad(&writer, REQUEST_SIZE);
	code = world_send(c, &writer, false);
	if (code == TSCF_RESPONSE_SUCCESS) {
		ck_assert_uint_le(c->world->answer.length, 3 * REQUEST_SIZE);
		c->tsid = c->world->reply.tsid;
		c->plain = internal_of(c);
	}
	return code;
}

int world_keepalive(struct world_client *c, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int code;

	world_begin(c, &writer, data, TSCF_KEEPALIVE_REQUEST, encrypted);
	tscf_write_pad(&writer, 64);
	code = world_send(c, &writer, encrypted);
	return code == -2 ? 0 : code;
}

void world_connect(struct world_client *c)
{
	ck_assert_int_eq(world_configure(c, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(c, false), 0);
}

int world_reserve(struct world_client *c)
{
	uint8_t data[TSCF_MESSAGE_MAX], hash[SERVER_SECRET_SIZE];
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	int code;

	tscf_sha256(c->secret, sizeof(c->secret), hash);
	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
	code = world_send(c, &writer, false);
	if (code == TSCF_RESPONSE_SUCCESS) {
		ck_assert(tscf_message_find(&c->world->reply, TSCF_TLV_RESERVED_TSID, &tlv));
		ck_assert_int_eq(tscf_tlv_u64(&tlv, &c->encrypted_tsid), 0);
	}
	return code;
}

void world_handshake(struct world_client *c)
{
	struct world *w = c->world;

	c->connection = new_peer(w, encrypted_listener(c)->transport, &c->outer, NULL);
	ck_assert_ptr_nonnull(server_session_accept(w->state, encrypted_listener(c), &c->connection->peer, w->now));
}

static int configure_encrypted(struct world_client *c, bool resume, bool again)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	int code;

	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, true);
	tscf_write_u64(&writer, TSCF_TLV_RESERVED_TSID, c->encrypted_tsid);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_SECRET, c->secret, sizeof(c->secret));
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	if (resume)
		tscf_write_bytes(&writer, TSCF_TLV_RESUME_SECRET, c->resume_secret, sizeof(c->resume_secret));
	if (again)
		tscf_write_bytes(&writer, TSCF_TLV_COMPLETE, NULL, 0);
	code = world_send(c, &writer, true);
	if (code == TSCF_RESPONSE_SUCCESS) {
		ck_assert_uint_eq(c->world->reply.tsid, c->encrypted_tsid);
		c->encrypted = internal_of(c);
		ck_assert(tscf_message_find(&c->world->reply, TSCF_TLV_RESUME_SECRET, &tlv));
		memcpy(c->resume_secret, tlv.value, sizeof(c->resume_secret));
	}
	return code;
}

int world_configure_encrypted(struct world_client *c, bool resume)
{
	return configure_encrypted(c, resume, false);
}

int world_configure_encrypted_anew(struct world_client *c)
{
	return configure_encrypted(c, true, true);
}

void world_encrypt(struct world_client *c)
{
	ck_assert_int_eq(world_reserve(c), TSCF_RESPONSE_SUCCESS);
	world_handshake(c);
	ck_assert_int_eq(world_configure_encrypted(c, false), TSCF_RESPONSE_SUCCESS);
}

void world_disconnect(struct world_client *c)
{
	struct server_session *s = c->connection->peer.user;

	ck_assert_ptr_nonnull(s);
	c->connection->open = false;
	server_session_lost(c->world->state, s, c->world->now, "lost");
}

void world_dial(struct world_client *c)
{
	c->stream = new_peer(c->world, &c->world->stream, &c->outer, NULL);
}

void world_hang_up(struct world_client *c)
{
	struct server_session *s = c->stream->peer.user;

	c->stream->open = false;
	if (s)
		server_session_lost(c->world->state, s, c->world->now, "lost");
}

struct tscf_binding_key world_key(const struct tscf_addr *local, uint8_t protocol, uint16_t port, const char *remote,
				  uint16_t remote_port)
{
	struct tscf_binding_key key = {
	    .local = *local, .protocol = protocol, .local_port = port, .remote_port = remote_port};

	if (remote)
		key.remote = world_addr(remote);
	return key;
}

static int service_with_binding(struct world_client *c, enum tscf_service service, const struct tscf_wire_binding *wire,
				bool complete)
{
	bool encrypted = service == TSCF_SERVICE_BIND;
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(c, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, (uint16_t)service);
	if (wire)
		tscf_write_binding(&writer, wire);
	if (complete)
		tscf_write_bytes(&writer, TSCF_TLV_COMPLETE, NULL, 0);
	return world_send(c, &writer, encrypted);
}

int world_bind(struct world_client *c, const struct tscf_binding_key *key, enum tscf_bind_action action,
	       enum tscf_level level, uint8_t flags)
{
	struct tscf_wire_binding wire = {.key = *key, .action = action, .level = level, .flags = flags};

	return service_with_binding(c, TSCF_SERVICE_BIND, &wire, false);
}

int world_shield(struct world_client *c, const struct tscf_binding_key *key, bool complete)
{
	struct tscf_wire_binding wire = {.level = TSCF_LEVEL_ENCRYPTED_ONLY};

	if (key)
		wire.key = *key;
	return service_with_binding(c, TSCF_SERVICE_SHIELD, key ? &wire : NULL, complete);
}

int world_complete(struct world_client *c)
{
	return service_with_binding(c, TSCF_SERVICE_BIND, NULL, true);
}

struct server_session *world_plain(const struct world_client *c)
{
	return server_session_find(&c->world->state->sessions, c->tsid);
}

struct server_session *world_encrypted(const struct world_client *c)
{
	return server_session_find(&c->world->state->sessions, c->encrypted_tsid);
}
