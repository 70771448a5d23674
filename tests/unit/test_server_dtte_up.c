/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way every packet of a client takes, in clear and encrypted, and what it binds: each line of the rules. */
#include "tests/unit/runner.h"
#include "tests/unit/server_dtte_case.h"

#include <netinet/in.h>

START_TEST(up_plain)
{
	struct world_packet p;

	expect_tun(up(SIP, false));
	p = world_udp(&b.plain, SIP, &remote, 4000);
	expect_dropped(world_up(&a, &p, false), SERVER_COUNT_SPOOFED);
	world_encrypt(&a);
	p = world_udp(&a.encrypted, SIP, &remote, 4000);
	expect_dropped(world_up(&a, &p, false), SERVER_COUNT_SPOOFED);
	/* And nothing of this has bound anything. */
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

/* Before it is confirmed a session does not speak for an address that another has. */
START_TEST(up_unconfirmed)
{
	struct world_client c = a;
	struct world_packet p = world_udp(&a.plain, SIP, &remote, 4000);

	tscf_endpoint_set_port(&c.outer, 5001);
	ck_assert_int_eq(world_configure(&c, &a.plain, false), TSCF_RESPONSE_SUCCESS);
	expect_dropped(world_up(&c, &p, false), SERVER_COUNT_SPOOFED);
	expect_tun(world_up(&a, &p, false));
	ck_assert_int_eq(world_keepalive(&c, false), 0);
	expect_tun(world_up(&c, &p, false));
}
END_TEST

START_TEST(up_active)
{
	world_encrypt(&a);
	bind_only(SIP);
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
	expect_tun(up(4001, false));
	bind_level(4001, TSCF_LEVEL_UNENCRYPTED, 0);
	expect_tun(up(4001, false));
}
END_TEST

/* What was under way in clear when the socket moved is let through for a moment. */
START_TEST(up_grace)
{
	world_encrypt(&a);
	bind_level(SIP, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	w->now += TSCF_MOVE_GRACE_MS - 1;
	expect_tun(up(SIP, false));
	w->now++;
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

START_TEST(up_shield_and_tombstone)
{
	shield(SIP);
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
	world_encrypt(&a);
	bind_only(4001);
	bind_action(4001, TSCF_BIND_ACTION_CLOSE);
	expect_dropped(up(4001, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

START_TEST(up_released)
{
	world_encrypt(&a);
	bind_only(SIP);
	bind_action(SIP, TSCF_BIND_ACTION_RELEASE);
	expect_tun(up(SIP, false));
}
END_TEST

/* Clear fragments: judged by their clear first one; never joined to a datagram that came encrypted, nor let in while
 * more could come so. */
START_TEST(up_fragments)
{
	expect_tun(up_fragment(1, true, false));
	expect_tun(up_fragment(1, false, false));
	expect_tun(up_fragment(2, false, false));
	world_encrypt(&a);
	expect_tun(up_fragment(3, true, true));
	expect_tun(up_fragment(3, false, true));
	expect_dropped(up_fragment(1, false, false), SERVER_COUNT_FRAGMENT_UNKNOWN);
	expect_dropped(up_fragment(4, true, false), SERVER_COUNT_FRAGMENT_UNKNOWN);
	bind_only(SIP);
	world_disconnect(&a);
	expect_dropped(up_fragment(3, false, false), SERVER_COUNT_FRAGMENT_UNKNOWN);
	expect_dropped(up_fragment(5, true, false), SERVER_COUNT_CLEAR_REFUSED);
	expect_dropped(up_fragment(5, false, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

/* An error in clear must not carry a piece of an encrypted flow. */
START_TEST(up_icmp)
{
	expect_tun(up_error(SIP, quote_size, false));
	expect_tun(up_error(SIP, 10, false));
	world_encrypt(&a);
	bind_only(SIP);
	expect_dropped(up_error(SIP, quote_size, false), SERVER_COUNT_CLEAR_REFUSED);
	expect_dropped(up_error(SIP, 10, false), SERVER_COUNT_QUOTE_UNKNOWN);
	expect_tun(up_error(4001, quote_size, false));
}
END_TEST

/* From its own address: nothing to learn.  From any other address than the two: spoofed. */
START_TEST(up_encrypted_sources)
{
	struct world_packet p;

	world_encrypt(&a);
	p = world_udp(&a.encrypted, SIP, &remote, 4000);
	expect_tun(world_up(&a, &p, true));
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
	p = world_udp(&b.plain, SIP, &remote, 4000);
	expect_dropped(world_up(&a, &p, true), SERVER_COUNT_SPOOFED);
	p = world_udp(&remote, SIP, &b.plain, 4000);
	expect_dropped(world_up(&a, &p, true), SERVER_COUNT_SPOOFED);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

/* A connection that nobody has configured has no addresses, and no way in. */
START_TEST(up_unconfigured)
{
	struct world_packet p = world_udp(&a.plain, SIP, &remote, 4000);
	struct tscf_packet_info info;

	ck_assert_int_eq(tscf_packet_parse(p.data, p.length, &info), TSCF_PACKET_OK);
	world_handshake(&a);
	expect_dropped(server_decide_from_encrypted(w->state, a.connection->peer.user, &info, w->now),
		       SERVER_COUNT_UNCONFIGURED);
}
END_TEST

/* The first encrypted packet of a socket binds it, encrypted-only: whole socket, not one flow. */
START_TEST(up_implicit)
{
	world_encrypt(&a);
	expect_tun(up(SIP, true));
	ck_assert_ptr_nonnull(entry(SIP));
	ck_assert(entry(SIP)->implicit);
	ck_assert_int_eq(entry(SIP)->level, TSCF_LEVEL_ENCRYPTED_ONLY);
	expect_encrypted(down(SIP), &a);
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
	/* Explicit ones are not changed by packets. */
	bind_level(4001, TSCF_LEVEL_ENCRYPTED_PREFERRED, TSCF_BIND_FLAG_MOVED);
	expect_tun(up(4001, true));
	ck_assert(!entry(4001)->implicit);
	ck_assert_int_eq(entry(4001)->level, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_uint_ne(entry(4001)->grace_until, 0);
}
END_TEST

/* A shield of one flow is the narrowest entry: it is replaced itself, and not left beside an entry of the port. */
START_TEST(up_implicit_replaces_a_shield)
{
	struct tscf_binding_key flow = world_key(&a.plain, IPPROTO_UDP, SIP, remote_text, 4000);

	ck_assert_int_eq(world_shield(&a, &flow, false), TSCF_RESPONSE_SUCCESS);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	world_encrypt(&a);
	expect_tun(up(SIP, true));
	ck_assert_int_eq(tscf_bindings_get(w->state->bindings, &flow)->state, TSCF_BINDING_ACTIVE);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 1);
	expect_encrypted(down(SIP), &a);
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

/* Packets still under way do not bind again what was released; later ones do. */
START_TEST(up_encrypted_released)
{
	world_encrypt(&a);
	bind_only(SIP);
	bind_action(SIP, TSCF_BIND_ACTION_RELEASE);
	expect_tun(up(SIP, true));
	expect_plain(down(SIP), &a);
	w->now += TSCF_RELEASED_MS;
	expect_tun(up(SIP, true));
	expect_encrypted(down(SIP), &a);
}
END_TEST

/* An encrypted packet ends a shield and a tombstone: that of one flow too. */
START_TEST(up_encrypted_unshields)
{
	struct tscf_binding_key flow = world_key(&a.plain, IPPROTO_UDP, 4002, remote_text, 4000);

	shield(SIP);
	ck_assert_int_eq(world_shield(&a, &flow, false), TSCF_RESPONSE_SUCCESS);
	world_encrypt(&a);
	bind_only(4001);
	bind_action(4001, TSCF_BIND_ACTION_CLOSE);
	expect_tun(up(SIP, true));
	expect_tun(up(4001, true));
	expect_tun(up(4002, true));
	expect_encrypted(down(SIP), &a);
	expect_encrypted(down(4001), &a);
	expect_encrypted(down(4002), &a);
}
END_TEST

/* Errors, fragments, and ICMP that belongs to no conversation of the client's bind nothing. */
START_TEST(up_encrypted_binds_not)
{
	struct world_packet reply;

	world_encrypt(&a);
	expect_tun(up_error(SIP, quote_size, true));
	expect_tun(up_error(SIP, 10, true));
	expect_tun(up_fragment(1, false, true));
	reply = world_echo(&a.plain, &remote, 0, 77);
	expect_tun(world_up(&a, &reply, true));
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
	expect_tun(up_fragment(2, true, true));
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
}
END_TEST

/* The rest of a datagram does not bring a socket back that was closed meanwhile. */
START_TEST(up_encrypted_rest)
{
	world_encrypt(&a);
	expect_tun(up_fragment(1, true, true));
	bind_action(SIP, TSCF_BIND_ACTION_CLOSE);
	expect_tun(up_fragment(1, false, true));
	expect_dropped(down(SIP), SERVER_COUNT_TOMBSTONE);
}
END_TEST

/* An exception that outlived its encrypted tunnel ends with the first packet that its socket sends on the next one. */
START_TEST(up_encrypted_exception)
{
	world_encrypt(&a);
	bind_level(SIP, TSCF_LEVEL_UNENCRYPTED, 0);
	expect_tun(up(SIP, true));
	expect_plain(down(SIP), &a);
	world_disconnect(&a);
	world_encrypt(&a);
	expect_plain(down(SIP), &a);
	expect_tun(up(SIP, true));
	expect_encrypted(down(SIP), &a);
}
END_TEST

START_TEST(up_encrypted_limit)
{
	struct server_session *s;

	world_encrypt(&a);
	s = world_encrypted(&a);
	for (unsigned port = 1; port <= SERVER_BINDINGS_MAX; port++) {
		struct tscf_binding_key key = world_key(&a.plain, IPPROTO_TCP, (uint16_t)port, NULL, 0);

		ck_assert_ptr_nonnull(
		    tscf_bindings_bind(w->state->bindings, &key, TSCF_LEVEL_ENCRYPTED_ONLY, s, &s->bindings));
	}
	expect_tun(up(SIP, true));
	ck_assert_ptr_null(entry(SIP));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_BINDING_LIMIT), 1);
	/* Nothing of the address is in clear. */
	expect_encrypted(down(SIP), &a);
	expect_encrypted(down(SIP + 1), &a);
	expect_dropped(up(SIP + 1, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

START_TEST(inter_client)
{
	struct world_packet p = world_udp(&a.plain, SIP, &b.plain, SIP);

	world_encrypt(&a);
	world_encrypt(&b);
	expect_dropped(world_up(&a, &p, false), SERVER_COUNT_INTER_CLIENT);
	expect_dropped(world_up(&a, &p, true), SERVER_COUNT_INTER_CLIENT);
	p = world_udp(&a.encrypted, SIP, &b.encrypted, SIP);
	expect_dropped(world_up(&a, &p, true), SERVER_COUNT_INTER_CLIENT);
	ck_assert_uint_eq(tscf_bindings_count(w->state->bindings), 0);
	w->interface->inter_client = true;
	expect_tun(world_up(&a, &p, true));
	p = world_udp(&a.plain, SIP, &b.plain, SIP);
	expect_tun(world_up(&a, &p, false));
	/* The server itself is no client. */
	struct tscf_addr server = world_addr(family == AF_INET ? "10.1.0.1" : "2001:db8:1::1");

	w->interface->inter_client = false;
	p = world_udp(&a.plain, SIP, &server, SIP);
	expect_tun(world_up(&a, &p, false));
}
END_TEST

/* The sender is told on the tunnel that the packet came by, and never in clear of a packet that must not be. */
START_TEST(inter_client_told)
{
	struct world_packet p = world_udp(&a.plain, SIP, &b.plain, SIP);

	ck_assert_ptr_eq(world_up(&a, &p, false).session, world_plain(&a));
	world_encrypt(&a);
	ck_assert_ptr_eq(world_up(&a, &p, true).session, world_encrypted(&a));
	bind_only(SIP);
	expect_dropped(world_up(&a, &p, false), SERVER_COUNT_INTER_CLIENT);
	ck_assert_ptr_null(world_up(&a, &p, false).session);
}
END_TEST

static TCase *up_case(const char *name, void (*start)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, start, teardown);
	tcase_add_test(t, up_plain);
	tcase_add_test(t, up_unconfirmed);
	tcase_add_test(t, up_active);
	tcase_add_test(t, up_grace);
	tcase_add_test(t, up_shield_and_tombstone);
	tcase_add_test(t, up_released);
	tcase_add_test(t, up_fragments);
	tcase_add_test(t, up_icmp);
	tcase_add_test(t, up_encrypted_sources);
	tcase_add_test(t, up_unconfigured);
	tcase_add_test(t, up_implicit);
	tcase_add_test(t, up_implicit_replaces_a_shield);
	tcase_add_test(t, up_encrypted_released);
	tcase_add_test(t, up_encrypted_unshields);
	tcase_add_test(t, up_encrypted_binds_not);
	tcase_add_test(t, up_encrypted_rest);
	tcase_add_test(t, up_encrypted_exception);
	tcase_add_test(t, up_encrypted_limit);
	tcase_add_test(t, inter_client);
	tcase_add_test(t, inter_client_told);
	return t;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_dtte up");

	suite_add_tcase(s, up_case("up", setup_ipv4));
	suite_add_tcase(s, up_case("up IPv6", setup_ipv6));
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
