/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's route decision: every kind of packet, up and down, against every state of its binding.
 *
 * Every test runs in IPv4 and in IPv6.  The client is 10.1.2.3 (the source of build_ipv4) and 2001:db8::1 (of
 * build_ipv6), port 5060; the far end is 192.0.2.9 and 2001:db8::2, port 6050.
 */
#include "tests/unit/packet_build.h"
#include "tests/unit/runner.h"
#include "tscf-client/decide.h"

#include <netinet/in.h>
#include <string.h>

#define NOW 1000000

static struct decider d;
static struct tscf_binding_list list;
static int family;
static struct tscf_addr plain, encrypted; /**< of that family */
static struct tscf_binding_key bound;     /**< udp, the plain address, port 5060 */

static void set_up(void)
{
	memset(&d, 0, sizeof(d));
	memset(&list, 0, sizeof(list));
	d.bindings = tscf_bindings_new();
	d.fragments = tscf_fragments_new(64);
	d.now = NOW;
	d.up = true;
	ck_assert_int_eq(tscf_addr_parse("10.1.2.3", &d.plain.of[0]), 0);
	ck_assert_int_eq(tscf_addr_parse("10.9.0.3", &d.encrypted.of[0]), 0);
	ck_assert_int_eq(tscf_addr_parse("2001:db8::1", &d.plain.of[1]), 0);
	ck_assert_int_eq(tscf_addr_parse("2001:db8:9::1", &d.encrypted.of[1]), 0);
	plain = d.plain.of[tscf_family_index(family)];
	encrypted = d.encrypted.of[tscf_family_index(family)];
	memset(&bound, 0, sizeof(bound));
	bound.local = plain;
	bound.local_port = BUILD_SPORT;
	bound.protocol = IPPROTO_UDP;
}

static void set_up_ipv4(void)
{
	family = AF_INET;
	set_up();
}

static void set_up_ipv6(void)
{
	family = AF_INET6;
	set_up();
}

static void tear_down(void)
{
	tscf_fragments_free(d.fragments);
	tscf_bindings_free(d.bindings);
}

static struct tscf_binding *bind_at(enum tscf_level level)
{
	return tscf_bindings_bind(d.bindings, &bound, level, &d, &list);
}

static uint8_t *source_of(struct build *b)
{
	return b->data + (family == AF_INET ? 12 : 8);
}

static uint8_t *destination_of(struct build *b)
{
	return source_of(b) + tscf_addr_size((uint8_t)family);
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t t[16];
	memcpy(t, a, size);
	memcpy(a, b, size);
	memcpy(b, t, size);
}

/* Swap addresses (and ports, which are @p at): what goes up becomes what comes down. */
static void turn_round(struct build *b, uint32_t at)
{
	swap(source_of(b), destination_of(b), tscf_addr_size((uint8_t)family));
	if (at)
		swap(b->data + at, b->data + at + 2, 2);
}

static struct build begin(uint8_t protocol, bool fragment, bool first)
{
	struct build b;
	if (family == AF_INET)
		build_ipv4(&b, protocol, !fragment ? 0 : first ? IPV4_MF : 100, 0);
	else
		build_ipv6(&b, fragment ? IPPROTO_FRAGMENT : protocol);
	if (family == AF_INET6 && fragment)
		build_fragment(&b, protocol, first ? 0 : 800, first);
	return b;
}

static struct build udp(bool down)
{
	struct build b = begin(IPPROTO_UDP, false, true);
	uint32_t ports = b.length;
	build_ports(&b, 8);
	build_finish(&b);
	if (down)
		turn_round(&b, ports);
	return b;
}

static struct build icmp_error(void)
{
	struct build b = begin(family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, false, true);
	build_icmp(&b, family == AF_INET ? 3 : 1);
	return b;
}

/* An ICMP port unreachable from the client's kernel (or, turned, from the network) that quotes a packet of the bound
 * flow. */
static struct build unreachable(bool down)
{
	struct build quote = udp(!down), b = icmp_error();
	build_bytes(&b, quote.data, quote.length);
	build_finish(&b);
	if (down)
		turn_round(&b, 0);
	return b;
}

static struct build fragment(bool first, bool down)
{
	struct build b = begin(IPPROTO_UDP, true, first);
	uint32_t ports = b.length;
	if (first)
		build_ports(&b, 16);
	else
		build_zero(&b, 16);
	build_finish(&b);
	if (down)
		turn_round(&b, first ? ports : 0);
	return b;
}

/* Another datagram's. */
static void change_id(struct build *b)
{
	b->data[family == AF_INET ? 5 : 47] = 77;
}

static struct tscf_packet_info parsed(struct build b)
{
	struct tscf_packet_info info;
	ck_assert_int_eq(tscf_packet_parse(b.data, b.length, &info), TSCF_PACKET_OK);
	return info;
}

static enum verdict up_plain(struct build b)
{
	struct tscf_packet_info info = parsed(b);
	struct tscf_binding_key flow;
	return decide_up_plain(&d, b.data, &info, &flow);
}

static enum verdict up_encrypted(struct build b, struct tscf_binding_key *flow)
{
	struct tscf_packet_info info = parsed(b);
	return decide_up_encrypted(&d, &info, flow);
}

static enum verdict held(struct build b, struct tscf_binding_key *flow)
{
	struct tscf_packet_info info = parsed(b);
	return decide_held(&d, &info, flow);
}

static enum verdict down_plain(struct build b)
{
	struct tscf_packet_info info = parsed(b);
	return decide_down_plain(&d, b.data, &info);
}

static enum verdict down_encrypted(struct build b)
{
	struct tscf_packet_info info = parsed(b);
	return decide_down_encrypted(&d, b.data, &info);
}

/* Nothing is bound: everything is plain, fragments and errors too. */
START_TEST(nothing_bound)
{
	d.up = false;
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(up_plain(fragment(false, false)), VERDICT_PLAIN);
	ck_assert_int_eq(up_plain(unreachable(false)), VERDICT_PLAIN);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
	ck_assert_int_eq(down_plain(fragment(false, true)), VERDICT_DELIVER);
}
END_TEST

/* Rule 1: what the kernel sends without a mark for a bound flow never goes in clear, tunnel or not. */
START_TEST(unmarked_packets_of_a_bound_flow)
{
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	for (int tunnel = 0; tunnel < 2; tunnel++) {
		d.up = tunnel;
		ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
		ck_assert_int_eq(up_plain(unreachable(false)), VERDICT_TURNED);
		ck_assert_int_eq(up_plain(fragment(true, false)), VERDICT_TURNED);
		ck_assert_int_eq(up_plain(fragment(false, false)), VERDICT_TURNED);
	}
}
END_TEST

/*
 * Fragments: while there is an encrypted tunnel, those of every flow take it, and clear ones are refused.  Without it a
 * later fragment is judged as its first one; clear fragments of a datagram that came encrypted are refused.
 */
START_TEST(fragments_of_other_flows)
{
	bound.local_port++;
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(up_plain(fragment(true, false)), VERDICT_TURNED);
	ck_assert_int_eq(up_plain(fragment(false, false)), VERDICT_TURNED);
	ck_assert_int_eq(down_plain(fragment(true, true)), VERDICT_REFUSED);
	ck_assert_int_eq(down_plain(fragment(false, true)), VERDICT_REFUSED);
	d.up = false;
	ck_assert_int_eq(up_plain(fragment(false, false)), VERDICT_TURNED);
	struct build secret = fragment(true, true);
	change_id(&secret);
	ck_assert_int_eq(down_encrypted(secret), VERDICT_DELIVER);
	struct build forged = fragment(false, true);
	change_id(&forged);
	ck_assert_int_eq(down_plain(secret), VERDICT_DELIVER);
	ck_assert_int_eq(down_plain(forged), VERDICT_REFUSED);
	ck_assert_int_eq(up_plain(fragment(true, false)), VERDICT_PLAIN);
	ck_assert_int_eq(up_plain(fragment(false, false)), VERDICT_PLAIN);
	ck_assert_int_eq(down_plain(fragment(false, true)), VERDICT_REFUSED);
	ck_assert_int_eq(down_plain(fragment(true, true)), VERDICT_DELIVER);
	ck_assert_int_eq(down_plain(fragment(false, true)), VERDICT_DELIVER);
}
END_TEST

/* An error whose quote does not show the flow: it may be the bound one. */
static void may_quote_the_flow(struct build *b)
{
	build_finish(b);
	ck_assert_int_eq(up_plain(*b), VERDICT_PLAIN);
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(up_plain(*b), VERDICT_TURNED);
	turn_round(b, 0);
	ck_assert_int_eq(down_plain(*b), VERDICT_REFUSED);
}

START_TEST(unreadable_quote)
{
	struct build b = icmp_error();
	build_zero(&b, 4);
	may_quote_the_flow(&b);
}
END_TEST

START_TEST(quoted_later_fragment)
{
	struct build quote = fragment(false, true), b = icmp_error();
	build_bytes(&b, quote.data, quote.length);
	may_quote_the_flow(&b);
}
END_TEST

/* Rule 2: a clear packet for an encrypted-only socket is refused, in every form. */
START_TEST(clear_packets_down)
{
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_REFUSED);
	ck_assert_int_eq(down_plain(unreachable(true)), VERDICT_REFUSED);
	ck_assert_int_eq(down_plain(fragment(true, true)), VERDICT_REFUSED);
	ck_assert_int_eq(down_plain(fragment(false, true)), VERDICT_REFUSED);
}
END_TEST

/* Packets under way when a socket moves are let through down for the grace, never up. */
START_TEST(grace)
{
	struct tscf_binding *b = bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	b->grace_until = NOW + 1;
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
	b->grace_until = NOW;
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_REFUSED);
}
END_TEST

/* While the encrypted tunnel is aside, what is encrypted-preferred is in clear, and nothing else.  What is under way
 * when it is used again is let through down. */
START_TEST(aside)
{
	const bool preferred = _i;

	bind_at(preferred ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_REFUSED);
	d.aside = true;
	ck_assert_int_eq(up_plain(udp(false)), preferred ? VERDICT_PLAIN : VERDICT_TURNED);
	ck_assert_int_eq(down_plain(udp(true)), preferred ? VERDICT_DELIVER : VERDICT_REFUSED);
	d.aside = false;
	d.aside_before = true;
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
	ck_assert_int_eq(down_plain(udp(true)), preferred ? VERDICT_DELIVER : VERDICT_REFUSED);
}
END_TEST

/* A socket that is not known yet, of which a policy says encrypted-only: for every owner, or for the one that it may
 * have. */
START_TEST(forbidden_by_policy)
{
	struct tscf_binding_key suspect;
	struct policies policies = {.count = 1,
				    .list = {{.level = TSCF_LEVEL_ENCRYPTED_ONLY,
					      .protocol = IPPROTO_UDP,
					      .local_port = {BUILD_SPORT, BUILD_SPORT}}}};

	d.policies = &policies;
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_REFUSED);
	d.suspect = &suspect;
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_SUSPECT);
	ck_assert(tscf_addr_equal(&suspect.local, &plain) && suspect.local_port == BUILD_SPORT);
	policies.list[0].uid.given = true;
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_SUSPECT);
	/* A socket that is known is judged by its level. */
	bind_at(TSCF_LEVEL_UNENCRYPTED);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
}
END_TEST

/* Released: plain, but not an error that may quote what came encrypted.  Closed: dropped, both ways, until the
 * tombstone is over. */
START_TEST(released_and_closed)
{
	struct tscf_binding *b = bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	tscf_binding_release(b, NOW);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(up_plain(unreachable(false)), VERDICT_TURNED);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
	d.now = NOW + TSCF_RELEASED_MS;
	ck_assert_int_eq(up_plain(unreachable(false)), VERDICT_PLAIN);
	d.now = NOW;
	b = bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	tscf_binding_bury(b, NOW);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_GUEST);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_REFUSED);
	d.now = NOW + TSCF_TOMBSTONE_MS;
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
}
END_TEST

/* An unencrypted socket beside a whole address that is encrypted-only. */
START_TEST(exception_to_whole_address)
{
	struct tscf_binding_key whole;
	memset(&whole, 0, sizeof(whole));
	whole.local = plain;
	tscf_bindings_bind(d.bindings, &whole, TSCF_LEVEL_ENCRYPTED_ONLY, &d, &list);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_TURNED);
	bind_at(TSCF_LEVEL_UNENCRYPTED);
	ck_assert_int_eq(up_plain(udp(false)), VERDICT_PLAIN);
	ck_assert_int_eq(down_plain(udp(true)), VERDICT_DELIVER);
}
END_TEST

/* Rule 3: only our own addresses, in each direction and on each device. */
START_TEST(spoofed)
{
	struct build b = udp(false);
	struct tscf_binding_key flow;
	source_of(&b)[3]++;
	ck_assert_int_eq(up_plain(b), VERDICT_SPOOFED);
	ck_assert_int_eq(up_encrypted(b, &flow), VERDICT_SPOOFED);
	b = udp(true);
	destination_of(&b)[3]++;
	ck_assert_int_eq(down_plain(b), VERDICT_SPOOFED);
	ck_assert_int_eq(down_encrypted(b), VERDICT_SPOOFED);
}
END_TEST

/* On the encrypted device: an unknown flow is new once, a bound one is not, the encrypted address is no flow of the
 * plain one. */
START_TEST(on_the_encrypted_device)
{
	struct build b = udp(false), own = udp(false);
	struct tscf_binding_key flow;
	ck_assert_int_eq(up_encrypted(b, &flow), VERDICT_NEW_FLOW);
	ck_assert_uint_eq(flow.local_port, BUILD_SPORT);
	ck_assert_uint_eq(flow.remote_port, BUILD_DPORT);
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(up_encrypted(b, &flow), VERDICT_FIRST);
	ck_assert_int_eq(up_encrypted(b, &flow), VERDICT_ENCRYPTED);
	memcpy(source_of(&own), encrypted.bytes, tscf_addr_size(encrypted.family));
	ck_assert_int_eq(up_encrypted(own, &flow), VERDICT_ENCRYPTED);
	struct build late = fragment(false, false);
	ck_assert_int_eq(up_encrypted(late, &flow), VERDICT_ENCRYPTED);
}
END_TEST

/* Held: sent if its socket is still encrypted or has closed, not if it has left, and never in clear. */
START_TEST(held_packets)
{
	struct build b = udp(false), own = udp(false), foreign = udp(false), late = fragment(false, false);
	struct tscf_binding_key flow;
	struct tscf_binding *bound_now = bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(held(b, &flow), VERDICT_ENCRYPTED);
	tscf_binding_bury(bound_now, NOW);
	ck_assert_int_eq(held(b, &flow), VERDICT_NEW_FLOW);
	ck_assert_uint_eq(flow.local_port, BUILD_SPORT);
	tscf_binding_release(bound_now, NOW);
	ck_assert_int_eq(held(b, &flow), VERDICT_LEFT);
	bind_at(TSCF_LEVEL_UNENCRYPTED);
	ck_assert_int_eq(held(b, &flow), VERDICT_LEFT);
	tscf_bindings_remove(d.bindings, tscf_bindings_get(d.bindings, &bound));
	ck_assert_int_eq(held(b, &flow), VERDICT_LEFT);
	memcpy(source_of(&own), encrypted.bytes, tscf_addr_size(encrypted.family));
	ck_assert_int_eq(held(own, &flow), VERDICT_ENCRYPTED);
	ck_assert_int_eq(held(late, &flow), VERDICT_ENCRYPTED);
	source_of(&foreign)[3]++;
	ck_assert_int_eq(held(foreign, &flow), VERDICT_SPOOFED);
}
END_TEST

/* Down the encrypted tunnel, for either address. */
START_TEST(from_the_encrypted_tunnel)
{
	struct build b = udp(true);
	bind_at(TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_int_eq(down_encrypted(b), VERDICT_DELIVER);
	memcpy(destination_of(&b), encrypted.bytes, tscf_addr_size(encrypted.family));
	ck_assert_int_eq(down_encrypted(b), VERDICT_DELIVER);
}
END_TEST

/* Of a family that the tunnel has no address of. */
START_TEST(other_family)
{
	struct build b = udp(false);
	struct tscf_binding_key flow;
	d.plain.of[tscf_family_index(family)] = d.encrypted.of[tscf_family_index(family)] = (struct tscf_addr){0};
	ck_assert_int_eq(up_plain(b), VERDICT_SPOOFED);
	ck_assert_int_eq(up_encrypted(b, &flow), VERDICT_SPOOFED);
}
END_TEST

static TCase *make_case(const char *name, void (*start)(void))
{
	TCase *tc = tcase_create(name);
	tcase_add_checked_fixture(tc, start, tear_down);
	tcase_add_test(tc, nothing_bound);
	tcase_add_test(tc, unmarked_packets_of_a_bound_flow);
	tcase_add_test(tc, fragments_of_other_flows);
	tcase_add_test(tc, unreadable_quote);
	tcase_add_test(tc, quoted_later_fragment);
	tcase_add_test(tc, clear_packets_down);
	tcase_add_test(tc, grace);
	tcase_add_loop_test(tc, aside, 0, 2);
	tcase_add_test(tc, forbidden_by_policy);
	tcase_add_test(tc, released_and_closed);
	tcase_add_test(tc, exception_to_whole_address);
	tcase_add_test(tc, spoofed);
	tcase_add_test(tc, on_the_encrypted_device);
	tcase_add_test(tc, held_packets);
	tcase_add_test(tc, from_the_encrypted_tunnel);
	tcase_add_test(tc, other_family);
	return tc;
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client decide");
	suite_add_tcase(suite, make_case("IPv4", set_up_ipv4));
	suite_add_tcase(suite, make_case("IPv6", set_up_ipv6));
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
