/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's half of the protocol, message by message. */
#include "runner.h"
#include "server_world.h"

#include "common/tls.h"
#include "tscf-server/context.h"

#include <netinet/in.h>
#include <string.h>

#define ACTIVE   ((int)TSCF_BINDING_ACTIVE)
#define RELEASED ((int)TSCF_BINDING_RELEASED)
#define SHIELD   ((int)TSCF_BINDING_SHIELD)
#define TOMB     ((int)TSCF_BINDING_TOMBSTONE)
#define NONE     (-1)

static struct world *w;
static struct world_client a, b;

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
}

static void teardown(void)
{
	world_free(w);
}

/** @return the state of the entry that decides on the flow, or NONE. */
static int state_of(const struct tscf_binding_key *key)
{
	const struct tscf_binding *found = tscf_bindings_find(w->state->bindings, key, w->now);

	return found ? (int)found->state : NONE;
}

static struct tscf_binding_key sip(const struct tscf_addr *local)
{
	return world_key(local, IPPROTO_UDP, 5060, NULL, 0);
}

static int bind_only(struct world_client *c, const struct tscf_binding_key *key)
{
	return world_bind(c, key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
}

static int bind_at(struct world_client *c, const struct tscf_binding_key *key, enum tscf_level level)
{
	return world_bind(c, key, TSCF_BIND_ACTION_BIND, level, 0);
}

static int request(struct world_client *c, enum tscf_message_type type, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(c, &writer, data, type, encrypted);
	tscf_write_pad(&writer, 64);
	return world_send(c, &writer, encrypted);
}

static bool has_tlv(uint16_t type)
{
	struct tscf_tlv tlv;

	return tscf_message_find(&w->reply, type, &tlv);
}

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
	ck_assert_uint_eq(server_pool_used(w->stock.plain_pools.first), 0);
	ck_assert_uint_eq(server_pool_used(w->stock.encrypted_pools.first), 0);
}
END_TEST

/* The largest answer there is. */
START_TEST(largest_configuration)
{
	struct server_settings *s = &w->state->settings;
	struct tscf_service_addrs got;

	s->keepalive_datagram = 20;
	for (s->route_count = 0; s->route_count < SERVER_ROUTES_MAX; s->route_count++)
		s->routes[s->route_count] = (struct tscf_prefix){.addr = world_addr("192.0.2.0"), .length = 24};
	for (unsigned i = 0; i < TSCF_SERVICE_ADDRS_MAX; i++)
		s->dns.addr[i] = s->sip_servers.addr[i] = world_addr("2001:db8::53");
	s->dns.count = s->sip_servers.count = TSCF_SERVICE_ADDRS_MAX;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	tscf_message_addrs(&w->reply, TSCF_TLV_DNS, &got);
	ck_assert_uint_eq(got.count, TSCF_SERVICE_ADDRS_MAX);
	ck_assert(tscf_addr_equal(&got.addr[TSCF_SERVICE_ADDRS_MAX - 1], &s->dns.addr[0]));
	tscf_message_addrs(&w->reply, TSCF_TLV_SIP_SERVER, &got);
	ck_assert_uint_eq(got.count, TSCF_SERVICE_ADDRS_MAX);
}
END_TEST

/* A repeated configuration request gets the same bytes and makes no second session. */
START_TEST(configuration_repeated)
{
	struct server_answer first;

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	first = w->answer;
	a.sequence--;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(first.length, w->answer.length);
	ck_assert_mem_eq(first.data, w->answer.data, first.length);
	ck_assert_uint_eq(w->interface->plain_count, 1);
	/* Also after other requests. */
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	a.sequence = first.data[15] - 1U;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_mem_eq(first.data, w->answer.data, first.length);
	ck_assert_uint_eq(w->interface->plain_count, 1);
}
END_TEST

/* A repeated reservation is answered with the same TSID, not executed again; a new one replaces the old. */
START_TEST(reservation_repeated)
{
	uint64_t first;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	first = a.encrypted_tsid;
	a.sequence--;
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(a.encrypted_tsid, first);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_ne(a.encrypted_tsid, first);
	ck_assert_uint_eq(w->interface->reserved_count, 1);
	a.encrypted_tsid = first;
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_RESERVATION);
}
END_TEST

/* A bind request that comes twice is executed once: what was closed in between stays closed. */
START_TEST(bind_repeated)
{
	struct tscf_binding_key key;
	uint32_t bind;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	bind = a.encrypted_sequence;
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	a.encrypted_sequence = bind - 1;
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), TOMB);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_REPEATED), 1);
}
END_TEST

/* The answer to a configuration request on the encrypted connection is repeated too, though the reservation is used up.
 */
START_TEST(encrypted_configuration_repeated)
{
	world_connect(&a);
	world_encrypt(&a);
	a.encrypted_sequence--;
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	/* Another one is an unexpected TSID, and ends the connection. */
	ck_assert_int_eq(world_configure_encrypted(&a, false), -1);
	ck_assert_ptr_null(world_encrypted(&a));
}
END_TEST

/** Ask for a plain tunnel on the encrypted connection. */
static int configure_inside(struct world_client *c)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int code;

	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, true);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	code = world_send(c, &writer, true);
	if (code == TSCF_RESPONSE_SUCCESS)
		c->encrypted_tsid = w->reply.tsid;
	return code;
}

/* Where no other port is open a plain tunnel goes inside an encrypted connection; it is a plain one all the same. */
START_TEST(plain_inside)
{
	struct server_session *s;

	world_handshake(&a);
	ck_assert_int_eq(configure_inside(&a), TSCF_RESPONSE_SUCCESS);
	s = a.connection->peer.user;
	ck_assert(s && !s->encrypted && !s->confirmed && s->tsid == a.encrypted_tsid);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 1);
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_REQUEST, true), -2);
	ck_assert(s->confirmed && s->lease->plain == s);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(!a.connection->open);
}
END_TEST

/* Refused, its connection is closed. */
START_TEST(plain_inside_refused)
{
	w->interface->max_plain = 1;
	world_connect(&b);
	world_handshake(&a);
	ck_assert_int_eq(configure_inside(&a), TSCF_RESPONSE_LIMIT);
	ck_assert(!a.connection->open);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
}
END_TEST

/* A request too small for its answer is refused, with an answer that is small enough. */
START_TEST(too_small)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	/* Many routes: the answer would be larger than 3 * 36. */
	for (unsigned i = 0; i < 50; i++)
		w->state->settings.routes[i] = w->state->settings.routes[0];
	w->state->settings.route_count = 50;
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_TOO_SMALL);
	ck_assert_uint_le(w->answer.length, 3 * 36);
	ck_assert_uint_eq(w->reply.tsid, TSCF_TSID_NONE);
	ck_assert_uint_eq(w->interface->plain_count, 0);
	ck_assert_uint_eq(server_pool_used(w->stock.plain_pools.first), 0);
}
END_TEST

/* No answer is ever more than three times its request, whatever is asked. */
/* A repeated request need not be as large as the one that was answered first. */
START_TEST(repeated_too_small)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	for (unsigned i = 0; i < 20; i++)
		w->state->settings.routes[i] = w->state->settings.routes[0];
	w->state->settings.route_count = 20;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_gt(w->answer.length, 3 * 36);
	a.sequence--;
	world_begin(&a, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	ck_assert_int_eq(world_send(&a, &writer, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNANSWERED), 1);
}
END_TEST

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
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_WRONG_TSID), 2);
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_nonnull(world_plain(&b));
	/* The right TSID from somewhere else is wrong too; if it is the client, it learns that it must resume. */
	world_client(w, &forged, 9, 1);
	forged.tsid = a.tsid;
	ck_assert_int_eq(request(&forged, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* Unless it is set: then the plain tunnel ends, but no encrypted one, and nobody else's. */
START_TEST(wrong_tsid_strict)
{
	world_connect(&a);
	world_encrypt(&a);
	world_connect(&b);
	w->interface->strict_tsid = true;
	struct world_client forged = a;

	forged.tsid = 4711;
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

/* A reservation is for once. */
START_TEST(reservation_once)
{
	struct world_client thief;

	world_connect(&a);
	world_encrypt(&a);
	thief = a;
	world_handshake(&thief);
	ck_assert_int_eq(world_configure_encrypted(&thief, false), TSCF_RESPONSE_RESERVATION);
	ck_assert(!thief.connection->open);
	ck_assert(a.connection->open);
	ck_assert_ptr_nonnull(world_encrypted(&a));
}
END_TEST

/* A reservation lasts ten seconds. */
START_TEST(reservation_expires)
{
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	w->now += SERVER_RESERVATION_MS;
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_RESERVATION);
	ck_assert(!a.connection->open);
	world_pass(w, 0);
	ck_assert_uint_eq(w->interface->reserved_count, 0);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	w->now += SERVER_RESERVATION_MS - 1;
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A wrong secret is refused, and does not use the reservation up for the client who knows it. */
START_TEST(reservation_wrong_secret)
{
	struct world_client thief;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	thief = a;
	thief.secret[0] ^= 1;
	world_handshake(&thief);
	ck_assert_int_eq(world_configure_encrypted(&thief, false), TSCF_RESPONSE_RESERVATION);
	ck_assert(!thief.connection->open);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* The right secret from another outer address is refused; another port is allowed (NAT). */
START_TEST(reservation_wrong_address)
{
	struct world_client thief;

	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	thief = a;
	thief.outer = b.outer;
	world_handshake(&thief);
	ck_assert_int_eq(world_configure_encrypted(&thief, false), TSCF_RESPONSE_RESERVATION);
	tscf_endpoint_set_port(&a.outer, 6000);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A reservation goes with the plain tunnel that made it. */
START_TEST(reservation_of_dead)
{
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, false), TSCF_RESPONSE_RESERVATION);
}
END_TEST

/* Without DTTE in assigned-services there is no encrypted tunnel; what counts is when the plain one was established. */
START_TEST(dtte_not_enabled)
{
	w->interface->services = SERVER_SERVICE_SIP;
	world_connect(&a);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	w->interface->services = SERVER_SERVICE_DTTE;
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SERVICE_UNAVAILABLE);
	world_connect(&b);
	w->interface->services = 0;
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* max-tunnels, also for what is not confirmed yet; a client that configures anew is no further one. */
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

START_TEST(no_address)
{
	server_pools_free(&w->stock.plain_pools);
	world_add_pool(&w->stock.plain_pools, "10.1.0.0/30");
	w->interface->max_plain = 0;
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	for (unsigned n = 0; n < 2; n++) {
		struct world_client *c = n == 0 ? &a : &b;

		world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, false);
		tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
		tscf_write_pad(&writer, 400);
		ck_assert_int_eq(world_send(c, &writer, false),
				 n == 0 ? TSCF_RESPONSE_SUCCESS : TSCF_RESPONSE_NO_ADDRESS);
	}
}
END_TEST

/* What is not confirmed in ten seconds goes; what is, stays. */
START_TEST(unconfirmed_expires)
{
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_connect(&b);
	world_pass(w, SERVER_CONFIRM_MS);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
	ck_assert_ptr_nonnull(world_plain(&b));
	world_handshake(&b);
	world_pass(w, SERVER_CONFIRM_MS);
	ck_assert(!b.connection->open);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
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

/* A configuration request at the outer address of a live session does not hurt it until its answer has been seen there.
 */
START_TEST(forged_configuration)
{
	struct world_client forged = a;

	world_connect(&a);
	tscf_random(forged.id, sizeof(forged.id));
	ck_assert_int_eq(world_configure(&forged, NULL, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_ne(forged.tsid, a.tsid);
	/* Data there is still the old session's. */
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_pass(w, SERVER_CONFIRM_MS);
	ck_assert_ptr_null(world_plain(&forged));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}
END_TEST

/* The proven new session takes the outer address over; a third that came before is forgotten. */
START_TEST(replaced)
{
	struct world_client second = a, third = a;

	world_connect(&a);
	tscf_random(second.id, sizeof(second.id));
	tscf_random(third.id, sizeof(third.id));
	ck_assert_int_eq(world_configure(&third, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_configure(&second, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_plain(&third));
	ck_assert_int_eq(world_keepalive(&second, false), 0);
	ck_assert_ptr_null(world_plain(&a));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&second));
	ck_assert_uint_eq(w->interface->plain_count, 1);
	ck_assert_int_eq(world_keepalive(&second, false), 0);
}
END_TEST

/* The old session may go before the new one is proven: the new one keeps the outer address. */
START_TEST(replaced_early)
{
	struct world_client second = a;

	world_connect(&a);
	tscf_random(second.id, sizeof(second.id));
	ck_assert_int_eq(world_configure(&second, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&second));
	ck_assert_int_eq(world_keepalive(&second, false), 0);
}
END_TEST

/** The address of @p family in the last answer; family 0: none is there. */
static struct tscf_addr given(int family)
{
	struct tscf_prefix p = {.length = 0};
	struct tscf_tlv tlv;

	if (tscf_message_find(&w->reply, family == AF_INET ? TSCF_TLV_INTERNAL_IPV4 : TSCF_TLV_INTERNAL_IPV6, &tlv))
		ck_assert_int_eq(tscf_tlv_prefix(&tlv, &p), 0);
	return p.addr;
}

/* One tunnel has an address of each family, which come and go together; bindings of both are its own. */
START_TEST(dual_stack)
{
	struct tscf_addr v4, v6, encrypted;
	struct tscf_binding_key key;
	struct server_lease *lease;

	world_connect(&b);
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	v4 = given(AF_INET);
	v6 = given(AF_INET6);
	lease = server_lease_find(&w->state->leases, &v4);
	ck_assert(lease && lease == server_lease_find(&w->state->leases, &v6));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_encrypt(&a);
	encrypted = given(AF_INET6);
	ck_assert(encrypted.family == AF_INET6 && !tscf_addr_equal(&encrypted, &v6));
	key = sip(&v6);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	key = sip(&v4);
	ck_assert_int_eq(state_of(&key), NONE);
	/* The wish for either of them brings both back. */
	world_disconnect(&a);
	a.family = AF_INET6;
	ck_assert_int_eq(world_configure(&a, &v6, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_eq(server_lease_find(&w->state->leases, &v4), lease);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(server_lease_find(&w->state->leases, &v4));
	ck_assert_ptr_null(server_lease_find(&w->state->leases, &v6));
}
END_TEST

/* One family is enough; where there are two and one is used up, there is no tunnel, and nothing is kept. */
START_TEST(one_family)
{
	server_pools_free(&w->stock.plain_pools);
	world_add_pool(&w->stock.plain_pools, "2001:db8:9::/64");
	a.family = AF_INET6;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(given(AF_INET).family, 0);
	ck_assert_int_eq(given(AF_INET6).family, AF_INET6);
	world_add_pool(&w->stock.plain_pools, "10.9.0.0/30");
	b.family = AF_INET6;
	ck_assert_int_eq(world_configure(&b, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_NO_ADDRESS);
	ck_assert_uint_eq(server_pool_used(w->stock.plain_pools.first), 1);
}
END_TEST

/* A client that configures anew, from another port too, has its address again; nobody else can wish for it. */
START_TEST(address_again)
{
	struct tscf_addr had;
	struct world_client c;

	world_connect(&a);
	had = a.plain;
	struct world_client old = a;

	tscf_endpoint_set_port(&a.outer, 5001);
	ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.plain, &had));
	/* Until it is confirmed the address is the old one's. */
	ck_assert_ptr_eq(server_lease_find(&w->state->leases, &had)->plain, world_plain(&old));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_ptr_null(world_plain(&old));
	ck_assert_ptr_null(world_peer_at(w, &old.outer));
	/* Another client at the same outer address. */
	world_client(w, &c, 1, 6000);
	ck_assert_int_eq(world_configure(&c, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&c.plain, &had));
	/* The same identifier from another outer address. */
	world_client(w, &c, 3, 6000);
	memcpy(c.id, a.id, sizeof(c.id));
	ck_assert_int_eq(world_configure(&c, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&c.plain, &had));
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* A client that tried several ways releases those it does not want: the one that it has keeps its address. */
START_TEST(successor_not_wanted)
{
	world_connect(&a);
	struct world_client unwanted = a;

	tscf_endpoint_set_port(&unwanted.outer, 5001);
	ck_assert_int_eq(world_configure(&unwanted, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&unwanted.plain, &a.plain));
	ck_assert_int_eq(request(&unwanted, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_null(world_plain(&unwanted));
	ck_assert_ptr_eq(server_lease_find(&w->state->leases, &a.plain)->plain, world_plain(&a));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}
END_TEST

/* The secret that came on the encrypted tunnel lets its client replace it: bindings and address stay. */
START_TEST(encrypted_replaced)
{
	struct world_client old;
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	old = a;
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.encrypted, &old.encrypted));
	ck_assert(!old.connection->open);
	ck_assert_ptr_null(world_encrypted(&old));
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_encrypted(&a));
	ck_assert_uint_eq(w->interface->encrypted_count, 1);
	ck_assert_mem_ne(a.resume_secret, old.resume_secret, sizeof(a.resume_secret));
}
END_TEST

/* Rule 2: whoever can read and forge the plain tunnel can reserve in the client's name, but not take its encrypted
 * tunnel's place. */
START_TEST(encrypted_not_hijacked)
{
	struct world_client thief;
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	thief = a;
	tscf_random(thief.secret, sizeof(thief.secret));
	memset(thief.resume_secret, 0, sizeof(thief.resume_secret));
	ck_assert_int_eq(world_reserve(&thief), TSCF_RESPONSE_SUCCESS);
	world_handshake(&thief);
	ck_assert_int_eq(world_configure_encrypted(&thief, true), TSCF_RESPONSE_RESERVATION);
	ck_assert(!thief.connection->open);
	/* The server asks the true one, which answers, and stays. */
	ck_assert_uint_eq(a.connection->sent, 1);
	ck_assert_uint_eq(a.connection->last[1], TSCF_KEEPALIVE_REQUEST);
	world_pass(w, 100);
	ck_assert_int_eq(request(&a, TSCF_KEEPALIVE_RESPONSE, true), -1);
	world_pass(w, SERVER_PROBE_MS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_encrypted(&a));
}
END_TEST

/* A client that has lost its secret with its connection gets another one as soon as the old is found dead. */
START_TEST(encrypted_dead)
{
	struct world_client again;

	world_connect(&a);
	world_encrypt(&a);
	again = a;
	ck_assert_int_eq(world_reserve(&again), TSCF_RESPONSE_SUCCESS);
	world_handshake(&again);
	ck_assert_int_eq(world_configure_encrypted(&again, false), TSCF_RESPONSE_RESERVATION);
	world_pass(w, SERVER_PROBE_MS);
	ck_assert_ptr_null(world_encrypted(&a));
	world_encrypt(&again);
}
END_TEST

/* Rule 2: a released plain tunnel ends no encrypted one; its address is kept and comes back to its client. */
START_TEST(plain_released)
{
	struct world_client c;
	struct tscf_addr had;
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	had = a.plain;
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_ptr_nonnull(world_encrypted(&a));
	ck_assert_int_eq(state_of(&key), ACTIVE);
	world_pass(w, TSCF_TOMBSTONE_MS);
	ck_assert_int_eq(world_configure(&b, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&b.plain, &had));
	c = a;
	ck_assert_int_eq(world_configure(&c, &had, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&c.plain, &had));
	ck_assert_int_eq(world_keepalive(&c, false), 0);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_ptr_nonnull(world_encrypted(&a));
}
END_TEST

/* Release of the encrypted tunnel: encrypted-only becomes a shield, preferred goes, an exception stays with its shield.
 */
START_TEST(encrypted_released)
{
	struct tscf_binding_key all, only, preferred, exception;

	world_connect(&a);
	world_encrypt(&a);
	only = sip(&a.plain);
	preferred = world_key(&a.plain, IPPROTO_UDP, 4000, NULL, 0);
	all = world_key(&a.plain, IPPROTO_TCP, 0, NULL, 0);
	exception = world_key(&a.plain, IPPROTO_TCP, 80, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &only), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_only(&a, &all), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &preferred, TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &exception, TSCF_LEVEL_UNENCRYPTED), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&only), SHIELD);
	ck_assert_int_eq(state_of(&all), SHIELD);
	ck_assert_int_eq(state_of(&preferred), NONE);
	ck_assert_int_eq(state_of(&exception), ACTIVE);
	/* The exception ends when the client shields that socket. */
	ck_assert_int_eq(world_shield(&a, &exception, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&exception), SHIELD);
	/* Shields go with the plain tunnel, and drop for a minute more. */
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&only), TOMB);
	ck_assert_int_eq(state_of(&exception), TOMB);
	world_pass(w, TSCF_TOMBSTONE_MS);
	ck_assert_int_eq(state_of(&only), NONE);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

/* The same when the connection is lost; without a plain tunnel what was encrypted-only is a tombstone. */
START_TEST(encrypted_lost)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	ck_assert_int_eq(state_of(&key), SHIELD);
	world_encrypt(&a);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	world_disconnect(&a);
	ck_assert_int_eq(state_of(&key), TOMB);
	ck_assert_uint_eq(server_pool_used(w->stock.plain_pools.first), 0);
}
END_TEST

/* Shields: only for the session's own address, only forbidding, and only where nothing is bound. */
START_TEST(shields)
{
	struct tscf_binding_key key, other, flow;

	world_connect(&a);
	world_connect(&b);
	key = sip(&a.plain);
	other = sip(&b.plain);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), SHIELD);
	ck_assert_int_eq(world_shield(&a, &other, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&other), NONE);
	/* A binding that arrives encrypted ends the shield; a shield does not end a binding, nor undermine it with a
	 * narrower one. */
	world_encrypt(&a);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&key), ACTIVE);
	flow = world_key(&a.plain, IPPROTO_UDP, 5060, "192.0.2.1", 5060);
	ck_assert_int_eq(world_shield(&a, &flow, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&flow), ACTIVE);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 1);
}
END_TEST

/** An unshield request for @p key that shows the key @p show and brings the lock of @p next. */
static int unshield(const struct tscf_binding_key *key, uint8_t show, uint8_t next)
{
	struct tscf_wire_binding wire = {.key = *key, .action = TSCF_BIND_ACTION_RELEASE, .level = TSCF_LEVEL_UNENCRYPTED};
	uint8_t data[TSCF_MESSAGE_MAX], secret[32], lock[32];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_UNSHIELD);
	memset(secret, show, sizeof(secret));
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_KEY, secret, sizeof(secret));
	memset(secret, next, sizeof(secret));
	tscf_sha256(secret, sizeof(secret), lock);
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
	tscf_write_binding(&writer, &wire);
	return world_send(&a, &writer, false);
}

/** A shield or bind request with the lock of @p secret. */
static int send_lock(enum tscf_service service, uint8_t secret, bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], bytes[32], lock[32];
	struct tscf_writer writer;

	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, encrypted);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, service);
	memset(bytes, secret, sizeof(bytes));
	tscf_sha256(bytes, sizeof(bytes), lock);
	tscf_write_bytes(&writer, TSCF_TLV_SHIELD_LOCK, lock, sizeof(lock));
	return world_send(&a, &writer, encrypted);
}

/* A shield is lifted on the plain tunnel only with the key of its lock, and each key opens once. */
/* Whoever takes over a plain tunnel, as anybody can who has read its CLIENT_ID, does not get rid of the shields by waiting. */
START_TEST(shields_are_inherited)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = sip(&a.plain);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	/* From another port, then from the same one. */
	tscf_endpoint_set_port(&a.outer, 5001);
	for (unsigned i = 0; i < 2; i++) {
		struct tscf_addr had = a.plain;

		ck_assert_int_eq(world_configure(&a, &had, false), TSCF_RESPONSE_SUCCESS);
		ck_assert_int_eq(world_keepalive(&a, false), 0);
		ck_assert_int_eq(state_of(&key), SHIELD);
		ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_plain(&a));
		world_pass(w, TSCF_TOMBSTONE_MS + 1000);
		ck_assert_int_eq(state_of(&key), SHIELD);
	}
	ck_assert_uint_eq(world_plain(&a)->bindings.count, 1);
}
END_TEST

START_TEST(shields_are_locked)
{
	struct tscf_binding_key key;

	world_connect(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 1, false), TSCF_RESPONSE_SUCCESS);
	/* A second lock that comes in clear is somebody else's. */
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 9, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 9, 9), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_SHIELD);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_RELEASED);
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_NOT_ALLOWED);
	/* What comes encrypted is the client's own word. */
	world_encrypt(&a);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_BIND, 5, true), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(unshield(&key, 2, 3), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(unshield(&key, 5, 6), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* A bind request that was overtaken by the release or the end of the same socket changes nothing. */
START_TEST(overtaken_requests)
{
	struct tscf_binding_key key;
	uint32_t sequence;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	sequence = a.encrypted_sequence;
	a.encrypted_sequence = sequence + 5;
	world_bind(&a, &key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	a.encrypted_sequence = sequence;
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_RELEASED);
	a.encrypted_sequence = sequence + 10;
	world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	a.encrypted_sequence = sequence + 6;
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_TOMBSTONE);
	a.encrypted_sequence = sequence + 11;
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_ACTIVE);
}
END_TEST

/* A lock opens shields, and nothing else: neither a binding nor a tombstone. */
START_TEST(unshield_lifts_shields_only)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(send_lock(TSCF_SERVICE_SHIELD, 1, false), TSCF_RESPONSE_SUCCESS);
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(unshield(&key, 1, 2), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_ACTIVE);
	world_bind(&a, &key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
	ck_assert_int_eq(unshield(&key, 2, 3), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &key)->state, TSCF_BINDING_TOMBSTONE);
}
END_TEST

/* QUIET holds until the shields are complete; a refused shield request does not complete them. */
START_TEST(quiet)
{
	struct tscf_binding_key key, other;

	ck_assert_int_eq(world_configure(&a, NULL, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(world_plain(&a)->quiet);
	key = sip(&a.plain);
	other = sip(&a.plain);
	other.local.bytes[3]++;
	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(world_plain(&a)->quiet);
	ck_assert_int_eq(world_shield(&a, &other, true), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert(world_plain(&a)->quiet);
	ck_assert_int_eq(world_shield(&a, NULL, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(!world_plain(&a)->quiet);
}
END_TEST

/* Each service belongs to one kind of tunnel: on the plain one nothing binds or releases. */
START_TEST(wrong_tunnel)
{
	struct tscf_wire_binding wire = {.action = TSCF_BIND_ACTION_RELEASE, .level = TSCF_LEVEL_UNENCRYPTED};
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	world_connect(&a);
	world_encrypt(&a);
	wire.key = sip(&a.plain);
	ck_assert_int_eq(bind_only(&a, &wire.key), TSCF_RESPONSE_SUCCESS);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_BIND);
	tscf_write_binding(&writer, &wire);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	/* A shield request that says "release". */
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SHIELD);
	tscf_write_binding(&writer, &wire);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, true);
	tscf_write_u16(&writer, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_SHIELD);
	ck_assert_int_eq(world_send(&a, &writer, true), TSCF_RESPONSE_NOT_ALLOWED);
	world_begin(&a, &writer, data, TSCF_SERVICE_REQUEST, false);
	ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
}
END_TEST

/* An encrypted tunnel binds for its own plain partner, and for nobody else. */
START_TEST(bind_others)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_connect(&b);
	world_encrypt(&a);
	key = sip(&b.plain);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(state_of(&key), NONE);
	key = sip(&a.encrypted);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* Keys that no packet would match, and the default level, are refused. */
START_TEST(bind_nonsense)
{
	struct tscf_binding_key key;

	world_connect(&a);
	world_encrypt(&a);
	key = world_key(&a.plain, 0, 5060, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, 0, 0, "192.0.2.1", 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, IPPROTO_UDP, 0, "192.0.2.1", 5060);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_MALFORMED);
	key = sip(&a.plain);
	ck_assert_int_eq(bind_at(&a, &key, TSCF_LEVEL_DEFAULT), TSCF_RESPONSE_MALFORMED);
	key = world_key(&a.plain, IPPROTO_ICMP, 0, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	key = world_key(&a.plain, 0, 0, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
}
END_TEST

/* The MOVED flag gives grace to what was plain, never to what was forbidden in clear. */
START_TEST(grace)
{
	struct tscf_binding_key key, shielded;
	struct tscf_binding *found;

	world_connect(&a);
	key = sip(&a.plain);
	shielded = world_key(&a.plain, IPPROTO_UDP, 4000, NULL, 0);
	ck_assert_int_eq(world_shield(&a, &shielded, false), TSCF_RESPONSE_SUCCESS);
	world_encrypt(&a);
	world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	world_bind(&a, &shielded, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	found = tscf_bindings_get(w->state->bindings, &key);
	ck_assert_uint_eq(found->grace_until, w->now + TSCF_MOVE_GRACE_MS);
	found = tscf_bindings_get(w->state->bindings, &shielded);
	ck_assert_uint_eq(found->grace_until, 0);
}
END_TEST

/* Released: plain from now on.  Closing an exception only removes it. */
START_TEST(release_and_close)
{
	struct tscf_binding_key key, exception;

	world_connect(&a);
	world_encrypt(&a);
	key = sip(&a.plain);
	exception = world_key(&a.plain, IPPROTO_TCP, 80, NULL, 0);
	ck_assert_int_eq(bind_only(&a, &key), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_at(&a, &exception, TSCF_LEVEL_UNENCRYPTED), TSCF_RESPONSE_SUCCESS);
	world_bind(&a, &key, TSCF_BIND_ACTION_RELEASE, TSCF_LEVEL_UNENCRYPTED, 0);
	world_bind(&a, &exception, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_UNENCRYPTED, 0);
	ck_assert_int_eq(state_of(&key), RELEASED);
	ck_assert_int_eq(state_of(&exception), NONE);
	world_pass(w, TSCF_RELEASED_MS);
	ck_assert_int_eq(state_of(&key), NONE);
	ck_assert_uint_eq(world_encrypted(&a)->bindings.count, 0);
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
	ck_assert_int_eq(state_of(&wire.key), NONE);
	wire.key.local_port = 50000;
	ck_assert_int_eq(state_of(&wire.key), ACTIVE);
	/* What is bound may be changed; and closed, but not more than so many in a minute. */
	ck_assert_int_eq(bind_at(&a, &wire.key, TSCF_LEVEL_ENCRYPTED_PREFERRED), TSCF_RESPONSE_SUCCESS);
	s->burials = SERVER_BINDINGS_MAX;
	ck_assert_int_eq(world_bind(&a, &wire.key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_LIMIT);
	w->now += TSCF_TOMBSTONE_MS;
	ck_assert_int_eq(world_bind(&a, &wire.key, TSCF_BIND_ACTION_CLOSE, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
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
}
END_TEST

/* --- resume --- */

/** Ask to resume, with @p key, the lock of @p next, and @p sequence; perhaps on the encrypted connection. */
static int resume_by(struct world_client *c, const uint8_t key[32], const uint8_t next[32], uint32_t sequence,
		     bool encrypted)
{
	uint8_t data[TSCF_MESSAGE_MAX], lock[32];
	struct tscf_writer writer;

	tscf_sha256(next, 32, lock);
	tscf_write_begin(&writer, data, sizeof(data), TSCF_RESUME_REQUEST, c->tsid, sequence);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_KEY, key, 32);
	tscf_write_bytes(&writer, TSCF_TLV_RESUME_LOCK, lock, 32);
	return world_send(c, &writer, encrypted);
}

static int resume_with(struct world_client *c, const uint8_t key[32], const uint8_t next[32], uint32_t sequence)
{
	return resume_by(c, key, next, sequence, false);
}

/** Show @p cookie in a keepalive request. */
static int prove(struct world_client *c, const uint8_t cookie[SERVER_RESUME_COOKIE_SIZE])
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;
	int code;

	world_begin(c, &writer, data, TSCF_KEEPALIVE_REQUEST, false);
	tscf_write_bytes(&writer, TSCF_TLV_COOKIE, cookie, SERVER_RESUME_COOKIE_SIZE);
	code = world_send(c, &writer, false);
	return code == -2 ? 0 : code;
}

static void take_cookie(uint8_t cookie[SERVER_RESUME_COOKIE_SIZE])
{
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_uint_eq(tlv.length, SERVER_RESUME_COOKIE_SIZE);
	memcpy(cookie, tlv.value, SERVER_RESUME_COOKIE_SIZE);
}

static void at_port(struct world_client *c, unsigned host, uint16_t port)
{
	uint8_t bytes[4] = {198, 51, 100, (uint8_t)host};
	struct tscf_addr addr = tscf_addr_v4(bytes);

	tscf_endpoint_make(&addr, port, &c->outer);
}

static const uint8_t key_1[32] = {1}, key_2[32] = {2}, key_3[32] = {3};

/* The client is given a lock with its configuration. */
static void connect_with_lock(struct world_client *c)
{
	memcpy(c->resume_key, key_1, sizeof(key_1));
	world_connect(c);
}

START_TEST(resume_moves)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	world_encrypt(&a);
	before = a.outer;
	at_port(&a, 77, 7777);
	/* Keepalives from there are told that no session is there. */
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(w->reply.type, TSCF_RESUME_RESPONSE);
	ck_assert_uint_eq(w->reply.tsid, a.tsid);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_OBSERVED_ADDRESS, &tlv));
	take_cookie(cookie);
	/* Not before the address is proven. */
	ck_assert_ptr_nonnull(world_peer_at(w, &before));
	ck_assert_ptr_null(world_peer_at(w, &a.outer));
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_ptr_null(world_peer_at(w, &before));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert(tscf_endpoint_equal(&world_plain(&a)->outer, &a.outer));
	ck_assert_ptr_eq(world_plain(&a)->lease->encrypted_session, world_encrypted(&a));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_PLAIN_RESUMED), 1);
	ck_assert_uint_eq(w->interface->plain_count, 1);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	/* And on, with the next key. */
	at_port(&a, 78, 7777);
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert(tscf_endpoint_equal(&world_plain(&a)->outer, &a.outer));
}
END_TEST

/* Between two workers it is nowhere for a moment: its client must not hear that it has gone. */
START_TEST(resume_under_way)
{
	struct server_worker worker = {.index = 0};

	connect_with_lock(&a);
	at_port(&a, 77, 7777);
	worker.journeys[3] = (struct server_journey){.tsid = a.tsid, .until = w->now + 100};
	w->interface->worker = &worker;
	ck_assert_int_eq(world_keepalive(&a, false), -1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_CONTROL_UNANSWERED), 1);
	w->now += 100;
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	w->interface->worker = NULL;
}
END_TEST

/* From UDP to a stream, from a lost stream to another, and back; a connection that has a tunnel takes no other. */
START_TEST(resume_on_a_stream)
{
	static const uint8_t keys[][32] = {{1}, {2}, {3}, {4}};
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	before = a.outer;
	for (unsigned i = 0; i < 3; i++) {
		at_port(&a, 77 + i, 7777);
		if (i == 1)
			world_hang_up(&a);
		if (i == 2)
			a.stream = NULL;
		else
			world_dial(&a);
		ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
		ck_assert_int_eq(resume_with(&a, keys[i], keys[i + 1], 900 + i), TSCF_RESPONSE_SUCCESS);
		/* Who has a connection has an address: there is nothing more to prove. */
		if (a.stream) {
			ck_assert(!tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
			/* Asked again it is where it is, and the key is still the next one. */
			ck_assert_int_eq(resume_with(&a, keys[i], keys[i + 1], 950 + i), TSCF_RESPONSE_SUCCESS);
		} else {
			take_cookie(cookie);
			ck_assert_int_eq(prove(&a, cookie), 0);
		}
		ck_assert_ptr_null(world_peer_at(w, &before));
		ck_assert_int_eq(world_keepalive(&a, false), 0);
		ck_assert_ptr_nonnull(world_plain(&a)->peer);
		ck_assert_ptr_eq(world_plain(&a)->listener->transport, world_plain(&a)->peer->transport);
	}
	world_dial(&b);
	world_connect(&b);
	b.tsid = a.tsid;
	ck_assert_int_eq(resume_with(&b, key_3, key_1, 903), -1);
	ck_assert(!b.stream->open);
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/** @return the KEEPALIVE of the last answer, or 0. */
static unsigned keepalive_told(void)
{
	uint16_t seconds = 0;
	struct tscf_tlv tlv;

	if (tscf_message_find(&w->reply, TSCF_TLV_KEEPALIVE, &tlv))
		ck_assert_int_eq(tscf_tlv_u16(&tlv, &seconds), 0);
	return seconds;
}

/* Each tunnel is told the timer of the transport that it is on, also when it goes on by another one. */
START_TEST(keepalive_timers)
{
	struct world_client c;

	w->state->settings.keepalive_stream = 300;
	w->state->settings.keepalive_datagram = 20;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 20);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	world_dial(&b);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 300);
	ck_assert_int_eq(world_keepalive(&b, false), 0);
	/* The encrypted partner of a tunnel on a stream is on datagrams here. */
	ck_assert_int_eq(world_reserve(&b), TSCF_RESPONSE_SUCCESS);
	world_handshake(&b);
	ck_assert_int_eq(world_configure_encrypted(&b, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 20);
	w->state->settings.keepalive_datagram = 0;
	world_client(w, &c, 3, 3000);
	connect_with_lock(&c);
	at_port(&c, 77, 7777);
	world_dial(&c);
	ck_assert_int_eq(resume_with(&c, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(keepalive_told(), 300);
	ck_assert(has_tlv(TSCF_TLV_PERSISTENCE));
	c.stream = NULL;
	at_port(&c, 78, 7777);
	ck_assert_int_eq(resume_with(&c, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	ck_assert(!has_tlv(TSCF_TLV_KEEPALIVE));
}
END_TEST

/* Inside a connection that has no tunnel, where the key is demanded as well. */
START_TEST(resume_inside)
{
	struct server_session *accepted;
	union tscf_endpoint before;
	struct tscf_tlv tlv;

	connect_with_lock(&a);
	before = a.outer;
	at_port(&a, 77, 7777);
	world_handshake(&a);
	accepted = a.connection->peer.user;
	ck_assert_ptr_eq(server_session_accepted(&w->state->sessions, accepted->serial), accepted);
	ck_assert_ptr_null(server_session_accepted(&w->state->sessions, accepted->serial + 1));
	ck_assert_int_eq(resume_by(&a, key_2, key_3, 900, true), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_ptr_eq(a.connection->peer.user, accepted);
	ck_assert_ptr_nonnull(world_peer_at(w, &before));
	ck_assert_int_eq(resume_by(&a, key_1, key_2, 901, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv));
	ck_assert_ptr_null(world_peer_at(w, &before));
	ck_assert_ptr_eq(a.connection->peer.user, world_plain(&a));
	ck_assert_ptr_eq(world_plain(&a)->listener->transport, &w->encrypted);
	ck_assert_uint_eq(w->interface->unconfirmed_count, 0);
	ck_assert(a.connection->open);
	/* An answer that was lost. */
	ck_assert_int_eq(resume_by(&a, key_1, key_2, 901, true), TSCF_RESPONSE_SUCCESS);
	/* A connection that has an encrypted tunnel is the place of no other, whatever key is shown there. */
	world_connect(&b);
	world_encrypt(&b);
	b.tsid = a.tsid;
	ck_assert_int_eq(resume_by(&b, key_2, key_3, 902, true), -1);
	ck_assert(!b.connection->open);
	ck_assert_ptr_eq(a.connection->peer.user, world_plain(&a));
}
END_TEST

/* An answer that was lost: the same request from the same place has the same answer, and no other has any. */
START_TEST(resume_repeated)
{
	uint8_t first[SERVER_RESUME_COOKIE_SIZE], again[SERVER_RESUME_COOKIE_SIZE];

	connect_with_lock(&a);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(first);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(again);
	ck_assert_mem_eq(first, again, sizeof(first));
	/* Somebody who has listened. */
	at_port(&a, 66, 6666);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(resume_with(&a, key_1, key_3, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(prove(&a, first), TSCF_RESPONSE_NO_SESSION);
	/* The client itself, which has moved on before the answer came, has the next key. */
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 901), TSCF_RESPONSE_SUCCESS);
	take_cookie(again);
	ck_assert_mem_ne(first, again, sizeof(first));
	ck_assert_int_eq(prove(&a, again), 0);
	/* Used up. */
	ck_assert_int_eq(prove(&a, again), 0);
	at_port(&a, 67, 6666);
	ck_assert_int_eq(prove(&a, again), TSCF_RESPONSE_NO_SESSION);
}
END_TEST

START_TEST(resume_refused)
{
	struct world_client stranger;

	connect_with_lock(&a);
	world_connect(&b);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_2, key_3, 900), TSCF_RESPONSE_NOT_ALLOWED);
	ck_assert_int_eq(request(&a, TSCF_RESUME_REQUEST, false), TSCF_RESPONSE_MALFORMED);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_RESUME), 2);
	/* Without a lock there is nothing that opens it. */
	ck_assert_int_eq(resume_with(&b, key_1, key_2, 900), TSCF_RESPONSE_NOT_ALLOWED);
	/* Nobody's TSID, that of an encrypted tunnel, and that of a tunnel which is not confirmed. */
	stranger = a;
	stranger.tsid = 4711;
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
	world_encrypt(&b);
	stranger.tsid = b.encrypted_tsid;
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
	world_client(w, &stranger, 9, 1);
	memcpy(stranger.resume_key, key_1, sizeof(key_1));
	ck_assert_int_eq(world_configure(&stranger, NULL, false), TSCF_RESPONSE_SUCCESS);
	at_port(&stranger, 10, 1);
	ck_assert_int_eq(resume_with(&stranger, key_1, key_2, 900), TSCF_RESPONSE_NO_SESSION);
}
END_TEST

/* Address translators give ports again: who lives at the proven address, and who waits there, has lost it. */
START_TEST(resume_displaces)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct world_client waiting;

	connect_with_lock(&a);
	world_connect(&b);
	waiting = b;
	tscf_random(waiting.id, sizeof(waiting.id));
	ck_assert_int_eq(world_configure(&waiting, NULL, false), TSCF_RESPONSE_SUCCESS);
	a.outer = b.outer;
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_ptr_nonnull(world_plain(&b));
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_ptr_null(world_plain(&b));
	ck_assert_ptr_null(world_plain(&waiting));
	ck_assert_ptr_eq(world_peer_at(w, &a.outer)->peer.user, world_plain(&a));
	ck_assert_uint_eq(w->interface->plain_count, 1);
}
END_TEST

/* Who waits where the session was gets the place. */
START_TEST(resume_leaves_place)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct world_client waiting;

	connect_with_lock(&a);
	waiting = a;
	tscf_random(waiting.id, sizeof(waiting.id));
	ck_assert_int_eq(world_configure(&waiting, NULL, false), TSCF_RESPONSE_SUCCESS);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	ck_assert_int_eq(world_keepalive(&waiting, false), 0);
	ck_assert_ptr_eq(world_peer_at(w, &waiting.outer)->peer.user, world_plain(&waiting));
	ck_assert_ptr_nonnull(world_plain(&a));
}
END_TEST

/* The encrypted tunnel is opened anew from the new address, and takes the place of the old one. */
START_TEST(resume_encrypted)
{
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
	struct tscf_binding_key key;
	struct tscf_addr encrypted;

	connect_with_lock(&a);
	world_encrypt(&a);
	encrypted = a.encrypted;
	key = world_key(&a.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0), TSCF_RESPONSE_SUCCESS);
	/* What was reserved from the old address does not serve at the new one. */
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	at_port(&a, 77, 7777);
	ck_assert_int_eq(resume_with(&a, key_1, key_2, 900), TSCF_RESPONSE_SUCCESS);
	take_cookie(cookie);
	ck_assert_int_eq(prove(&a, cookie), 0);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_RESERVATION);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted(&a, true), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.encrypted, &encrypted));
	ck_assert_ptr_eq(tscf_bindings_get(w->state->bindings, &key)->owner, world_encrypted(&a));
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

/* A plain tunnel on a stream is set up as over UDP; answers need not be short, as the source is proven. */
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
	ck_assert_uint_gt(w->answer.length, 3 * 36);
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

/* On a connection nobody else can have sent what has a wrong TSID, or asks for another configuration. */
START_TEST(stream_wrong)
{
	uint64_t tsid;

	world_dial(&a);
	world_connect(&a);
	tsid = a.tsid;
	a.tsid++;
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

/* Without a session a request is answered as over UDP. */
START_TEST(stream_no_session)
{
	world_dial(&a);
	a.tsid = 77;
	ck_assert_int_eq(world_keepalive(&a, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert(a.stream->open);
}
END_TEST

/* The connection is lost: nothing is sent, the address stays, and the client has it again by configuring anew. */
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

static TCase *configuration_case(void)
{
	TCase *t = tcase_create("configuration");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole_sequence);
	tcase_add_test(t, largest_configuration);
	tcase_add_test(t, configuration_repeated);
	tcase_add_test(t, plain_inside);
	tcase_add_test(t, plain_inside_refused);
	tcase_add_test(t, too_small);
	tcase_add_test(t, repeated_too_small);
	tcase_add_test(t, amplification);
	tcase_add_test(t, malformed);
	tcase_add_test(t, wrong_tsid_plain);
	tcase_add_test(t, wrong_tsid_strict);
	tcase_add_test(t, no_session);
	tcase_add_test(t, wrong_tsid_encrypted);
	tcase_add_test(t, dtte_not_enabled);
	tcase_add_test(t, no_address);
	tcase_add_test(t, unconfirmed_expires);
	tcase_add_test(t, persistence);
	tcase_add_test(t, forged_configuration);
	tcase_add_test(t, replaced);
	tcase_add_test(t, replaced_early);
	tcase_add_test(t, dual_stack);
	tcase_add_test(t, one_family);
	tcase_add_test(t, address_again);
	tcase_add_test(t, successor_not_wanted);
	tcase_add_test(t, resume_moves);
	tcase_add_test(t, resume_under_way);
	tcase_add_test(t, resume_on_a_stream);
	tcase_add_test(t, keepalive_timers);
	tcase_add_test(t, resume_inside);
	tcase_add_test(t, resume_repeated);
	tcase_add_test(t, resume_refused);
	tcase_add_test(t, resume_displaces);
	tcase_add_test(t, resume_leaves_place);
	tcase_add_test(t, resume_encrypted);
	tcase_add_test(t, stream_tunnel);
	tcase_add_test(t, stream_wrong);
	tcase_add_test(t, stream_no_session);
	tcase_add_test(t, stream_lost);
	tcase_add_loop_test(t, stream_lost_for_good, 0, 2);
	tcase_add_test(t, stream_unconfirmed);
	tcase_add_test(t, shutdown_message);
	return t;
}

static TCase *reservation_case(void)
{
	TCase *t = tcase_create("reservation");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reservation_repeated);
	tcase_add_test(t, reservation_once);
	tcase_add_test(t, reservation_expires);
	tcase_add_test(t, reservation_wrong_secret);
	tcase_add_test(t, reservation_wrong_address);
	tcase_add_test(t, reservation_of_dead);
	tcase_add_test(t, encrypted_configuration_repeated);
	tcase_add_test(t, encrypted_replaced);
	tcase_add_test(t, encrypted_not_hijacked);
	tcase_add_test(t, encrypted_dead);
	return t;
}

static TCase *limits_case(void)
{
	TCase *t = tcase_create("limits");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, limit_plain);
	tcase_add_test(t, limit_unconfirmed);
	tcase_add_test(t, limit_per_source);
	tcase_add_test(t, limit_per_ipv6_source);
	tcase_add_test(t, limit_encrypted);
	tcase_add_test(t, limit_bindings);
	tcase_add_test(t, limit_shields);
	return t;
}

static TCase *bindings_case(void)
{
	TCase *t = tcase_create("bindings");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bind_repeated);
	tcase_add_test(t, plain_released);
	tcase_add_test(t, encrypted_released);
	tcase_add_test(t, encrypted_lost);
	tcase_add_test(t, shields);
	tcase_add_test(t, shields_are_inherited);
	tcase_add_test(t, shields_are_locked);
	tcase_add_test(t, unshield_lifts_shields_only);
	tcase_add_test(t, overtaken_requests);
	tcase_add_test(t, quiet);
	tcase_add_test(t, wrong_tunnel);
	tcase_add_test(t, bind_others);
	tcase_add_test(t, bind_nonsense);
	tcase_add_test(t, grace);
	tcase_add_test(t, release_and_close);
	return t;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_requests");

	suite_add_tcase(s, configuration_case());
	suite_add_tcase(s, reservation_case());
	suite_add_tcase(s, limits_case());
	suite_add_tcase(s, bindings_case());
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
