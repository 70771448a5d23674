/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the guard is told: addresses and prefixes of both families in one form, policies in their order, and the moment
 * between two rules.  What the guard makes of it for a socket is what the client makes of the policies.  Words for
 * packets in the encrypted tunnel stand for one device of one namespace.  What the guard refuses is said, but not
 * often.
 */
#include "common/base/log.h"
#include "tests/unit/runner.h"
#include "tscf-client/guard/guard_plan.h"
#include "tscf-client/guard/guard_policies.h"
#include "tscf-client/guard/guard_refusals.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct guard_place places[POLICIES_MAX] = {[1] = {.inode = 77, .device = 5}};

static struct client_config config(void)
{
	struct client_config c = {
	    .fwmark_mask = 0x700, .encrypted_dev = (char *)"tscf1", .default_level = TSCF_LEVEL_ENCRYPTED_ONLY};
	struct policy *p = c.policies.list;

	c.policies.count = 2;
	p[0] = (struct policy){.uid = {0, 0, true}, .local_port = {5060, 5069}, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	ck_assert_int_eq(tscf_prefix_parse("2001:db8::ff/20", &p[0].remote), 0);
	p[1] = (struct policy){.number = 3, .program = "/usr/bin/phone", .dscps = 1, .level = TSCF_LEVEL_UNENCRYPTED};
	return c;
}

static struct routing_facts facts(void)
{
	struct routing_facts f = {.plain_device = 7, .encrypted_device = 8, .preferred = true, .route_count = 1};

	ck_assert_int_eq(tscf_addr_parse("10.9.0.2", &f.encrypted.of[0]), 0);
	ck_assert_int_eq(tscf_prefix_parse("192.0.2.77/26", &f.routes[0]), 0);
	return f;
}

START_TEST(everything_is_told)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {.since = 5, .client = 6};

	guard_plan(&c, places, &f, &net);
	ck_assert(net.since == 5 && net.client == 6 && net.plain == 7 && net.encrypted == 8);
	ck_assert(net.mask == 0x700 && net.shift == 8 && net.preferred == 1 &&
		  net.default_level == TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert_str_eq(net.device, "tscf1");
	ck_assert(net.has_native && net.native[0][3] == inet_addr("10.9.0.2") && net.native[0][2] == htonl(0xffff));
	/* A tunnel without IPv6 does not have ::, from which the kernel asks whether an address is free. */
	ck_assert(memcmp(net.native[1], net.native[0], sizeof(net.native[1])) == 0);
	ck_assert(net.route_count == 1 && net.routes[0].mask[2] == UINT32_MAX);
	ck_assert(net.routes[0].addr[3] == inet_addr("192.0.2.64") &&
		  net.routes[0].mask[3] == inet_addr("255.255.255.192"));
}
END_TEST

START_TEST(policies_keep_their_order)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {0};
	const struct guard_policy *p = net.policies;

	guard_plan(&c, places, &f, &net);
	ck_assert(net.policy_count == 2);
	ck_assert(p[0].flags == (GUARD_POLICY_UID | GUARD_POLICY_REMOTE) && p[0].uid_high == 0 &&
		  p[0].local_high == 5069);
	ck_assert(p[0].remote.addr[0] == htonl(0x20010000) && p[0].remote.mask[0] == htonl(0xfffff000));
	ck_assert(p[0].remote.mask[1] == 0 && p[0].level == TSCF_LEVEL_ENCRYPTED_ONLY);
	ck_assert(p[1].flags == GUARD_POLICY_PROGRAM && p[1].number == 3 && p[1].level == TSCF_LEVEL_UNENCRYPTED);
	ck_assert(net.numbered == 1 && p[1].dscps == 1);
	ck_assert(p[1].program.place.inode == 77 && p[1].program.place.device == 5 && p[1].program.length == 5);
	ck_assert_str_eq((const char *)p[1].program.name, "phone");
}
END_TEST

/* What is kept with sockets about the policies is out of date exactly when these are others. */
START_TEST(other_policies_are_another_generation)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {.generation = UINT32_MAX - 2};
	__u32 first;

	guard_plan(&c, places, &f, &net);
	first = net.generation;
	ck_assert_uint_eq(first, UINT32_MAX);
	f.preferred = false;
	guard_plan(&c, places, &f, &net);
	ck_assert_uint_eq(net.generation, first);
	c.policies.list[1].dscps = 2;
	guard_plan(&c, places, &f, &net);
	ck_assert_msg(net.generation != first && net.generation != 0, "0 is for sockets that have none");
}
END_TEST

/* A client that starts knows no routes; those of the one before it hold until it does. */
START_TEST(routes_are_not_forgotten)
{
	struct client_config c = config();
	struct routing_facts f = facts();
	struct guard_net net = {0};

	guard_plan(&c, places, &f, &net);
	f.route_count = 0;
	guard_plan(&c, places, &f, &net);
	ck_assert(net.route_count == 1);
}
END_TEST

START_TEST(between_two_rules)
{
	struct guard_net plain = {0}, moved = {.preferred = 1}, now;

	now = moved;
	guard_plan_between(&plain, &now);
	ck_assert_msg(!now.preferred, "sockets that are moved next still follow the old rule");
	now = plain;
	guard_plan_between(&moved, &now);
	ck_assert_msg(!now.preferred, "sockets that are moved back may go before the rule does");
}
END_TEST

/* --- the kernel and the client agree --- */

/* Few values each, so that policies and sockets meet. */
static const char *const programs[] = {"", "/opt/phone", "/opt/phone2", "/usr/bin/phone"};
static const char *const cgroups[] = {"", "/user.slice/app-1.scope", "/user.slice/app-1.scope/child", "/system.slice"};
static const char *const patterns[] = {"", "/user.slice/app-*.scope", "/*/app-1.scope/child", "/system.slice"};
static const char *const remotes[] = {"192.0.2.7", "192.0.2.99", "198.51.100.1", "2001:db8::7", "2001:db8:1::7"};
static const char *const prefixes[] = {"192.0.2.0/26", "192.0.2.7/32", "2001:db8::/48", "::ffff:0:0/96"};
static const uint8_t protocols[] = {0, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_UDPLITE};
#define ANY(list) ((list)[any(sizeof(list) / sizeof((list)[0]))])

static uint32_t any(uint32_t below)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 33) % below;
}

static struct tscf_port_range any_ports(void)
{
	uint16_t low = (uint16_t)(5060 + any(4));

	return any(2) ? (struct tscf_port_range){0} : (struct tscf_port_range){low, (uint16_t)(low + any(3))};
}

static void any_policy(struct policies *p)
{
	struct policy *one = &p->list[p->count++];
	uint32_t low = any(3);

	*one = (struct policy){.uid = {low, low + any(2), any(2)},
			       .protocol = any(2) ? ANY(protocols) : 0,
			       .local_port = any_ports(),
			       .level = (enum tscf_level)(1 + any(3))};
	if (any(2)) {
		snprintf(one->program, sizeof(one->program), "%s", ANY(programs));
		snprintf(one->cgroup, sizeof(one->cgroup), "%s", ANY(patterns));
		one->dscps = any(2) ? 1U << any(3) : 0;
	}
	one->place = p->count - 1;
	p->numbers = policy_number(one, p->numbers);
	if (one->number != 0)
		return;
	one->remote_port = any_ports();
	if (any(2))
		ck_assert_int_eq(tscf_prefix_parse(ANY(prefixes), &one->remote), 0);
}

/* As guard_groups.h tells of a cgroup. */
static __u32 fits_of(const struct policies *p, const char *cgroup)
{
	__u32 fits = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].cgroup[0] && cgroup[0] && policy_fits_cgroup(&p->list[i], cgroup) == POLICY_FIT)
			fits |= 1U << i;
	return fits;
}

/* The directory of a program has the length of its name as its number. */
static void place_of(const char *program, struct guard_program *out)
{
	const char *name = strrchr(program, '/');

	*out = (struct guard_program){0};
	if (!name)
		return;
	out->place.inode = (__u64)(name - program);
	out->length = strlen(name + 1);
	strncpy((char *)out->name, name + 1, sizeof(out->name) - 1);
}

static void map_address(const struct tscf_addr *a, __u32 out[4])
{
	memset(out, 0, 4 * sizeof(*out));
	out[2] = a->family == AF_INET ? htonl(0xffff) : 0;
	memcpy(a->family == AF_INET ? &out[3] : out, a->bytes, tscf_addr_size(a->family));
}

static __u32 value_of_guard(const struct guard_net *net, const struct policies *p, const struct policy_subject *s,
			    const char *program)
{
	struct guard_socket stored = {.uid = s->socket->uid, .dscp = {s->dscp}};
	struct flow f = {.uid = stored.uid,
			 .protocol = s->socket->protocol,
			 .local_port = s->socket->local_port,
			 .remote_port = s->socket->remote_port};
	struct guard_program here;

	place_of(program, &here);
	stored.subject = (__u16)subject_of(net, stored.uid, &here, fits_of(p, s->cgroup), &stored.found);
	if (f.remote_port != 0)
		map_address(&s->socket->remote, f.remote);
	return class_of(net, &stored, &f);
}

static void compare(const struct client_config *c, const struct guard_net *net)
{
	struct tscf_socket socket = {
	    .protocol = ANY(protocols), .uid = any(4), .local_port = any(2) ? (uint16_t)(5060 + any(7)) : 0};
	const char *program = ANY(programs);
	struct policy_subject s = {.socket = &socket,
				   .programs = policies_of_program(&c->policies, program),
				   .cgroup = ANY(cgroups),
				   .dscp = (uint8_t)any(3)};
	__u32 value;
	const struct policy *one;

	if (any(2)) {
		ck_assert_int_eq(tscf_addr_parse(ANY(remotes), &socket.remote), 0);
		socket.remote_port = (uint16_t)(5060 + any(7));
	}
	one = policy_of_subject(&c->policies, &s);
	value = value_of_guard(net, &c->policies, &s, program);
	ck_assert_msg(value == policies_value(&c->policies, c->fwmark_mask, &s, 0),
		      "policy %d of %u, level %d: the guard says 0x%x", one ? (int)(one - c->policies.list) : -1,
		      c->policies.count, one ? (int)one->level : 0, value);
}

START_TEST(the_kernel_and_the_client_agree)
{
	static const uint32_t masks[] = {0x7f000000, 0x7f000000, 0x3f00, 0xff};
	struct guard_place of_programs[POLICIES_MAX];
	struct routing_facts f = facts();
	unsigned given = 0;

	for (unsigned round = 0; round < 3000; round++) {
		struct client_config c = {.fwmark_mask = ANY(masks), .encrypted_dev = (char *)"tscf1"};
		struct guard_net net = {0};
		struct guard_program program;

		for (unsigned left = any(POLICIES_MAX + 1); left > 0; left--) {
			if (c.policies.numbers == tscf_mark_policies(c.fwmark_mask))
				break;
			any_policy(&c.policies);
			place_of(c.policies.list[c.policies.count - 1].program, &program);
			of_programs[c.policies.count - 1] = program.place;
		}
		guard_plan(&c, of_programs, &f, &net);
		for (unsigned i = 0; i < 50; i++)
			compare(&c, &net);
		given += c.policies.count;
	}
	ck_assert_uint_gt(given, 3000);
}
END_TEST

/* A word that stood for two namespaces, or two devices, would let packets of one pass for the other. */
START_TEST(quick_words_are_unique)
{
	const __u64 large = 1ULL << 40;

	ck_assert_uint_ne(guard_quick_word(5, 8), guard_quick_word(6, 8));
	ck_assert_uint_ne(guard_quick_word(5, 8), guard_quick_word(5, 9));
	ck_assert_uint_ne(guard_quick_word(large - 1, (1U << 24) - 1), 0);
	/* What does not fit has no word; nor has a namespace without an encrypted device. */
	ck_assert_uint_eq(guard_quick_word(large + 5, 8), 0);
	ck_assert_uint_eq(guard_quick_word(5, (1U << 24) + 8), 0);
	ck_assert_uint_eq(guard_quick_word(5, 0), 0);
}
END_TEST

/* @return the warning about refused packets that was logged last, and in *count how many there were; NULL: none. */
static const char *last_refusal(unsigned *count)
{
	static struct tscf_log_past past[TSCF_LOG_RECENT];
	const char *last = NULL;
	const unsigned kept = tscf_log_recent(past);

	*count = 0;
	for (unsigned i = 0; i < kept; i++) {
		if (strncmp(past[i].text, "guard: refused ", 15) != 0)
			continue;
		last = past[i].text;
		*count += past[i].count;
	}
	return last;
}

/* What was counted before is said by others, what comes in is nobody's fault here, and one burst is one line. */
START_TEST(refused_packets_are_said_after_a_moment)
{
	struct guard_counts counts = {.of = {[guard_out_only] = 90}};
	struct guard_refusals r = {0};
	unsigned lines;

	guard_refusals_look(&r, &counts, 0x700, 1000);
	counts.of[guard_in_only] = 50;
	guard_refusals_look(&r, &counts, 0x700, 100000);
	ck_assert_ptr_null(last_refusal(&lines));
	counts.of[guard_out_only] += 2;
	guard_refusals_look(&r, &counts, 0x700, 101000);
	counts.of[guard_out_policy] = 3;
	guard_refusals_look(&r, &counts, 0x700, 101000 + GUARD_REFUSALS_FIRST_MS - 1);
	ck_assert_ptr_null(last_refusal(&lines));
	guard_refusals_look(&r, &counts, 0x700, 101000 + GUARD_REFUSALS_FIRST_MS);
	ck_assert_str_eq(
	    last_refusal(&lines),
	    "guard: refused 5 packets of encrypted sockets in 105 s, since they would have left in clear; "
	    "if a firewall rule changes marks (nft list ruleset; iptables -t mangle -S), it must keep bits "
	    "0x700 of them");
}
END_TEST

START_TEST(refused_packets_are_not_said_often)
{
	const uint64_t first = 1000 + GUARD_REFUSALS_FIRST_MS, next = first + GUARD_REFUSALS_PAUSE_MS;
	struct guard_counts counts = {0};
	struct guard_refusals r = {0};
	unsigned lines;

	guard_refusals_look(&r, &counts, 0x700, 1000);
	for (uint64_t now = 1000; now < next; now += 1000) {
		counts.of[guard_out_only]++;
		guard_refusals_look(&r, &counts, 0x700, now);
	}
	last_refusal(&lines);
	ck_assert_uint_eq(lines, 1);
	guard_refusals_look(&r, &counts, 0x700, next);
	ck_assert_ptr_nonnull(strstr(last_refusal(&lines), "refused 599 packets of encrypted sockets in 600 s"));
	ck_assert_uint_eq(lines, 2);
	/* Nothing more is refused; and then the guard is made anew. */
	guard_refusals_look(&r, &counts, 0x700, next + GUARD_REFUSALS_PAUSE_MS * 2);
	guard_refusals_look(&r, &(struct guard_counts){0}, 0x700, next + GUARD_REFUSALS_PAUSE_MS * 4);
	guard_refusals_look(&r, &(struct guard_counts){0}, 0x700, next + GUARD_REFUSALS_PAUSE_MS * 5);
	last_refusal(&lines);
	ck_assert_uint_eq(lines, 2);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client guard");
	TCase *plan = tcase_create("plan"), *refusals = tcase_create("refusals");

	tcase_add_test(plan, everything_is_told);
	tcase_add_test(plan, policies_keep_their_order);
	tcase_add_test(plan, other_policies_are_another_generation);
	tcase_add_test(plan, routes_are_not_forgotten);
	tcase_add_test(plan, between_two_rules);
	tcase_add_test(plan, the_kernel_and_the_client_agree);
	tcase_add_test(plan, quick_words_are_unique);
	suite_add_tcase(suite, plan);
	tcase_add_test(refusals, refused_packets_are_said_after_a_moment);
	tcase_add_test(refusals, refused_packets_are_not_said_often);
	suite_add_tcase(suite, refusals);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
