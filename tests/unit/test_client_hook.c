/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the client's script is told, and its variables. */
#include "tests/unit/runner.h"
#include "tscf-client/admin/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hook_state nothing;

static struct tscf_control_address ipv4(uint8_t last, uint16_t port)
{
	return (struct tscf_control_address){.family = 4, .port = port, .bytes = {192, 0, 2, last}};
}

static struct hook_state state(bool plain, bool encrypted)
{
	struct hook_state s = {.route_count = 1};

	s.config.plain = (struct tscf_control_tunnel){.up = plain, .mtu = 1340, .device = "tscf0", .transport = "udp"};
	s.config.encrypted =
	    (struct tscf_control_tunnel){.up = encrypted, .mtu = 1300, .device = "tscf1", .transport = "dtls"};
	s.config.plain.ipv4 = ipv4(2, 0);
	s.config.encrypted.ipv4 = ipv4(3, 0);
	s.config.server = ipv4(1, 2004);
	s.config.nat = ipv4(9, 4711);
	s.config.dns[0] = ipv4(53, 0);
	s.config.dns[1] = (struct tscf_control_address){.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x53}};
	ck_assert_int_eq(tscf_prefix_parse("10.0.0.0/8", &s.routes[0]), 0);
	return s;
}

/* Everything that there is to tell from one state to the other, as names. */
static void expect(const struct hook_state *from, const struct hook_state *to, const char *names)
{
	struct hook_state reported = *from;
	enum hook_reason reason;
	char got[200] = "";

	while ((reason = hook_next_reason(&reported, to)) != HOOK_NONE) {
		ck_assert_uint_lt(strlen(got), 100);
		strcat(strcat(got, got[0] ? " " : ""), hook_reason_name(reason));
		hook_note(&reported, reason, to);
	}
	ck_assert_str_eq(got, names);
}

START_TEST(order)
{
	struct hook_state both = state(true, true), plain = state(true, false), encrypted = state(false, true);

	expect(&nothing, &nothing, "");
	expect(&nothing, &both, "plain-up encrypted-up");
	expect(&both, &both, "");
	expect(&both, &nothing, "encrypted-down plain-down");
	expect(&plain, &both, "encrypted-up");
	expect(&both, &plain, "encrypted-down");
	/* An encrypted tunnel may outlive the plain one. */
	expect(&both, &encrypted, "plain-down");
	expect(&encrypted, &plain, "encrypted-down plain-up");
}
END_TEST

START_TEST(changes)
{
	struct hook_state before = state(true, true), after = before;

	after.config.plain.mtu = 1200;
	expect(&before, &after, "plain-changed");
	after = before;
	after.config.nat.port = 4712;
	expect(&before, &after, "plain-changed");
	after = before;
	after.config.dns[1].family = 0;
	expect(&before, &after, "plain-changed");
	after = before;
	after.routes[0].length = 9;
	expect(&before, &after, "plain-changed");
	after = before;
	after.route_count = 0;
	after.config.encrypted.ipv4 = ipv4(4, 0);
	expect(&before, &after, "plain-changed encrypted-changed");
	/* What changes while a tunnel is down is not told. */
	before.config.plain.up = after.config.plain.up = 0;
	expect(&before, &after, "encrypted-changed");
}
END_TEST

static void variable(const struct hook_environment *e, const char *text)
{
	unsigned i;

	for (i = 0; e->list[i] && strcmp(e->list[i], text) != 0; i++)
		;
	ck_assert_msg(e->list[i] != NULL, "no %s", text);
}

START_TEST(variables)
{
	struct hook_state s = state(true, true);
	struct hook_environment *e = malloc(sizeof(*e));

	ck_assert_int_eq(tscf_prefix_parse("2001:db8::/32", &s.routes[1]), 0);
	s.route_count = 2;
	hook_variables(&s, HOOK_PLAIN_UP, "/run/c", e);
	variable(e, "TSCF_REASON=plain-up");
	variable(e, "TSCF_CONTROL=/run/c");
	variable(e, "TSCF_DEVICE=tscf0");
	variable(e, "TSCF_TRANSPORT=udp");
	variable(e, "TSCF_MTU=1340");
	variable(e, "TSCF_ADDRESSES=192.0.2.2");
	variable(e, "TSCF_ROUTES=10.0.0.0/8 2001:db8::/32");
	variable(e, "TSCF_DNS=192.0.2.53 2001:db8::53");
	variable(e, "TSCF_SIP=");
	variable(e, "TSCF_SERVER=192.0.2.1:2004");
	variable(e, "TSCF_NAT=192.0.2.9:4711");
	s.config.nat.family = 0;
	hook_variables(&s, HOOK_ENCRYPTED_CHANGED, "/run/c", e);
	variable(e, "TSCF_REASON=encrypted-changed");
	variable(e, "TSCF_DEVICE=tscf1");
	variable(e, "TSCF_ADDRESSES=192.0.2.3");
	variable(e, "TSCF_TRANSPORT=dtls");
	variable(e, "TSCF_NAT=");
	ck_assert_ptr_null(e->list[HOOK_VARIABLES_MAX]);
	free(e);
}
END_TEST

/* As many and as long as there can be: cut nowhere. */
START_TEST(longest)
{
	struct hook_state s = state(true, true);
	struct hook_environment *e = malloc(sizeof(*e));
	unsigned i, blanks = 0;

	for (s.route_count = 0; s.route_count < ROUTING_ROUTES_MAX; s.route_count++)
		ck_assert_int_eq(
		    tscf_prefix_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128", &s.routes[s.route_count]), 0);
	hook_variables(&s, HOOK_PLAIN_UP, "/run/c", e);
	for (i = 0; strncmp(e->list[i], "TSCF_ROUTES=", 12) != 0; i++)
		;
	for (const char *c = e->list[i]; *c; c++)
		blanks += *c == ' ';
	ck_assert_uint_eq(blanks, ROUTING_ROUTES_MAX - 1);
	ck_assert_str_eq(e->list[i] + strlen(e->list[i]) - 4, "/128");
	free(e);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client_hook");
	TCase *t = tcase_create("hook");

	tcase_add_test(t, order);
	tcase_add_test(t, changes);
	tcase_add_test(t, variables);
	tcase_add_test(t, longest);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
