/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which policy holds for a socket and for a packet: those of one file, read as the client reads it.
 */
#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-client/settings/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const char text[] = "policy guest { uid = 12346 level = unencrypted }\n"
			   "policy voice { protocol = udp local-port = 5060-5069 level = encrypted-only }\n"
			   "policy users { uid = 12000-12999 level = encrypted-preferred }\n"
			   "policy bank { remote = \"192.0.2.0/24\" remote-port = 443 level = encrypted-only }\n"
			   "policy six { remote = \"2001:db8::1\" protocol = tcp level = encrypted-only }\n";

static struct client_config config;

static void read_policies(void)
{
	ck_assert_int_eq(client_config_init(&config), 0);
	ck_assert_int_eq(client_config_read(&config, config_file_make(text)), 0);
	config_file_remove();
	ck_assert_uint_eq(config.policies.count, 5);
}

static void forget_policies(void)
{
	client_config_free(&config);
}

struct sample {
	uint8_t protocol;
	uint32_t uid;
	uint16_t local_port, remote_port;
	const char *remote, *policy; /* "-": none */
	bool may;                    /* policy_may_need_encryption */
};

static const struct sample samples[] = {
    {IPPROTO_UDP, 1, 5060, 0, NULL, "voice", false},
    {IPPROTO_UDP, 1, 5069, 0, NULL, "voice", false},
    {IPPROTO_UDP, 1, 5070, 0, NULL, "-", true},
    {IPPROTO_UDP, 1, 5059, 9, "192.0.3.1", "-", false},
    {IPPROTO_TCP, 1, 5060, 9, "192.0.3.1", "-", false},
    /* The first decides, and who the owner is is not known of a packet. */
    {IPPROTO_UDP, 12346, 5060, 0, NULL, "guest", false},
    {IPPROTO_UDP, 12345, 7, 0, NULL, "users", false},
    {IPPROTO_UDP, 13000, 7, 0, NULL, "-", true},
    {IPPROTO_TCP, 12999, 7, 443, "192.0.2.1", "users", false},
    {IPPROTO_TCP, 1, 7, 443, "192.0.2.1", "bank", false},
    {IPPROTO_TCP, 1, 7, 444, "192.0.2.1", "-", false},
    {IPPROTO_TCP, 1, 7, 1, "2001:db8::1", "six", false},
    {IPPROTO_UDP, 1, 7, 1, "2001:db8::1", "-", false},
    {IPPROTO_TCP, 1, 7, 1, "2001:db8::2", "-", false},
};

/* What a policy says of redundancy holds for sockets that have their level from it. */
START_TEST(redundancy)
{
	static const char some[] =
	    "policy media { local-port = 4000 level = unencrypted redundancy = auto }\n"
	    "policy fixed { local-port = 4002 level = unencrypted redundancy = 2 datagram = never }\n"
	    "policy other { local-port = 4004 level = unencrypted }\n";
	struct tscf_socket s = {.protocol = IPPROTO_UDP, .type = SOCK_DGRAM, .local_port = 4000};
	const struct policy *p;

	ck_assert_int_eq(client_config_init(&config), 0);
	ck_assert_int_eq(client_config_read(&config, config_file_make(some)), 0);
	config_file_remove();
	p = policy_behind(&config.policies, &s, 0);
	ck_assert(p && p->redundancy.given && p->redundancy.value == TSCF_REDUNDANCY_AUTO);
	s.local_port = 4002;
	p = policy_behind(&config.policies, &s, TSCF_LEVEL_UNENCRYPTED);
	ck_assert(p && p->redundancy.given && p->redundancy.value == 2);
	ck_assert(p->datagram.given && p->datagram.value == TSCF_DATAGRAM_NEVER);
	/* Its level is another, or its own. */
	ck_assert_ptr_null(policy_behind(&config.policies, &s, TSCF_LEVEL_ENCRYPTED_ONLY));
	ck_assert_ptr_null(policy_behind(&config.policies, &s, tscf_mark_explicit(TSCF_LEVEL_UNENCRYPTED)));
	s.local_port = 4004;
	p = policy_behind(&config.policies, &s, 0);
	ck_assert(p && !p->redundancy.given);
	client_config_free(&config);
	ck_assert_int_eq(client_config_init(&config), 0);
	ck_assert_int_ne(
	    client_config_read(&config, config_file_make("policy a { level = unencrypted redundancy = 5 }\n")), 0);
	config_file_remove();
	client_config_free(&config);
}
END_TEST

START_TEST(first_match)
{
	const struct sample *s = &samples[_i];
	struct tscf_socket socket = {
	    .protocol = s->protocol, .uid = s->uid, .local_port = s->local_port, .remote_port = s->remote_port};

	read_policies();
	if (s->remote)
		ck_assert_int_eq(tscf_addr_parse(s->remote, &socket.remote), 0);
	const struct policy *p = policy_of_socket(&config.policies, &socket);
	ck_assert_str_eq(p ? p->name : "-", s->policy);
	ck_assert_int_eq(policy_may_need_encryption(&config.policies, &socket, 0), s->may);
	forget_policies();
}
END_TEST

/* --- what the library tells --- */

static const char numbered[] = "policy bank { remote = 192.0.2.7 level = encrypted-only }\n"
			       "policy media { program = /opt/phone dscp = \"EF, 34\" level = encrypted-preferred }\n"
			       "policy guest { uid = 12346 level = unencrypted }\n"
			       "policy phone { program = /opt/phone level = encrypted-only }\n"
			       "policy port { program = /opt/other local-port = 7000-7009 level = encrypted-only }\n"
			       "policy voice { dscp = EF level = unencrypted }\n";

struct told {
	const char *program;
	uint8_t dscp;
	uint32_t uid;
	uint16_t local_port;
	const char *remote, *policy; /* the policy "-": none */
	uint32_t mark;               /* with encrypted-preferred as the level of tscf-run */
	bool may;                    /* policy_may_need_encryption, marked so */
};

/* Room for 7 numbers, of which four have one: the rules have the highest. */
#define MASK 0x3f00

static const struct told told[] = {
    {"/opt/phone", 0, 1, 0, NULL, "phone", 2 << 3 | 2, true},
    {"/opt/phone", 46, 1, 5004, NULL, "media", 1 << 3 | 3, true},
    {"/opt/phone", 34, 1, 5004, NULL, "media", 1 << 3 | 3, true},
    {"/opt/phone", 46, 1, 5004, "192.0.2.7", "bank", 7 << 3 | 2, false},
    {"/opt/phone", 46, 1, 5004, "192.0.2.8", "media", 1 << 3 | 3, false},
    {"/opt/phone", 0, 12346, 0, NULL, "guest", 7 << 3 | 1, true},
    {"/opt/phone2", 0, 1, 0, NULL, "-", 3, true},
    {"/opt/phon", 46, 1, 0, NULL, "voice", 4 << 3 | 1, true},
    {"/opt/other", 0, 1, 0, NULL, "-", 3, true},
    {"/opt/other", 0, 1, 7009, NULL, "port", 3 << 3 | 2, true},
    {"", 0, 1, 7009, NULL, "-", 3, true},
};

START_TEST(library)
{
	const struct told *t = &told[_i];
	struct tscf_socket socket = {.protocol = IPPROTO_UDP, .uid = t->uid, .local_port = t->local_port};
	struct policy_subject subject = {.socket = &socket, .cgroup = "", .dscp = t->dscp};

	ck_assert_int_eq(client_config_init(&config), 0);
	ck_assert_int_eq(client_config_read(&config, config_file_make(numbered)), 0);
	config_file_remove();
	subject.programs = policies_of_program(&config.policies, t->program);
	ck_assert_uint_eq(policies_numbered(&config.policies), 4);
	ck_assert_uint_eq(policies_ruled(&config.policies), 2);
	if (t->remote) {
		ck_assert_int_eq(tscf_addr_parse(t->remote, &socket.remote), 0);
		socket.remote_port = 9;
	}
	const struct policy *p = policy_of_subject(&config.policies, &subject);
	ck_assert_str_eq(p ? p->name : "-", t->policy);
	ck_assert_uint_eq(policies_value(&config.policies, MASK, &subject, TSCF_LEVEL_ENCRYPTED_PREFERRED), t->mark);
	if (t->mark >> 3)
		ck_assert_ptr_eq(policy_of_number(&config.policies, t->mark >> 3), p->number ? p : NULL);
	ck_assert_int_eq(policy_may_need_encryption(&config.policies, &socket, t->mark >> 3), t->may);
	/* Without a mark the rules alone hold. */
	const struct policy *rule = policy_of_socket(&config.policies, &socket);
	ck_assert(!rule || rule->number == 0);
	client_config_free(&config);
}
END_TEST

/* They take numbers on the mark, and so need room there. */
START_TEST(room_on_the_mark)
{
	ck_assert_int_eq(client_config_init(&config), 0);
	ck_assert_int_eq(client_config_read(&config, config_file_make(numbered)), 0);
	config_file_remove();
	ck_assert_int_eq(client_servers_add(&config.servers, "192.0.2.1"), 0);
	config.ca = strdup("/ca.pem");
	ck_assert_int_eq(client_config_check(&config), 0);
	config.fwmark_mask = 0x3f;
	ck_assert_int_eq(client_config_check(&config), 0);
	config.fwmark_mask = 0x1f;
	capture_begin();
	int err = client_config_check(&config);
	ck_assert_ptr_nonnull(
	    strstr(capture_end(), "4 policies name a program, cgroup or dscp, and fwmark-mask 0x1f has room for 3"));
	ck_assert_int_eq(err, -EINVAL);
	client_config_free(&config);
}
END_TEST

/* What comes down is refused when every owner's would be, and only then; the exception at the front may be its owner's.
 */
START_TEST(packets)
{
	struct tscf_binding_key flow = {.protocol = IPPROTO_UDP, .local_port = 5060, .remote_port = 9};

	read_policies();
	ck_assert_int_eq(tscf_addr_parse("192.0.3.1", &flow.remote), 0);
	ck_assert(!policy_forbids_clear(&config.policies, &flow));
	/* Without the two that name owners. */
	config.policies.list[0] = config.policies.list[1];
	config.policies.list[2] = config.policies.list[1];
	ck_assert(policy_forbids_clear(&config.policies, &flow));
	flow.local_port = 5070;
	ck_assert(!policy_forbids_clear(&config.policies, &flow));
	ck_assert_int_eq(tscf_addr_parse("192.0.2.7", &flow.remote), 0);
	ck_assert(!policy_forbids_clear(&config.policies, &flow));
	flow.remote_port = 443;
	ck_assert(policy_forbids_clear(&config.policies, &flow));
	ck_assert(policies_want_encryption(&config.policies));
	config.policies.count = 0;
	ck_assert(!policies_want_encryption(&config.policies));
	forget_policies();
}
END_TEST

/* Part for part, from the root on; what lies below what matches does, too. */
START_TEST(patterns_for_cgroups)
{
	static const struct {
		const char *pattern, *cgroup;
		enum policy_fit fit;
	} cases[] = {
	    {"/a/app-*.scope", "", POLICY_FIT_BELOW},
	    {"/a/app-*.scope", "/a", POLICY_FIT_BELOW},
	    {"/a/app-*.scope", "/ab", POLICY_FIT_NOT},
	    {"/a/app-*.scope", "/a/app-7.scope", POLICY_FIT},
	    {"/a/app-*.scope", "/a/app-7.scope/x/y", POLICY_FIT},
	    {"/a/app-*.scope", "/a/app-7.slice", POLICY_FIT_NOT},
	    {"/a/*", "/a/b/c", POLICY_FIT},
	    {"/*/b", "/a/c", POLICY_FIT_NOT},
	    {"/a/phone\\x2d5", "/a/phone\\x2d5", POLICY_FIT},
	    {"/", "/anything", POLICY_FIT},
	};
	struct policy p = {.level = TSCF_LEVEL_ENCRYPTED_ONLY};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(p.cgroup, sizeof(p.cgroup), "%s", cases[i].pattern);
		ck_assert_msg(policy_fits_cgroup(&p, cases[i].cgroup) == cases[i].fit, "%s and %s", cases[i].pattern,
			      cases[i].cgroup);
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client_policy");
	TCase *tc = tcase_create("policy");

	tcase_add_loop_test(tc, first_match, 0, sizeof(samples) / sizeof(samples[0]));
	tcase_add_test(tc, redundancy);
	tcase_add_test(tc, packets);
	tcase_add_loop_test(tc, library, 0, sizeof(told) / sizeof(told[0]));
	tcase_add_test(tc, room_on_the_mark);
	tcase_add_test(tc, patterns_for_cgroups);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
