/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way every packet takes: each line of the rules, in both directions. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include <netinet/in.h>
#include <stdlib.h>

#define SIP 5060

static struct world *w;
static struct world_client a, b;
static struct tscf_addr remote;
/* Of everything inside: every test runs for both. */
static int family;
static const char *remote_text;
/* An IP header and the ports. */
static uint32_t quote_size;

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
	a.family = b.family = family;
	remote = world_addr(remote_text);
	world_connect(&a);
	world_connect(&b);
}

static void setup_ipv4(void)
{
	family = AF_INET;
	remote_text = "192.0.2.1";
	quote_size = 28;
	setup();
}

static void setup_ipv6(void)
{
	family = AF_INET6;
	remote_text = "2001:db8:ffff::1";
	quote_size = 48;
	setup();
}

static void teardown(void)
{
	world_free(w);
}

static void expect_dropped(struct server_decision d, enum server_counter reason)
{
	ck_assert_int_eq(d.verdict, SERVER_DROP);
	ck_assert_str_eq(server_counter_name(d.reason), server_counter_name(reason));
}

static void expect_plain(struct server_decision d, struct world_client *c)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_PLAIN);
	ck_assert_ptr_eq(d.session, world_plain(c));
}

static void expect_encrypted(struct server_decision d, struct world_client *c)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_ENCRYPTED);
	ck_assert_ptr_eq(d.session, world_encrypted(c));
}

static void expect_tun(struct server_decision d)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_TUN);
}

/** The packet from the remote to port @p port of a's plain address. */
static struct server_decision down(uint16_t port)
{
	struct world_packet p = world_udp(&remote, 4000, &a.plain, port);

	return world_down(w, &p);
}

static struct server_decision up(uint16_t port, bool encrypted)
{
	struct world_packet p = world_udp(&a.plain, port, &remote, 4000);

	return world_up(&a, &p, encrypted);
}

static struct server_decision down_fragment(uint16_t id, bool first)
{
	struct world_packet p = world_fragment(&remote, 4000, &a.plain, SIP, id, first);

	return world_down(w, &p);
}

static struct server_decision up_fragment(uint16_t id, bool first, bool encrypted)
{
	struct world_packet p = world_fragment(&a.plain, SIP, &remote, 4000, id, first);

	return world_up(&a, &p, encrypted);
}

/** An error from the service network about a packet that a sent from @p port. */
static struct server_decision down_error(uint16_t port, uint32_t quoted)
{
	struct world_packet quote = world_udp(&a.plain, port, &remote, 4000);
	struct world_packet p = world_icmp_error(&remote, &a.plain, &quote, quoted);

	return world_down(w, &p);
}

/** An error of a's about a packet that came to @p port. */
static struct server_decision up_error(uint16_t port, uint32_t quoted, bool encrypted)
{
	struct world_packet quote = world_udp(&remote, 4000, &a.plain, port);
	struct world_packet p = world_icmp_error(&a.plain, &remote, &quote, quoted);

	return world_up(&a, &p, encrypted);
}

static void bind_level(uint16_t port, enum tscf_level level, uint8_t flags)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, level, flags), TSCF_RESPONSE_SUCCESS);
}

static void bind_only(uint16_t port)
{
	bind_level(port, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
}

static void bind_action(uint16_t port, enum tscf_bind_action action)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_bind(&a, &key, action, TSCF_LEVEL_ENCRYPTED_ONLY, 0), TSCF_RESPONSE_SUCCESS);
}

static void shield(uint16_t port)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
}

static const struct tscf_binding *entry(uint16_t port)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	return tscf_bindings_get(w->state->bindings, &key);
}

/* --- down --- */

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

/* --- up, in clear --- */

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

/* Clear fragments: judged by their clear first one; never joined to a datagram that came encrypted, nor let in while more could come so. */
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

/* --- up, encrypted --- */

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

/* --- between clients --- */

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
	tcase_add_test(t, down_after_loss);
	tcase_add_test(t, down_held);
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
	tcase_add_test(t, up_implicit);
	tcase_add_test(t, up_encrypted_released);
	tcase_add_test(t, up_encrypted_unshields);
	tcase_add_test(t, up_encrypted_binds_not);
	tcase_add_test(t, up_encrypted_rest);
	tcase_add_test(t, up_encrypted_exception);
	tcase_add_test(t, up_encrypted_limit);
	tcase_add_test(t, inter_client);
	return t;
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("server_dtte");

	suite_add_tcase(s, down_case("down", setup_ipv4));
	suite_add_tcase(s, up_case("up", setup_ipv4));
	suite_add_tcase(s, down_case("down IPv6", setup_ipv6));
	suite_add_tcase(s, up_case("up IPv6", setup_ipv6));
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
