/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_world.h"

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <check.h>
#include <netinet/in.h>
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
	w->interface = i;
	i->name = strdup("one");
	ck_assert_ptr_nonnull(i->name);
	w->state->identity = w->identity = server_identity_make(NULL);
	w->state->interfaces = i;
	w->state->settings.mtu = 1340;
	w->state->settings.persistence = 330;
	ck_assert_int_eq(tscf_prefix_parse("192.0.2.0/24", &w->state->settings.routes[0]), 0);
	w->state->settings.route_count = 1;
	i->allocator = &w->allocator;
	i->listener[SERVER_UDP] = (struct server_listener){.interface = i, .transport = &w->plain};
	i->listener[SERVER_TCP] = (struct server_listener){.interface = i, .transport = &w->stream};
	i->listener[SERVER_DTLS] = (struct server_listener){.interface = i, .transport = &w->encrypted};
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

int world_send_bytes(struct world_client *c, const uint8_t *data, uint32_t length, bool encrypted)
{
	struct world *w = c->world;
	struct world_peer *connection = encrypted ? c->connection : c->stream;
	struct world_peer *p = connection ? connection : world_peer_at(w, &c->outer);
	struct server_listener *listener = &w->interface->listener[encrypted    ? SERVER_DTLS
								   : connection ? SERVER_TCP
										: SERVER_UDP];
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

	c->connection = new_peer(w, &w->encrypted, &c->outer, NULL);
	ck_assert_ptr_nonnull(
	    server_session_accept(w->state, &w->interface->listener[SERVER_DTLS], &c->connection->peer, w->now));
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

struct server_session *world_plain(const struct world_client *c)
{
	return server_session_find(&c->world->state->sessions, c->tsid);
}

struct server_session *world_encrypted(const struct world_client *c)
{
	return server_session_find(&c->world->state->sessions, c->encrypted_tsid);
}

static bool is_v6(const struct world_packet *p)
{
	return p->data[0] >> 4 == 6;
}

/** @return where the upper-layer header begins; fragments are made of packets without. */
static uint8_t *payload(struct world_packet *p)
{
	return p->data + (is_v6(p) ? 40 : 20);
}

static void put_ip(struct world_packet *p, uint8_t protocol, const struct tscf_addr *from, const struct tscf_addr *to)
{
	memset(p, 0, sizeof(*p));
	if (from->family == AF_INET6) {
		p->data[0] = 0x60;
		p->data[6] = protocol;
		p->data[7] = 64;
		memcpy(p->data + 8, from->bytes, 16);
		memcpy(p->data + 24, to->bytes, 16);
		return;
	}
	p->data[0] = 0x45;
	p->data[8] = 64;
	p->data[9] = protocol;
	memcpy(p->data + 12, from->bytes, 4);
	memcpy(p->data + 16, to->bytes, 4);
}

/** @param length  of what follows the IP header */
static void finish(struct world_packet *p, uint32_t length)
{
	p->length = (uint32_t)(payload(p) - p->data) + length;
	if (is_v6(p))
		tscf_put_u16(p->data + 4, (uint16_t)length);
	else
		tscf_put_u16(p->data + 2, (uint16_t)p->length);
}

struct world_packet world_udp(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
			      uint16_t to_port)
{
	struct world_packet p;

	put_ip(&p, IPPROTO_UDP, from, to);
	tscf_put_u16(payload(&p), from_port);
	tscf_put_u16(payload(&p) + 2, to_port);
	tscf_put_u16(payload(&p) + 4, 24);
	finish(&p, 24);
	return p;
}

void world_cut(struct world_packet *p, uint16_t id, bool first)
{
	uint32_t length = (uint32_t)(p->data + p->length - payload(p));

	if (!first)
		memset(payload(p), 0xff, length);
	if (is_v6(p)) {
		memmove(payload(p) + 8, payload(p), length);
		memset(payload(p), 0, 8);
		payload(p)[0] = p->data[6];
		tscf_put_u16(payload(p) + 2, first ? 1 : 24);
		tscf_put_u32(payload(p) + 4, id);
		p->data[6] = IPPROTO_FRAGMENT;
		finish(p, 8 + length);
	} else {
		tscf_put_u16(p->data + 4, id);
		tscf_put_u16(p->data + 6, first ? 0x2000 : 3);
	}
}

struct world_packet world_fragment(const struct tscf_addr *from, uint16_t from_port, const struct tscf_addr *to,
				   uint16_t to_port, uint16_t id, bool first)
{
	struct world_packet p = world_udp(from, from_port, to, to_port);

	world_cut(&p, id, first);
	return p;
}

static uint8_t icmp_of(const struct tscf_addr *a)
{
	return a->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

struct world_packet world_icmp_error(const struct tscf_addr *from, const struct tscf_addr *to,
				     const struct world_packet *quote, uint32_t quoted)
{
	struct world_packet p;

	put_ip(&p, icmp_of(from), from, to);
	payload(&p)[0] = is_v6(&p) ? 1 : 3;
	payload(&p)[1] = is_v6(&p) ? 4 : 3;
	memcpy(payload(&p) + 8, quote->data, quoted);
	finish(&p, 8 + quoted);
	return p;
}

struct world_packet world_echo(const struct tscf_addr *from, const struct tscf_addr *to, uint8_t type, uint16_t id)
{
	struct world_packet p;

	put_ip(&p, icmp_of(from), from, to);
	payload(&p)[0] = !is_v6(&p) ? type : type == 8 ? 128 : 129;
	tscf_put_u16(payload(&p) + 4, id);
	finish(&p, 16);
	return p;
}

static struct tscf_packet_info parse(const struct world_packet *p)
{
	struct tscf_packet_info info;

	ck_assert_int_eq(tscf_packet_parse(p->data, p->length, &info), TSCF_PACKET_OK);
	return info;
}

struct server_decision world_down(struct world *w, const struct world_packet *p)
{
	struct tscf_packet_info info = parse(p);

	return server_decide_down(w->state, p->data, &info, w->now);
}

struct server_decision world_up(struct world_client *c, const struct world_packet *p, bool encrypted)
{
	struct tscf_packet_info info = parse(p);
	struct world *w = c->world;

	if (encrypted)
		return server_decide_from_encrypted(w->state, world_encrypted(c), &info, w->now);
	return server_decide_from_plain(w->state, world_plain(c), p->data, &info, w->now);
}
