/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reservations of encrypted tunnels, and who may use one or replace the tunnel that there is. */
#include "tests/unit/runner.h"
#include "tests/unit/server_requests_case.h"

#include "common/crypto/random.h"

#include <string.h>

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

/* A client that was restarted has its address at once; what its former run had bound is as if that tunnel were lost.
 */
START_TEST(encrypted_started_anew)
{
	struct world_client old;
	struct tscf_binding_key only, preferred;

	world_connect(&a);
	world_encrypt(&a);
	only = sip(&a.plain);
	preferred = only;
	preferred.local_port = 5062;
	ck_assert_int_eq(bind_only(&a, &only), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_bind(&a, &preferred, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0),
			 TSCF_RESPONSE_SUCCESS);
	old = a;
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(world_configure_encrypted_anew(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert(tscf_addr_equal(&a.encrypted, &old.encrypted));
	ck_assert(!old.connection->open);
	ck_assert_int_eq(state_of(&only), TSCF_BINDING_SHIELD);
	ck_assert_ptr_null(tscf_bindings_get(w->state->bindings, &preferred));
	ck_assert_uint_eq(w->interface->encrypted_count, 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_ENCRYPTED_PROBED), 0);
}
END_TEST

static struct tscf_binding_key port_of(uint16_t port)
{
	struct tscf_binding_key key = sip(&a.plain);

	key.local_port = port;
	return key;
}

static void replace_encrypted(bool anew)
{
	ck_assert_int_eq(world_reserve(&a), TSCF_RESPONSE_SUCCESS);
	world_handshake(&a);
	ck_assert_int_eq(anew ? world_configure_encrypted_anew(&a) : world_configure_encrypted(&a, true),
			 TSCF_RESPONSE_SUCCESS);
}

/* When the client has bound all its sockets, what it has not bound again ends: with the tunnel before, its client may
 * have lost the end of a socket, and a restarted one knows none of those that have gone.  In clear is nothing for a
 * while. */
START_TEST(unconfirmed_entries_end)
{
	struct tscf_binding_key stays, gone, preferred;
	const bool anew = _i == 1;

	world_connect(&a);
	world_encrypt(&a);
	stays = port_of(5060);
	gone = port_of(5062);
	preferred = port_of(5064);
	ck_assert_int_eq(bind_only(&a, &stays), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(bind_only(&a, &gone), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_bind(&a, &preferred, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0),
			 TSCF_RESPONSE_SUCCESS);
	/* All are of this tunnel. */
	ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&gone), ACTIVE);
	ck_assert_int_eq(state_of(&preferred), ACTIVE);
	replace_encrypted(anew);
	ck_assert_int_eq(bind_only(&a, &stays), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&gone), anew ? TSCF_BINDING_SHIELD : ACTIVE);
	ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&stays), ACTIVE);
	ck_assert_int_eq(state_of(&gone), TSCF_BINDING_TOMBSTONE);
	if (!anew)
		ck_assert_int_eq(state_of(&preferred), TSCF_BINDING_RELEASED);
	ck_assert_uint_eq(world_plain(&a)->bindings.count, 0);
}
END_TEST

static bool is_left(void)
{
	struct tscf_tlv tlv;

	ck_assert_int_eq(world_keepalive(&a, false), 0);
	return tscf_message_find(&w->reply, TSCF_TLV_ENTRIES_LEFT, &tlv);
}

/* A client is told of entries that it may not know, until it has said which sockets it has.  An exception ends, too: it
 * would let packets of a later socket pass. */
START_TEST(left_entries_are_told)
{
	struct tscf_binding_key whole, exception;

	world_connect(&a);
	world_encrypt(&a);
	whole = (struct tscf_binding_key){.local = a.plain};
	exception = port_of(5062);
	ck_assert_int_eq(bind_only(&a, &whole), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_bind(&a, &exception, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_UNENCRYPTED, 0),
			 TSCF_RESPONSE_SUCCESS);
	ck_assert(!is_left());
	/* Another run of the client. */
	world_connect(&a);
	ck_assert(is_left());
	server_session_end(w->state, world_encrypted(&a), w->now, "it does not answer");
	ck_assert_int_eq(state_of(&whole), TSCF_BINDING_SHIELD);
	ck_assert(is_left());
	world_encrypt(&a);
	ck_assert(is_left());
	ck_assert_int_eq(world_complete(&a), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(state_of(&whole), TSCF_BINDING_TOMBSTONE);
	ck_assert_ptr_null(tscf_bindings_get(w->state->bindings, &exception));
	ck_assert(!is_left());
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

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_reservation");
	TCase *t = tcase_create("reservation");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reservation_repeated);
	tcase_add_test(t, encrypted_configuration_repeated);
	tcase_add_test(t, reservation_once);
	tcase_add_test(t, reservation_expires);
	tcase_add_test(t, reservation_wrong_secret);
	tcase_add_test(t, reservation_wrong_address);
	tcase_add_test(t, reservation_of_dead);
	tcase_add_test(t, dtte_not_enabled);
	tcase_add_test(t, encrypted_replaced);
	tcase_add_test(t, encrypted_started_anew);
	tcase_add_loop_test(t, unconfirmed_entries_end, 0, 2);
	tcase_add_test(t, left_entries_are_told);
	tcase_add_test(t, encrypted_not_hijacked);
	tcase_add_test(t, encrypted_dead);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
