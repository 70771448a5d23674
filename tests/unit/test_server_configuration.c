/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration requests: what is answered, which addresses are given, and who replaces whom. */
#include "tscf-server/session/rival.h"

#include "common/crypto/hash.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/crypto/random.h"

#include <netinet/in.h>
#include <string.h>

/* The largest answer there is. */
START_TEST(largest_configuration)
{
	struct server_settings *s = &w->state->settings;
	struct tscf_service_addrs got;

	w->interface->services = SERVER_SERVICE_DTTE | SERVER_SERVICE_SIP;
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

/* Where the service is not assigned, clients do not learn of the SIP servers. */
START_TEST(sip_servers_where_assigned)
{
	struct server_settings *s = &w->state->settings;
	struct tscf_service_addrs got;

	s->dns.addr[0] = s->sip_servers.addr[0] = world_addr("192.0.2.53");
	s->dns.count = s->sip_servers.count = 1;
	w->interface->services = SERVER_SERVICE_DTTE;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	tscf_message_addrs(&w->reply, TSCF_TLV_DNS, &got);
	ck_assert_uint_eq(got.count, 1);
	tscf_message_addrs(&w->reply, TSCF_TLV_SIP_SERVER, &got);
	ck_assert_uint_eq(got.count, 0);
	w->interface->services |= SERVER_SERVICE_SIP;
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_SUCCESS);
	tscf_message_addrs(&w->reply, TSCF_TLV_SIP_SERVER, &got);
	ck_assert_uint_eq(got.count, 1);
}
END_TEST

/** Send a request that has the sequence number, client and key share of an earlier one. */
static int configure_again(struct world_client *c, uint32_t sequence)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	tscf_write_begin(&writer, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, sequence);
	tscf_write_bytes(&writer, TSCF_TLV_KEY_SHARE, c->offer.share.bytes, TSCF_KEY_SHARE_SIZE);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	tscf_write_pad(&writer, 480);
	return world_send(c, &writer, false);
}

/* The keys of an answer are of use to the client with that key share alone. */
START_TEST(another_share_gets_another_answer)
{
	uint64_t tsid;

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	tsid = a.tsid;
	a.sequence--;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_ne(a.tsid, tsid);
}
END_TEST

/* One without is of a client that is too old, or too new; nothing is given. */
START_TEST(without_a_share)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer writer;

	for (unsigned i = 0; i < 2; i++) {
		tscf_write_begin(&writer, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
		tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
		if (i == 1)
			tscf_write_bytes(&writer, TSCF_TLV_KEY_SHARE,
					 "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
					 TSCF_KEY_SHARE_SIZE);
		tscf_write_pad(&writer, 480);
		ck_assert_int_eq(world_send(&a, &writer, false), TSCF_RESPONSE_MALFORMED);
		ck_assert_uint_eq(w->interface->plain_count, 0);
		ck_assert_uint_eq(server_pool_used(w->allocator.plain_pools.first), 0);
	}
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_SHARE), 2);
}
END_TEST

/* Who asks for the certificates gets them in parts that are no more than three times his request. */
START_TEST(certificates_in_parts)
{
	uint8_t data[TSCF_MESSAGE_MAX], chain[TSCF_CHAIN_MAX], digest[32];
	struct tscf_chain_part part = {.total = 0};
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	uint16_t have = 0;

	do {
		part = (struct tscf_chain_part){.total = have, .offset = have};
		world_begin(&a, &writer, data, TSCF_CHAIN_REQUEST, false);
		tscf_write_chain_part(&writer, &part);
		tscf_write_pad(&writer, 80);
		ck_assert_int_eq(world_send(&a, &writer, false), -2);
		ck_assert_uint_le(w->answer.length, 240);
		ck_assert(tscf_message_find(&w->reply, TSCF_TLV_CHAIN_PART, &tlv));
		ck_assert_int_eq(tscf_tlv_chain_part(&tlv, &part), 0);
		ck_assert_uint_eq(part.offset, have);
		memcpy(chain + have, part.bytes, part.length);
		have = (uint16_t)(have + part.length);
	} while (have < part.total);
	tscf_sha256(chain, have, digest);
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_mem_eq(tscf_agreement_chain(&w->reply), digest, sizeof(digest));
}
END_TEST

/* A repeated configuration request gets the same bytes and makes no second session. */
START_TEST(configuration_repeated)
{
	struct server_answer first;

	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	first = w->answer;
	ck_assert_int_eq(configure_again(&a, a.sequence), TSCF_RESPONSE_SUCCESS);
	ck_assert_uint_eq(first.length, w->answer.length);
	ck_assert_mem_eq(first.data, w->answer.data, first.length);
	ck_assert_uint_eq(w->interface->plain_count, 1);
	/* Also after other requests. */
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(configure_again(&a, first.data[15]), TSCF_RESPONSE_SUCCESS);
	ck_assert_mem_eq(first.data, w->answer.data, first.length);
	ck_assert_uint_eq(w->interface->plain_count, 1);
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
	tscf_offer_write(&c->offer, &writer);
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

START_TEST(no_address)
{
	server_pools_free(&w->allocator.plain_pools);
	world_add_pool(&w->allocator.plain_pools, "10.1.0.0/30");
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

/* The proved new session takes the outer address over; a third that came before is forgotten. */
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

/* The old session may go before the new one is proved: the new one keeps the outer address. */
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
	server_pools_free(&w->allocator.plain_pools);
	world_add_pool(&w->allocator.plain_pools, "2001:db8:9::/64");
	a.family = AF_INET6;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(given(AF_INET).family, 0);
	ck_assert_int_eq(given(AF_INET6).family, AF_INET6);
	world_add_pool(&w->allocator.plain_pools, "10.9.0.0/30");
	b.family = AF_INET6;
	ck_assert_int_eq(world_configure(&b, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(request(&a, TSCF_RELEASE_REQUEST, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_NO_ADDRESS);
	ck_assert_uint_eq(server_pool_used(w->allocator.plain_pools.first), 1);
}
END_TEST

/* A client that configures again, from another port too, gets its address back; no other client can ask for it. */
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

/* A client that was killed and comes again has its addresses when the former run has not answered. */
START_TEST(killed_and_back)
{
	struct tscf_addr had;

	world_connect(&a);
	had = a.plain;
	tscf_endpoint_set_port(&a.outer, 5001);
	a.run = 2;
	ck_assert_int_eq(world_configure(&a, NULL, false), -1);
	w->now += SERVER_RIVAL_MS - 1;
	ck_assert_int_eq(world_configure(&a, NULL, false), -1);
	w->now++;
	ck_assert_int_eq(world_configure(&a, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.plain, &had));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_SHARED_ID), 0);
}
END_TEST

/* Two machines with one identifier at one outer address: the first keeps its addresses, both are told, both work. */
START_TEST(cloned)
{
	struct world_client clone;
	struct tscf_tlv tlv;

	world_connect(&a);
	clone = a;
	tscf_endpoint_set_port(&clone.outer, 5001);
	clone.run = 2;
	ck_assert_int_eq(world_configure(&clone, NULL, false), -1);
	ck_assert_uint_eq(world_peer_at(w, &a.outer)->sent, 1);
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_int_eq(world_configure(&clone, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(!tscf_addr_equal(&a.plain, &clone.plain));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_SHARED_ID), 1);
	ck_assert_int_eq(world_keepalive(&clone, false), 0);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_SHARED_ID, &tlv));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert(tscf_message_find(&w->reply, TSCF_TLV_SHARED_ID, &tlv));
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_nonnull(world_plain(&clone));
}
END_TEST

/* The first one answers too late to keep its addresses from being given to the second, which has not used them yet. */
START_TEST(cloned_and_heard_late)
{
	struct world_client clone;
	struct tscf_addr had;

	world_connect(&a);
	had = a.plain;
	clone = a;
	tscf_endpoint_set_port(&clone.outer, 5001);
	clone.run = 2;
	ck_assert_int_eq(world_configure(&clone, NULL, false), -1);
	w->now += SERVER_RIVAL_MS;
	ck_assert_int_eq(world_configure(&clone, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&clone.plain, &had));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
	ck_assert_int_eq(world_keepalive(&clone, false), TSCF_RESPONSE_NO_SESSION);
	ck_assert_ptr_null(world_plain(&clone));
	ck_assert_ptr_nonnull(world_plain(&a));
	ck_assert_ptr_eq(server_lease_find(&w->state->leases, &had)->plain, world_plain(&a));
	ck_assert_int_eq(world_keepalive(&a, false), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_configuration");
	TCase *t = tcase_create("configuration");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, largest_configuration);
	tcase_add_test(t, sip_servers_where_assigned);
	tcase_add_test(t, another_share_gets_another_answer);
	tcase_add_test(t, without_a_share);
	tcase_add_test(t, certificates_in_parts);
	tcase_add_test(t, configuration_repeated);
	tcase_add_test(t, plain_inside);
	tcase_add_test(t, plain_inside_refused);
	tcase_add_test(t, no_address);
	tcase_add_test(t, unconfirmed_expires);
	tcase_add_test(t, forged_configuration);
	tcase_add_test(t, replaced);
	tcase_add_test(t, replaced_early);
	tcase_add_test(t, dual_stack);
	tcase_add_test(t, one_family);
	tcase_add_test(t, address_again);
	tcase_add_test(t, successor_not_wanted);
	tcase_add_test(t, killed_and_back);
	tcase_add_test(t, cloned);
	tcase_add_test(t, cloned_and_heard_late);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
