/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_world_server.c - the server of a world: what it answers, and when. */
#include "tests/unit/client_world_internal.h"

#include "common/base/bytes.h"
#include "common/crypto/hash.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void world_set_up_server(struct client_world *w)
{
	w->server = (struct world_server){.plain = WORLD_PLAIN,
					  .plain6 = WORLD_PLAIN6,
					  .encrypted = WORLD_ENCRYPTED,
					  .encrypted6 = "2001:db8:2::2",
					  .tsid = 1000,
					  .encrypted_tsid = 5000,
					  .mtu = 1340,
					  .keepalive = 30,
					  .persistence = 330};
	w->server.bound = tscf_bindings_new();
	w->server.shielded = tscf_bindings_new();
	w->server.services = tscf_services_new();
	ck_assert(w->server.bound && w->server.shielded && w->server.services);
}

void world_free_server(struct client_world *w)
{
	tscf_bindings_free(w->server.bound);
	tscf_bindings_free(w->server.shielded);
	tscf_services_free(w->server.services);
}

/* --- keys of plain sessions --- */

struct tscf_seal *world_seal(struct client_world *w, uint64_t tsid)
{
	struct world_server *s = &w->server;

	for (unsigned i = 0; i < WORLD_SESSIONS; i++)
		if (s->sessions[i].seal.agreed && s->sessions[i].tsid == tsid)
			return &s->sessions[i].seal;
	return NULL;
}

/* Seal a finished message, unless it is one of those that never are. */
static void seal_message(struct client_world *w, struct tscf_writer *t)
{
	struct tscf_seal *seal = world_seal(w, tscf_get_u64(t->data + 4));

	if (seal && t->data[1] != TSCF_CONFIGURATION_RESPONSE)
		t->length = tscf_seal_close(seal, t->data, t->length);
}

/* Everything that the client sends in a session that has keys must be sealed. */
static void check_seal(struct client_world *w, const struct tscf_message *m)
{
	struct tscf_seal *seal = world_seal(w, m->tsid);

	if (seal)
		ck_assert_int_eq(tscf_seal_open(seal, m), TSCF_SEAL_RIGHT);
}

/* --- what is asked --- */

static enum world_ask service_of(const struct tscf_message *m)
{
	static const enum world_ask asks[] = {[TSCF_SERVICE_ENABLE_DTTE] = WORLD_RESERVE,
					      [TSCF_SERVICE_BIND] = WORLD_BIND,
					      [TSCF_SERVICE_SHIELD] = WORLD_SHIELD,
					      [TSCF_SERVICE_UNSHIELD] = WORLD_UNSHIELD,
					      [TSCF_SERVICE_SOCKETS] = WORLD_SOCKETS,
					      [TSCF_SERVICE_ENABLE_DDT] = WORLD_OFFER_MEDIA,
					      [TSCF_SERVICE_ENABLE_REDUNDANCY] = WORLD_OFFER_COPIES};
	struct tscf_tlv secret;
	enum tscf_service service;

	ck_assert_int_eq(tscf_message_service(m, &service), 0);
	ck_assert_uint_lt(service, sizeof(asks) / sizeof(*asks));
	if (tscf_message_find(m, TSCF_TLV_RESERVATION_SECRET, &secret))
		return service == TSCF_SERVICE_ENABLE_DDT ? WORLD_OPEN_MEDIA : WORLD_OPEN_COPIES;
	return asks[service];
}

static enum world_ask ask_of(const struct client_world *w, const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	switch (m->type) {
	case TSCF_CONFIGURATION_REQUEST:
		return tscf_message_find(m, TSCF_TLV_RESERVED_TSID, &tlv) ? WORLD_CONFIGURE_ENCRYPTED : WORLD_CONFIGURE;
	case TSCF_CHAIN_REQUEST:
		return WORLD_CHAIN;
	case TSCF_RESUME_REQUEST:
		return WORLD_RESUME;
	case TSCF_RELEASE_REQUEST:
		return WORLD_RELEASE;
	case TSCF_KEEPALIVE_REQUEST:
		return m->tsid > 5000 && m->tsid <= w->server.encrypted_tsid ? WORLD_KEEPALIVE_ENCRYPTED
									     : WORLD_KEEPALIVE;
	case TSCF_SERVICE_REQUEST:
		return service_of(m);
	default:
		return WORLD_ASKS;
	}
}

void world_message(struct world_link *l, const uint8_t *data, uint32_t length)
{
	struct client_world *w = l->world;
	struct world_server *s = &w->server;
	struct tscf_message m;
	enum world_ask ask;

	ck_assert_int_eq(tscf_message_decode(data, length, &m), 0);
	check_seal(w, &m);
	ask = ask_of(w, &m);
	/* What the client answers. */
	if (ask == WORLD_ASKS)
		return;
	s->count[ask]++;
	s->sequence[ask] = m.sequence;
	memcpy(s->last[ask], data, length);
	s->last_length[ask] = length;
	if (ask == WORLD_RESUME || ask == WORLD_CONFIGURE)
		s->path_lost = false;
	if (s->reaction[ask] == WORLD_LOSES || (s->path_lost && ask == WORLD_KEEPALIVE) ||
	    (s->path_mtu && m.type == TSCF_KEEPALIVE_REQUEST && length > s->path_mtu))
		return;
	ck_assert_uint_lt(w->waiting_count, WORLD_WAITING);
	w->waiting[w->waiting_count].link = l;
	w->waiting[w->waiting_count].ask = ask;
	w->waiting[w->waiting_count].due = s->reaction[ask] != WORLD_KEEPS;
	w->waiting[w->waiting_count].due_at = world_now() + s->delay;
	w->waiting[w->waiting_count].length = length;
	memcpy(w->waiting[w->waiting_count++].data, data, length);
}

struct tscf_message world_last(struct client_world *w, enum world_ask ask)
{
	struct tscf_message m;

	ck_assert_uint_gt(w->server.count[ask], 0);
	ck_assert_int_eq(tscf_message_decode(w->server.last[ask], w->server.last_length[ask], &m), 0);
	return m;
}

/* --- what it answers --- */

static void write_address(struct tscf_writer *t, uint16_t type, const char *text, uint8_t length)
{
	struct tscf_prefix p = {.length = length};

	if (!text)
		return;
	ck_assert_int_eq(tscf_addr_parse(text, &p.addr), 0);
	tscf_write_prefix(t, type, &p);
}

static void write_routes(const struct world_server *s, struct tscf_writer *t)
{
	char text[32];

	write_address(t, TSCF_TLV_ROUTE_IPV4, "203.0.113.0", 24);
	if (s->plain6)
		write_address(t, TSCF_TLV_ROUTE_IPV4, "2001:db8:f::", 64);
	for (unsigned i = 0; i < s->routes; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		write_address(t, TSCF_TLV_ROUTE_IPV4, text, 32);
	}
}

static void write_timers(const struct world_server *s, struct tscf_writer *t)
{
	if (s->keepalive)
		tscf_write_u16(t, TSCF_TLV_KEEPALIVE, s->keepalive);
	if (s->persistence)
		tscf_write_u16(t, TSCF_TLV_PERSISTENCE, s->persistence);
}

static void write_observed(struct tscf_writer *t)
{
	union tscf_endpoint seen;

	ck_assert_int_eq(tscf_endpoint_parse("198.51.100.99", 40000, &seen), 0);
	tscf_write_endpoint(t, TSCF_TLV_OBSERVED_ADDRESS, &seen);
}

static void write_plain(const struct world_server *s, struct tscf_writer *t)
{
	struct tscf_addr addr;

	write_address(t, TSCF_TLV_INTERNAL_IPV4, s->plain, 24);
	write_address(t, TSCF_TLV_INTERNAL_IPV4, s->plain6, 64);
	write_routes(s, t);
	write_timers(s, t);
	write_observed(t);
	if (s->mtu)
		tscf_write_u16(t, TSCF_TLV_MTU, s->mtu);
	ck_assert_int_eq(tscf_addr_parse("203.0.113.53", &addr), 0);
	tscf_write_addr(t, TSCF_TLV_DNS, &addr);
	tscf_write_addr(t, TSCF_TLV_SIP_SERVER, &addr);
}

static void write_encrypted(const struct world_server *s, struct tscf_writer *t)
{
	static const uint8_t secret[32] = {1, 2, 3};

	write_address(t, TSCF_TLV_INTERNAL_IPV4, s->encrypted, 24);
	write_address(t, TSCF_TLV_INTERNAL_IPV4, s->encrypted6, 64);
	write_timers(s, t);
	tscf_write_bytes(t, TSCF_TLV_RESUME_SECRET, secret, sizeof(secret));
}

/* What the request says of sockets holds for the server from now on. */
static void take_bindings(struct tscf_bindings *table, const struct tscf_message *m)
{
	struct tscf_wire_binding wire;
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	while (tscf_message_next(m, &offset, &tlv)) {
		struct tscf_binding *b;

		if (tlv.type != TSCF_TLV_BINDING)
			continue;
		ck_assert_int_eq(tscf_tlv_binding(&tlv, &wire), 0);
		b = tscf_bindings_get(table, &wire.key);
		if (wire.action == TSCF_BIND_ACTION_BIND)
			ck_assert_ptr_nonnull(tscf_bindings_bind(table, &wire.key, wire.level, NULL, NULL));
		else if (b)
			tscf_bindings_remove(table, b);
	}
}

static void count_socket(void *context, struct tscf_binding *b)
{
	*(unsigned *)context += !tscf_binding_key_is_whole(&b->key);
}

/* Whether it has no room for what is asked. */
static bool is_full(const struct world_server *s, enum world_ask ask, const struct tscf_message *m)
{
	struct tscf_wire_binding wire;
	uint32_t offset = 0;
	unsigned count = 0;
	struct tscf_tlv tlv;

	if (s->room == 0 || ask != WORLD_BIND)
		return false;
	tscf_bindings_each(s->bound, count_socket, &count);
	while (tscf_message_next(m, &offset, &tlv))
		if (tlv.type == TSCF_TLV_BINDING && tscf_tlv_binding(&tlv, &wire) == 0 &&
		    wire.action == TSCF_BIND_ACTION_BIND && !tscf_binding_key_is_whole(&wire.key))
			count += !tscf_bindings_get(s->bound, &wire.key);
	return count > s->room;
}

static bool asks_for_cookie(const struct world_server *s, enum world_ask ask, const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	return ask == WORLD_CONFIGURE && s->cookie && !tscf_message_find(m, TSCF_TLV_COOKIE, &tlv);
}

static void write_cookie(const struct world_server *s, struct tscf_writer *t)
{
	tscf_write_response(t, TSCF_RESPONSE_COOKIE, NULL);
	tscf_write_bytes(t, TSCF_TLV_COOKIE, "a cookie", 8);
	if (s->methods)
		tscf_write_bytes(t, TSCF_TLV_AUTH_METHODS, &s->methods, 1);
}

/* A proof by a method that is taken is not looked into here. */
static bool refuses_proof(const struct world_server *s, enum world_ask ask, const struct tscf_message *m,
			  struct tscf_writer *t)
{
	struct tscf_tlv tlv;
	bool proves = tscf_message_find(m, TSCF_TLV_AUTH_PROOF, &tlv);

	if (ask != WORLD_CONFIGURE || !s->methods || (proves && (tlv.value[0] & s->methods)))
		return false;
	tscf_write_response(t, TSCF_RESPONSE_UNAUTHORIZED,
			    proves ? "this server takes no pre-shared keys"
				   : "this server demands a client certificate or a pre-shared key");
	return true;
}

/* Each socket gets what it asks for, or nothing. */
static void take_sockets(struct world_server *s, const struct tscf_message *m, struct tscf_writer *t)
{
	struct tscf_wire_socket wire;
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	while (tscf_message_next(m, &offset, &tlv)) {
		struct tscf_wire_answer answer = {.code = s->refuses_sockets};
		struct tscf_service_entry *e;

		if (tlv.type != TSCF_TLV_SOCKET)
			continue;
		ck_assert_int_eq(tscf_tlv_socket(&tlv, &wire), 0);
		e = tscf_services_put(s->services, &wire.key, s, NULL);
		if (s->refuses_sockets == TSCF_RESPONSE_SUCCESS)
			answer.services = wire.services;
		e->now = answer.services;
		if (tscf_services_none(&e->now))
			tscf_services_remove(s->services, e);
		tscf_write_socket_answer(t, &answer);
	}
}

static void write_success(struct world_server *s, enum world_ask ask, const struct tscf_message *m,
			  struct tscf_writer *t)
{
	switch (ask) {
	case WORLD_CONFIGURE:
		write_plain(s, t);
		break;
	case WORLD_RESUME:
		write_observed(t);
		tscf_write_bytes(t, TSCF_TLV_COOKIE, "prove it", 8);
		break;
	case WORLD_RESERVE:
		if (s->reserved != m->sequence)
			s->encrypted_tsid++;
		s->reserved = m->sequence;
		tscf_write_u64(t, TSCF_TLV_RESERVED_TSID, s->encrypted_tsid);
		break;
	case WORLD_CONFIGURE_ENCRYPTED:
		write_encrypted(s, t);
		break;
	case WORLD_OPEN_MEDIA:
		if (m->tsid <= 5000)
			tscf_write_bytes(t, TSCF_TLV_COOKIE, "it receives", 11);
		break;
	case WORLD_BIND:
		take_bindings(s->bound, m);
		break;
	case WORLD_SHIELD:
	case WORLD_UNSHIELD:
		take_bindings(s->shielded, m);
		break;
	case WORLD_SOCKETS:
		take_sockets(s, m, t);
		break;
	default:
		break;
	}
}

/* The session that the answer belongs to.  A request that is repeated gets the answer that it had. */
static uint64_t tsid_of_answer(struct world_link *l, enum world_ask ask, const struct tscf_message *m)
{
	struct world_server *s = &l->world->server;

	if (ask == WORLD_CONFIGURE_ENCRYPTED)
		return s->encrypted_tsid;
	if (ask != WORLD_CONFIGURE || asks_for_cookie(s, ask, m) || s->code[ask] != TSCF_RESPONSE_SUCCESS)
		return m->tsid;
	if (l->configured != m->sequence)
		l->tsid = ++s->tsid;
	l->configured = m->sequence;
	return l->tsid;
}

/* The answer with its proof; the session gets its keys. */
static int agree(struct client_world *w, const struct tscf_message *m, struct tscf_writer *t)
{
	struct world_server *s = &w->server;
	unsigned i = s->session_count++ % WORLD_SESSIONS;

	if (s->lasting) {
		static uint8_t key[32];
		const int length = tscf_agreement_give(s->identity, m, s->psk, s->lasting, t);

		/* By the lasting key it will give a tunnel. */
		tscf_sha256(s->lasting, TSCF_LASTING_KEY_SIZE, key);
		s->psk = key;
		s->code[WORLD_CONFIGURE] = TSCF_RESPONSE_SUCCESS;
		s->lasting = NULL;
		return length;
	}
	/* It says that it gives a lasting key, and does not. */
	if (s->code[WORLD_CONFIGURE] == TSCF_RESPONSE_ENROLLED)
		return (int)server_identity_refuse(s->identity, m, s->psk, t);
	s->sessions[i].tsid = tscf_get_u64(t->data + 4);
	return tscf_agreement_answer(s->identity, m, s->psk, t, &s->sessions[i].seal);
}

/* Take the TLV of @p type out of the message of @p length bytes at @p data.  @return its length then. */
static int omit(uint8_t *data, int length, uint16_t type)
{
	uint32_t offset = 0, end;
	struct tscf_message m;
	struct tscf_tlv tlv;

	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)length, &m), 0);
	do
		ck_assert(tscf_message_next(&m, &offset, &tlv));
	while (tlv.type != type);
	end = TSCF_MESSAGE_HEADER + offset;
	offset = (uint32_t)(tlv.value - data) - TSCF_TLV_HEADER;
	memmove(data + offset, data + end, (uint32_t)length - end);
	data[3]--;
	return length - (int)(end - offset);
}

/* A request that is repeated gets the answer that it had. */
static void prove(struct world_link *l, const struct tscf_message *m, struct tscf_writer *t)
{
	struct world_server *s = &l->world->server;
	int length;

	if (l->proved != m->sequence) {
		length = s->identity ? agree(l->world, m, t) : tscf_write_finish(t);
		ck_assert_int_gt(length, 0);
		if (s->omits)
			length = omit(t->data, length, s->omits);
		memcpy(l->configuration, t->data, (size_t)length);
		l->configuration_length = (uint32_t)length;
		l->proved = m->sequence;
	}
	memcpy(t->data, l->configuration, l->configuration_length);
	t->length = l->configuration_length;
}

static void show_chain(const struct world_server *s, const struct tscf_message *m, struct tscf_writer *t)
{
	static const uint8_t zeros[TSCF_CHAIN_PART_MAX];
	struct tscf_chain_part part;
	struct tscf_tlv tlv;

	if (s->zeros.total == 0) {
		server_identity_write_chain(s->shown ? s->shown : s->identity, m, t);
		return;
	}
	ck_assert(tscf_message_find(m, TSCF_TLV_CHAIN_PART, &tlv));
	ck_assert_int_eq(tscf_tlv_chain_part(&tlv, &part), 0);
	part = (struct tscf_chain_part){.total = s->zeros.total,
					.offset = s->zeros.stays ? 0 : part.offset,
					.length = s->zeros.length,
					.bytes = zeros};
	tscf_write_chain_part(t, &part);
}

static void answer_one(struct client_world *w, unsigned i)
{
	struct world_server *s = &w->server;
	uint8_t buffer[TSCF_PROBE_MAX];
	enum world_ask ask = w->waiting[i].ask;
	struct world_link *l = w->waiting[i].link;
	bool twice = s->reaction[ask] == WORLD_TWICE, refused = false;
	struct tscf_writer t, unsealed;
	struct tscf_message m;
	struct tscf_tlv tlv;

	ck_assert_int_eq(tscf_message_decode(w->waiting[i].data, w->waiting[i].length, &m), 0);
	tscf_write_begin(&t, buffer, sizeof(buffer), m.type + 1, tsid_of_answer(l, ask, &m), m.sequence);
	if (ask == WORLD_CHAIN && s->code[ask] == TSCF_RESPONSE_SUCCESS) {
		show_chain(s, &m, &t);
	} else if (asks_for_cookie(s, ask, &m)) {
		write_cookie(s, &t);
	} else if (refuses_proof(s, ask, &m, &t)) {
		refused = true;
	} else if (is_full(s, ask, &m)) {
		tscf_write_response(&t, TSCF_RESPONSE_LIMIT, "full");
	} else if (s->reaction[ask] != WORLD_WITHOUT) {
		tscf_write_response(&t, s->code[ask], s->text);
		if (s->code[ask] == TSCF_RESPONSE_SUCCESS)
			write_success(s, ask, &m, &t);
	}
	if (m.type == TSCF_KEEPALIVE_REQUEST && s->quiet)
		tscf_write_bytes(&t, TSCF_TLV_QUIET, NULL, 0);
	if (m.type == TSCF_KEEPALIVE_REQUEST && s->sockets_due)
		tscf_write_bytes(&t, TSCF_TLV_SOCKETS_DUE, NULL, 0);
	if (ask == WORLD_KEEPALIVE && s->entries_left)
		tscf_write_bytes(&t, TSCF_TLV_ENTRIES_LEFT, NULL, 0);
	if (m.type == TSCF_KEEPALIVE_REQUEST)
		tscf_write_pad(&t, w->waiting[i].length - (world_seal(w, m.tsid) ? TSCF_SEAL_SIZE : 0));
	w->waiting_count--;
	memmove(&w->waiting[i], &w->waiting[i + 1], (w->waiting_count - i) * sizeof(w->waiting[0]));
	if (ask == WORLD_CONFIGURE && tscf_message_find(&m, TSCF_TLV_CLIENT_ID, &tlv) && !asks_for_cookie(s, ask, &m) &&
	    (s->code[ask] == TSCF_RESPONSE_SUCCESS || s->code[ask] == TSCF_RESPONSE_ENROLLED) && !refused)
		prove(l, &m, &t);
	else if (ask == WORLD_CONFIGURE && s->proves_refusals)
		t.length = server_identity_refuse(s->identity, &m, NULL, &t);
	else
		ck_assert_int_gt(tscf_write_finish(&t), 0);
	unsealed = t;
	seal_message(w, &t);
	world_link_receive(l, buffer, t.length);
	if (!twice)
		return;
	/* The same answer, as the server has kept it. */
	t = unsealed;
	if (t.data[1] != TSCF_CONFIGURATION_RESPONSE)
		tscf_write_finish(&t);
	seal_message(w, &t);
	world_link_receive(l, buffer, t.length);
}

bool world_give_answers(struct client_world *w)
{
	bool given = false;

	for (unsigned i = 0; i < w->waiting_count;) {
		if (w->waiting[i].due && world_now() >= w->waiting[i].due_at) {
			answer_one(w, i);
			given = true;
			i = 0;
		} else {
			i++;
		}
	}
	return given;
}

void world_answer(struct client_world *w, enum world_ask ask)
{
	unsigned i = 0;

	while (i < w->waiting_count && w->waiting[i].ask != ask)
		i++;
	ck_assert_msg(i < w->waiting_count, "no request was kept");
	answer_one(w, i);
	world_turn(w);
}

void world_answer_all(struct client_world *w, bool backwards)
{
	unsigned left = w->waiting_count;

	while (left-- > 0)
		answer_one(w, backwards ? left : 0);
	world_turn(w);
}

void world_lose(struct client_world *w)
{
	w->waiting_count = 0;
}

/* --- what it says by itself --- */

void world_begin(struct world_link *l, struct tscf_writer *t, uint8_t *buffer, enum tscf_message_type type)
{
	const struct world_server *s = &l->world->server;
	bool encrypted = l->transport.ops->encrypted;

	tscf_write_begin(t, buffer, TSCF_PROBE_MAX, type, encrypted ? s->encrypted_tsid : s->tsid, 77);
}

void world_send(struct world_link *l, struct tscf_writer *t)
{
	ck_assert_int_gt(tscf_write_finish(t), 0);
	seal_message(l->world, t);
	world_link_receive(l, t->data, t->length);
	world_turn(l->world);
}

void world_send_misdirected(struct world_link *l, struct tscf_writer *t)
{
	struct client_world *w = l->world;

	ck_assert_int_gt(tscf_write_finish(t), 0);
	t->length = tscf_seal_close(world_seal(w, w->server.tsid), t->data, t->length);
	world_link_receive(l, t->data, t->length);
	world_turn(w);
}

bool world_bound_whole(struct client_world *w)
{
	struct tscf_binding_key key = {.protocol = 0};
	const struct tscf_binding *b;

	ck_assert_int_eq(tscf_addr_parse(WORLD_PLAIN, &key.local), 0);
	b = tscf_bindings_get(w->server.bound, &key);
	return b && tscf_level_wants_encryption(b->level);
}

static bool knows(struct tscf_bindings *table, uint16_t port)
{
	struct tscf_binding_key key = {.protocol = IPPROTO_UDP, .local_port = port};
	const struct tscf_binding *b;

	ck_assert_int_eq(tscf_addr_parse(WORLD_PLAIN, &key.local), 0);
	b = tscf_bindings_get(table, &key);
	return b && tscf_level_wants_encryption(b->level);
}

bool world_bound(struct client_world *w, uint16_t port)
{
	return knows(w->server.bound, port);
}

bool world_shielded(struct client_world *w, uint16_t port)
{
	return knows(w->server.shielded, port);
}

int world_redundancy(struct client_world *w, uint16_t port)
{
	struct tscf_binding_key key = {.protocol = IPPROTO_UDP, .local_port = port};
	const struct tscf_service_entry *e;

	ck_assert_int_eq(tscf_addr_parse(WORLD_PLAIN, &key.local), 0);
	e = tscf_services_get(w->server.services, &key);
	return e ? e->now.redundancy : -1;
}
