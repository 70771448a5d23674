/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way every packet to a client takes: each line of the rules. */
#include "tests/unit/runner.h"
#include "tests/unit/server_dtte_case.h"

#include <netinet/in.h>
#include <stdlib.h>

START_TEST(down_unknown)
{
	struct tscf_addr nobody = world_addr(family == AF_INET ? "10.1.0.99" : "2001:db8:1::99");
	struct world_packet p = world_udp(&remote, 4000, &nobody, SIP);

	expect_dropped(world_down(w, &p), SERVER_COUNT_UNKNOWN_DESTINATION);
}
END_TEST

/* Nothing bound: plain; each address to its own session. */
START_TEST(down_plain)
{
	struct world_packet p = world_udp(&remote, 4000, &b.plain, SIP);

	expect_plain(down(SIP), &a);
	expect_plain(world_down(w, &p), &b);
}
END_TEST

/* To an encrypted address: always on that tunnel. */
START_TEST(down_encrypted_address)
{
	struct world_packet p;

	world_encrypt(&a);
	p = world_udp(&remote, 4000, &a.encrypted, SIP);
	expect_encrypted(world_down(w, &p), &a);
	p = world_fragment(&remote, 4000, &a.encrypted, SIP, 7, false);
	expect_encrypted(world_down(w, &p), &a);
	world_disconnect(&a);
	p = world_udp(&remote, 4000, &a.encrypted, SIP);
	expect_dropped(world_down(w, &p), SERVER_COUNT_UNKNOWN_DESTINATION);
}
END_TEST

/* A bound socket is reached encrypted, from the moment of the move, grace or not; another port stays plain. */
START_TEST(down_active)
{
	world_encrypt(&a);
	bind_level(SIP, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	bind_level(4001, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	expect_encrypted(down(SIP), &a);
	expect_encrypted(down(4001), &a);
	expect_plain(down(4002), &a);
}
END_TEST

/* An exception in a whole-host binding is plain. */
START_TEST(down_exception)
{
	struct tscf_binding_key host;

	world_encrypt(&a);
	host = world_key(&a.plain, 0, 0, NULL, 0);
	ck_assert_int_eq(world_bind(&a, &host, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	bind_level(SIP, TSCF_LEVEL_UNENCRYPTED, 0);
	expect_plain(down(SIP), &a);
	expect_encrypted(down(4001), &a);
}
END_TEST

START_TEST(down_released)
{
	world_encrypt(&a);
	bind_only(SIP);
	bind_action(SIP, TSCF_BIND_ACTION_RELEASE);
	expect_plain(down(SIP), &a);
	w->now += TSCF_RELEASED_MS;
	expect_plain(down(SIP), &a);
}
END_TEST

START_TEST(down_shield)
{
	shield(SIP);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	expect_plain(down(4001), &a);
	/* An encrypted tunnel alone changes nothing; the binding does. */
	world_encrypt(&a);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	bind_only(SIP);
	expect_encrypted(down(SIP), &a);
}
END_TEST

/* A shield of one flow, made in clear, does not take that flow away from a binding of its socket. */
START_TEST(down_shield_under_binding)
{
	struct tscf_binding_key flow = world_key(&a.plain, IPPROTO_UDP, SIP, remote_text, 4000);

	ck_assert_int_eq(world_shield(&a, &flow, false), TSCF_RESPONSE_SUCCESS);
	world_encrypt(&a);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	bind_level(SIP, TSCF_LEVEL_ENCRYPTED_ONLY, TSCF_BIND_FLAG_MOVED);
	expect_encrypted(down(SIP), &a);
	/* In clear not even with grace. */
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
	bind_level(SIP, TSCF_LEVEL_UNENCRYPTED, 0);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
}
END_TEST

/* Remote packets after the socket has closed are dropped for a minute. */
START_TEST(down_tombstone)
{
	world_encrypt(&a);
	bind_only(SIP);
	bind_action(SIP, TSCF_BIND_ACTION_CLOSE);
	expect_dropped(down(SIP), SERVER_COUNT_TOMBSTONE);
	w->now += TSCF_TOMBSTONE_MS - 1;
	expect_dropped(down(SIP), SERVER_COUNT_TOMBSTONE);
	w->now++;
	expect_plain(down(SIP), &a);
}
END_TEST

/* What remote ends still send to a preferred socket that is closed goes encrypted; the next socket of the port may be
 * plain, and nothing is left for one that is encrypted-only. */
START_TEST(down_closed_preferred)
{
	world_encrypt(&a);
	bind_level(SIP, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	bind_action(SIP, TSCF_BIND_ACTION_CLOSE);
	w->now += TSCF_CLOSED_MS - 1;
	expect_encrypted(down(SIP), &a);
	expect_tun(up(SIP, false));
	w->now++;
	expect_plain(down(SIP), &a);
	bind_level(SIP, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	bind_action(SIP, TSCF_BIND_ACTION_CLOSE);
	bind_only(SIP);
	expect_dropped(up(SIP, false), SERVER_COUNT_CLEAR_REFUSED);
	w->now += TSCF_CLOSED_MS;
	expect_encrypted(down(SIP), &a);
}
END_TEST

/* Encrypted tunnel lost: not one packet to an encrypted-only socket goes in clear, preferred ones do. */
START_TEST(down_after_loss)
{
	world_encrypt(&a);
	bind_only(SIP);
	bind_level(4001, TSCF_LEVEL_ENCRYPTED_PREFERRED, 0);
	world_disconnect(&a);
	expect_dropped(down(SIP), SERVER_COUNT_SHIELDED);
	expect_plain(down(4001), &a);
}
END_TEST

/* What comes for a shielded socket while its tunnel is set up is held: so much, so long, and it goes with its session.
 */
START_TEST(down_held)
{
	struct world_packet p = world_udp(&remote, 4000, &a.plain, SIP);
	struct server_session *s = world_plain(&a);
	struct server_held *held;

	ck_assert(!server_hold_add(w->state, s, p.data, p.length, w->now));
	shield(SIP);
	ck_assert_ptr_eq(down(SIP).session, s);
	p.data[40] = 1;
	ck_assert(server_hold_add(w->state, s, p.data, p.length, w->now));
	p.data[40] = 2;
	ck_assert(server_hold_add(w->state, s, p.data, p.length, w->now));
	held = server_hold_take(w->state, s);
	ck_assert(held->data[40] == 1 && held->next->data[40] == 2 && !held->next->next);
	free(held->next);
	free(held);
	for (unsigned i = 0; i < SERVER_HELD_MAX; i++)
		ck_assert(server_hold_add(w->state, s, p.data, p.length, w->now));
	ck_assert(!server_hold_add(w->state, s, p.data, p.length, w->now));
	world_pass(w, SERVER_HOLD_MS - 1);
	ck_assert_uint_eq(w->state->held_count, SERVER_HELD_MAX);
	world_pass(w, 1);
	ck_assert_uint_eq(w->state->held_count, 0);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_SHIELDED), SERVER_HELD_MAX);
	ck_assert(!server_hold_add(w->state, s, p.data, p.length, w->now));
	/* A lost encrypted tunnel begins the time again. */
	world_encrypt(&a);
	bind_only(SIP);
	world_disconnect(&a);
	ck_assert(server_hold_add(w->state, s, p.data, p.length, w->now));
	server_session_end(w->state, s, w->now, "test");
	ck_assert_uint_eq(w->state->held_count, 0);
	ck_assert_ptr_null(w->state->holding);
}
END_TEST

/* What was held goes encrypted, or is held on, or is dropped; not in clear, even if its socket is plain by then. */
START_TEST(down_held_again)
{
	struct world_packet p = world_udp(&remote, 4000, &a.plain, SIP);
	struct server_session *plain = world_plain(&a);
	struct server_decision d;
	struct tscf_packet_info info;

	ck_assert_int_eq(tscf_packet_parse(p.data, p.length, &info), TSCF_PACKET_OK);
	shield(SIP);
	d = server_decide_held(w->state, plain, p.data, &info, w->now);
	expect_dropped(d, SERVER_COUNT_SHIELDED);
	ck_assert_ptr_eq(d.session, plain);
	world_encrypt(&a);
	bind_only(SIP);
	expect_encrypted(server_decide_held(w->state, plain, p.data, &info, w->now), &a);
	bind_action(SIP, TSCF_BIND_ACTION_RELEASE);
	expect_plain(down(SIP), &a);
	d = server_decide_held(w->state, plain, p.data, &info, w->now);
	expect_dropped(d, SERVER_COUNT_SHIELDED);
	ck_assert_ptr_null(d.session);
}
END_TEST

/* Plain tunnel gone, encrypted one alive: bound flows pass, the rest is dropped. */
START_TEST(down_without_plain)
{
	world_encrypt(&a);
	bind_only(SIP);
	server_session_end(w->state, world_plain(&a), w->now, "test");
	expect_encrypted(down(SIP), &a);
	expect_dropped(down(4001), SERVER_COUNT_NO_PLAIN_TUNNEL);
}
END_TEST

START_TEST(down_quiet)
{
	struct world_client c;
	struct world_packet p;

	world_client(w, &c, 3, 5000);
	c.family = family;
	ck_assert_int_eq(world_configure(&c, NULL, true), TSCF_RESPONSE_SUCCESS);
	p = world_udp(&remote, 4000, &c.plain, SIP);
	expect_dropped(world_down(w, &p), SERVER_COUNT_QUIET);
	ck_assert_int_eq(world_shield(&c, NULL, true), TSCF_RESPONSE_SUCCESS);
	expect_plain(world_down(w, &p), &c);
}
END_TEST

/* Fragments of all sockets take the encrypted tunnel while there is one. */
START_TEST(down_fragments)
{
	expect_plain(down_fragment(1, true), &a);
	expect_plain(down_fragment(1, false), &a);
	world_encrypt(&a);
	expect_encrypted(down_fragment(3, true), &a);
	expect_encrypted(down_fragment(3, false), &a);
	bind_only(SIP);
	expect_encrypted(down_fragment(2, true), &a);
	expect_encrypted(down_fragment(2, false), &a);
	/* While there is an encrypted tunnel, fragments of every socket take it. */
	expect_encrypted(down_fragment(1, false), &a);
}
END_TEST

/* A later fragment whose first one is not known: plain while nothing is bound; then encrypted, or not at all. */
START_TEST(down_fragment_unknown)
{
	expect_plain(down_fragment(1, false), &a);
	shield(SIP);
	expect_dropped(down_fragment(2, false), SERVER_COUNT_FRAGMENT_UNKNOWN);
	world_encrypt(&a);
	expect_encrypted(down_fragment(3, false), &a);
	/* Of another client nothing is bound. */
	struct world_packet p = world_fragment(&remote, 4000, &b.plain, SIP, 4, false);

	expect_plain(world_down(w, &p), &b);
}
END_TEST

/* ICMP errors go the way of the packet that they quote. */
START_TEST(down_icmp)
{
	world_encrypt(&a);
	expect_plain(down_error(SIP, quote_size), &a);
	bind_only(SIP);
	expect_encrypted(down_error(SIP, quote_size), &a);
	expect_plain(down_error(4001, quote_size), &a);
	world_disconnect(&a);
	expect_dropped(down_error(SIP, quote_size), SERVER_COUNT_SHIELDED);
}
END_TEST

/* A quote that does not tell its flow: plain while nothing is bound; then encrypted, or not at all. */
START_TEST(down_icmp_unknown)
{
	struct world_packet quote = world_udp(&b.plain, SIP, &remote, 4000);
	struct world_packet foreign = world_icmp_error(&remote, &a.plain, &quote, quote_size);

	expect_plain(down_error(SIP, 10), &a);
	expect_plain(world_down(w, &foreign), &a);
	shield(4001);
	expect_dropped(down_error(SIP, 10), SERVER_COUNT_QUOTE_UNKNOWN);
	expect_dropped(world_down(w, &foreign), SERVER_COUNT_QUOTE_UNKNOWN);
	world_encrypt(&a);
	expect_encrypted(down_error(SIP, 10), &a);
	expect_encrypted(world_down(w, &foreign), &a);
}
END_TEST

/* An error that comes in fragments: its rest could be a piece of the quoted packet. */
START_TEST(down_icmp_fragments)
{
	struct world_packet quote = world_udp(&a.plain, SIP, &remote, 4000);
	struct world_packet first = world_icmp_error(&remote, &a.plain, &quote, (quote_size + 7) & ~7U), later = first;

	world_encrypt(&a);
	bind_only(SIP);
	world_cut(&first, 1, true);
	expect_encrypted(world_down(w, &first), &a);
	world_cut(&later, 1, false);
	expect_encrypted(world_down(w, &later), &a);
}
END_TEST

/* A bound ICMP socket receives errors encrypted, whatever they quote. */
START_TEST(down_icmp_socket)
{
	struct tscf_binding_key icmp;

	world_encrypt(&a);
	icmp = world_key(&a.plain, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0, NULL, 0);
	ck_assert_int_eq(world_bind(&a, &icmp, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	expect_encrypted(down_error(4001, quote_size), &a);
	expect_plain(down(4001), &a);
}
END_TEST

/* An echo conversation is a flow like any other. */
START_TEST(echo)
{
	struct world_packet request, reply, other;

	world_encrypt(&a);
	request = world_echo(&a.plain, &remote, 8, 77);
	reply = world_echo(&remote, &a.plain, 0, 77);
	other = world_echo(&remote, &a.plain, 0, 78);
	expect_plain(world_down(w, &reply), &a);
	expect_tun(world_up(&a, &request, true));
	expect_encrypted(world_down(w, &reply), &a);
	expect_plain(world_down(w, &other), &a);
	expect_dropped(world_up(&a, &request, false), SERVER_COUNT_CLEAR_REFUSED);
}
END_TEST

static TCase *down_case(const char *name, void (*start)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, start, teardown);
	tcase_add_test(t, down_unknown);
	tcase_add_test(t, down_plain);
	tcase_add_test(t, down_encrypted_address);
	tcase_add_test(t, down_active);
	tcase_add_test(t, down_exception);
	tcase_add_test(t, down_released);
	tcase_add_test(t, down_shield);
	tcase_add_test(t, down_shield_under_binding);
	tcase_add_test(t, down_tombstone);
	tcase_add_test(t, down_closed_preferred);
	tcase_add_test(t, down_after_loss);
	tcase_add_test(t, down_held);
	tcase_add_test(t, down_held_again);
	tcase_add_test(t, down_without_plain);
	tcase_add_test(t, down_quiet);
	tcase_add_test(t, down_fragments);
	tcase_add_test(t, down_fragment_unknown);
	tcase_add_test(t, down_icmp);
	tcase_add_test(t, down_icmp_unknown);
	tcase_add_test(t, down_icmp_fragments);
	tcase_add_test(t, down_icmp_socket);
	tcase_add_test(t, echo);
	return t;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_dtte down");

	suite_add_tcase(s, down_case("down", setup_ipv4));
	suite_add_tcase(s, down_case("down IPv6", setup_ipv6));
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
