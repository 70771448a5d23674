/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conditions of policies: how they are written, when each holds, which policies are in force then; and what they are
 * told by: the loss and round trip of keepalives, the power supplies, WiFi.
 */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-client/kernel/battery.h"
#include "tscf-client/kernel/wifi.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/settings/in_force.h"
#include "tscf-client/tunnel/quality.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UNKNOWN CONDITION_UNKNOWN
#define HOLDS   CONDITION_HOLDS
#define FAILS   CONDITION_FAILS

#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct condition_facts nothing = {.loss = -1, .rtt = -1};

static struct condition parsed(const char *text)
{
	struct condition c;

	ck_assert_int_eq(condition_parse(text, &c), 0);
	return c;
}

START_TEST(written)
{
	static const char *const texts[][2] = {
	    {"trusted", "trusted"},
	    {" not  untrusted ", "trusted"},
	    {"untrusted", "untrusted"},
	    {"not trusted", "untrusted"},
	    {"battery", "battery"},
	    {"not battery", "not battery"},
	    {"wifi-open", "wifi-open"},
	    {"not wifi-secure", "not wifi-secure"},
	    {"metered", "metered"},
	    {"loss > 2%", "loss > 2%"},
	    {"loss>99%", "loss > 99%"},
	    {"not loss > 2 %", "not loss > 2%"},
	    {"rtt > 150ms", "rtt > 150ms"},
	    {"rtt >10000 ms", "rtt > 10000ms"},
	    {"connection Home", "connection Home"},
	    {"not connection  My \"Office\" LAN 2 ", "not connection My \"Office\" LAN 2"},
	    {"connection not metered", "connection not metered"}};
	static const char *const refused[] = {
	    "",           "not",         "not not trusted", "trusted battery", "trustedly",
	    "loss",       "loss > %",    "loss > 0%",       "loss > 100%",     "loss > 2",
	    "loss < 2%",  "loss > 2ms",  "rtt > 150",       "rtt > 10001ms",   "rtt > -1ms",
	    "connection", "connection ", "connection-less", "connection a\nb", "connection " SIXTY_FOUR "x",
	    "wired",      "wifi",        "wifi-opened",     "loss > 2%x",      "rtt > 99999999999999999999ms"};
	char text[CONDITION_TEXT];
	struct condition c;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		c = parsed(texts[i][0]);
		ck_assert_str_eq(condition_format(&c, text), texts[i][1]);
		struct condition again = parsed(text);
		ck_assert(condition_equal(&c, &again));
	}
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_int_eq(condition_parse(refused[i], &c), -EINVAL);
}
END_TEST

/* What is not measured follows what is known at once; a negation of what is unknown is unknown. */
START_TEST(known)
{
	struct condition_watch plain = {.is = parsed("trusted")}, negated = {.is = parsed("untrusted")};
	struct condition_facts f = nothing;

	ck_assert(!condition_update(&plain, &f, 10) && !condition_update(&negated, &f, 10));
	f.trusted = HOLDS;
	ck_assert(condition_update(&plain, &f, 20) && plain.state == HOLDS && plain.since == 20);
	ck_assert(condition_update(&negated, &f, 20) && negated.state == FAILS);
	f.trusted = FAILS;
	ck_assert(condition_update(&plain, &f, 21) && plain.state == FAILS && plain.since == 21);
	ck_assert(condition_update(&negated, &f, 21) && negated.state == HOLDS);
	f.trusted = UNKNOWN;
	ck_assert(condition_update(&plain, &f, 22) && plain.state == UNKNOWN);
	ck_assert(condition_update(&negated, &f, 22) && negated.state == UNKNOWN);
	ck_assert(condition_due(&plain) == UINT64_MAX);
}
END_TEST

/* Names are compared as a whole; of no connection nothing is known. */
START_TEST(named)
{
	struct condition_watch home = {.is = parsed("connection Home")}, away = {.is = parsed("not connection Home")},
			       longest = {.is = parsed("connection " SIXTY_FOUR)};
	struct condition_facts f = nothing;

	ck_assert(!condition_update(&home, &f, 10) && !condition_update(&away, &f, 10));
	f.connection = "";
	ck_assert(!condition_update(&home, &f, 20) && home.state == UNKNOWN);
	f.connection = "Home";
	ck_assert(condition_update(&home, &f, 30) && home.state == HOLDS);
	ck_assert(condition_update(&away, &f, 30) && away.state == FAILS);
	ck_assert(condition_update(&longest, &f, 30) && longest.state == FAILS);
	f.connection = "Home 2";
	ck_assert(condition_update(&home, &f, 40) && home.state == FAILS);
	ck_assert(condition_update(&away, &f, 40) && away.state == HOLDS);
	f.connection = SIXTY_FOUR "x";
	ck_assert(!condition_update(&longest, &f, 50) && longest.state == FAILS);
	f.connection = SIXTY_FOUR;
	ck_assert(condition_update(&longest, &f, 60) && longest.state == HOLDS);
	f.connection = NULL;
	ck_assert(condition_update(&longest, &f, 70) && longest.state == UNKNOWN);
}
END_TEST

struct step {
	uint64_t at;
	int value;
	enum condition_state state;
};

/* Of "loss > 2%", in tenths of a percent. */
static const struct step steps[] = {
    {1000, -1, UNKNOWN},
    {2000, 20, FAILS},
    /* It must be above the limit for five seconds. */
    {3000, 21, FAILS},
    {7999, 900, FAILS},
    {8000, 21, HOLDS},
    /* Just below the limit it still holds, and it forgets that it was lower for a moment. */
    {9000, 17, HOLDS},
    {10000, 16, HOLDS},
    {12000, 17, HOLDS},
    {60000, 17, HOLDS},
    {61000, 16, HOLDS},
    {65999, 0, HOLDS},
    {66000, 16, FAILS},
    {67000, 30, FAILS},
    {68000, 20, FAILS},
    {69000, 30, FAILS},
    {73999, 30, FAILS},
    /* Without a value the verdict stands, and the five seconds begin anew. */
    {74000, -1, FAILS},
    {75000, 30, FAILS},
    {79999, 30, FAILS},
    {80000, 30, HOLDS},
    {90000, -1, HOLDS},
};

START_TEST(measured)
{
	struct condition_watch loss = {.is = parsed("loss > 2%")}, opposite = {.is = parsed("not loss > 2%")};
	static const enum condition_state other[] = {
	    [CONDITION_UNKNOWN] = UNKNOWN, [CONDITION_HOLDS] = FAILS, [CONDITION_FAILS] = HOLDS};

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct condition_facts f = {.loss = steps[i].value, .rtt = -1};

		condition_update(&loss, &f, steps[i].at);
		condition_update(&opposite, &f, steps[i].at);
		ck_assert_msg(loss.state == steps[i].state && opposite.state == other[steps[i].state], "at %u",
			      (unsigned)steps[i].at);
		ck_assert_uint_eq(condition_due(&loss), condition_due(&opposite));
		ck_assert(condition_due(&loss) > steps[i].at);
	}
}
END_TEST

START_TEST(round_trip)
{
	struct condition_watch rtt = {.is = parsed("rtt > 150ms")};
	struct condition_facts f = nothing;

	f.rtt = 151;
	ck_assert(condition_update(&rtt, &f, 1) && rtt.state == HOLDS);
	f.rtt = 121;
	ck_assert(!condition_update(&rtt, &f, 2) && condition_due(&rtt) == UINT64_MAX);
	f.rtt = 120;
	ck_assert(!condition_update(&rtt, &f, 3) && condition_due(&rtt) == 3 + CONDITION_HOLD_MS);
	ck_assert(condition_update(&rtt, &f, condition_due(&rtt)) && rtt.state == FAILS);
}
END_TEST

static const char file[] = "policy strict { local-port = 1 level = encrypted-only when = {untrusted, battery} }\n"
			   "policy relaxed { local-port = 2 level = unencrypted when = trusted }\n"
			   "policy better { program = /a level = encrypted-preferred when = \"loss > 2%\" }\n"
			   "policy always { program = /b level = encrypted-only }\n";

/* The names of the policies in force, by the states of trusted, battery and loss. */
static const char *in_force(const struct client_config *c, enum condition_state trusted, enum condition_state battery,
			    int loss)
{
	static char names[128];
	const struct condition_facts f = {.trusted = trusted, .battery = battery, .loss = loss, .rtt = -1};
	struct condition_list list = {.count = 0};
	struct policies out;

	in_force_collect(&list, &c->written, 1);
	ck_assert_uint_eq(list.count, 4);
	for (unsigned i = 0; i < list.count; i++)
		condition_update(&list.list[i], &f, 2);
	in_force_select(&c->written, &list, &out);
	names[0] = '\0';
	for (unsigned i = 0; i < out.count; i++) {
		strcat(strcat(names, i > 0 ? " " : ""), out.list[i].name);
		/* Marks and rules of a policy stay the same while others come and go. */
		ck_assert_str_eq(c->written.list[out.list[i].place].name, out.list[i].name);
		ck_assert_uint_eq(c->written.list[out.list[i].place].number, out.list[i].number);
	}
	ck_assert_uint_eq(out.numbers, 2);
	ck_assert_uint_eq(policies_rule_number(&out, 0x7f000000), policies_rule_number(&c->written, 0x7f000000));
	return names;
}

static void read_config(struct client_config *c)
{
	ck_assert_int_eq(client_config_init(c), 0);
	ck_assert_int_eq(client_config_read(c, config_file_make(file)), 0);
	config_file_remove();
}

/* All conditions of a policy must hold.  An unknown one leaves encrypted-only in force, and nothing else. */
START_TEST(which_policies)
{
	struct client_config c;

	read_config(&c);
	ck_assert_str_eq(in_force(&c, FAILS, HOLDS, 30), "strict better always");
	ck_assert_str_eq(in_force(&c, FAILS, FAILS, 10), "always");
	ck_assert_str_eq(in_force(&c, HOLDS, HOLDS, 20), "relaxed always");
	ck_assert_str_eq(in_force(&c, UNKNOWN, HOLDS, -1), "strict always");
	ck_assert_str_eq(in_force(&c, FAILS, UNKNOWN, 0), "strict always");
	/* One is known not to hold. */
	ck_assert_str_eq(in_force(&c, UNKNOWN, FAILS, 0), "always");
	ck_assert_str_eq(in_force(&c, HOLDS, UNKNOWN, 0), "relaxed always");
	/* Until the client has looked. */
	ck_assert_uint_eq(c.policies.count, 2);
	ck_assert_str_eq(c.policies.list[0].name, "strict");
	ck_assert_str_eq(c.policies.list[1].name, "always");
	client_config_free(&c);
}
END_TEST

/* A reload keeps what is known of a condition that stays. */
START_TEST(collected_again)
{
	struct condition_list list = {.count = 0};
	struct condition_facts f = {.trusted = HOLDS, .battery = HOLDS, .loss = -1, .rtt = -1};
	struct client_config c;

	read_config(&c);
	in_force_collect(&list, &c.written, 1);
	for (unsigned i = 0; i < list.count; i++)
		condition_update(&list.list[i], &f, 2);
	c.written.count = 2;
	in_force_collect(&list, &c.written, 3);
	ck_assert_uint_eq(list.count, 3);
	for (unsigned i = 0; i < list.count; i++)
		ck_assert(list.list[i].state != UNKNOWN && list.list[i].since == 2);
	c.written.count = 4;
	in_force_collect(&list, &c.written, 4);
	ck_assert(list.list[3].state == UNKNOWN && list.list[3].since == 4);
	client_config_free(&c);
}
END_TEST

/* --- what is measured --- */

START_TEST(quality)
{
	struct quality q = {.count = 0};

	for (unsigned i = 1; i < QUALITY_LEAST; i++)
		quality_answered(&q, 40);
	ck_assert(quality_loss(&q) == -1 && quality_round_trip(&q) == -1);
	quality_lost(&q);
	ck_assert_int_eq(quality_loss(&q), 100);
	ck_assert_int_eq(quality_round_trip(&q), 40);
	for (unsigned i = 0; i < QUALITY_WINDOW; i++)
		quality_answered(&q, 200);
	ck_assert_int_eq(quality_loss(&q), 0);
	ck_assert_int_ge(quality_round_trip(&q), 199);
	ck_assert_int_le(quality_round_trip(&q), 200);
	for (unsigned i = 0; i < QUALITY_WINDOW; i++)
		quality_lost(&q);
	ck_assert_int_eq(quality_loss(&q), 1000);
	q = (struct quality){.count = 0};
	for (unsigned i = 0; i < QUALITY_LEAST; i++)
		quality_lost(&q);
	ck_assert_int_eq(quality_round_trip(&q), -1);
	quality_answered(&q, UINT64_MAX);
	ck_assert_int_eq(quality_round_trip(&q), 60000);
}
END_TEST

static void put(const char *folder, const char *supply, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, supply);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, supply, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

START_TEST(battery)
{
	char folder[] = "/tmp/tscf-battery.XXXXXX", command[64];

	ck_assert_int_eq(battery_look("/nonexistent"), UNKNOWN);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(battery_look(folder), FAILS);
	put(folder, "mouse", "type", "Battery");
	put(folder, "mouse", "scope", "Device");
	put(folder, "mouse", "status", "Discharging");
	ck_assert_int_eq(battery_look(folder), FAILS);
	put(folder, "BAT0", "type", "Battery");
	put(folder, "BAT0", "status", "Unknown");
	ck_assert_int_eq(battery_look(folder), UNKNOWN);
	put(folder, "BAT0", "status", "Discharging");
	ck_assert_int_eq(battery_look(folder), HOLDS);
	put(folder, "AC", "type", "Mains");
	put(folder, "AC", "online", "0");
	ck_assert_int_eq(battery_look(folder), HOLDS);
	put(folder, "AC", "online", "1");
	ck_assert_int_eq(battery_look(folder), FAILS);
	put(folder, "AC", "online", "0");
	put(folder, "BAT0", "status", "Full");
	ck_assert_int_eq(battery_look(folder), FAILS);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* --- WiFi --- */

static const struct {
	const char *kind;
	enum tscf_wireless wireless;
	enum condition_state open, secure;
} wifis[] = {
    {"", TSCF_WIRELESS_OPEN, HOLDS, FAILS},
    {"", TSCF_WIRELESS_SECURE, FAILS, HOLDS},
    {"", TSCF_WIRELESS_UNKNOWN, UNKNOWN, UNKNOWN},
    /* A cable. */
    {"", TSCF_WIRELESS_NONE, FAILS, FAILS},
    {"wwan", TSCF_WIRELESS_NONE, FAILS, FAILS},
    /* What is below is not looked at. */
    {"bond", TSCF_WIRELESS_NONE, UNKNOWN, UNKNOWN},
    {"wireguard", TSCF_WIRELESS_NONE, UNKNOWN, UNKNOWN},
    /* Some drivers of WiFi name a kind. */
    {"virt_wifi", TSCF_WIRELESS_OPEN, HOLDS, FAILS},
};

START_TEST(wifi)
{
	struct condition_watch open = {.is = parsed("wifi-open")}, secure = {.is = parsed("wifi-secure")};
	struct condition_facts f = nothing;
	struct wifi w = {.open = UNKNOWN};

	wifi_judge(&w, wifis[_i].kind, wifis[_i].wireless);
	ck_assert(w.open == wifis[_i].open && w.secure == wifis[_i].secure);
	f.wifi_open = w.open;
	f.wifi_secure = w.secure;
	condition_update(&open, &f, 1);
	condition_update(&secure, &f, 1);
	ck_assert(open.state == w.open && secure.state == w.secure);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client conditions");
	TCase *tc = tcase_create("conditions");

	tcase_add_test(tc, written);
	tcase_add_test(tc, known);
	tcase_add_test(tc, named);
	tcase_add_test(tc, measured);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, which_policies);
	tcase_add_test(tc, collected_again);
	tcase_add_test(tc, quality);
	tcase_add_test(tc, battery);
	tcase_add_loop_test(tc, wifi, 0, sizeof(wifis) / sizeof(wifis[0]));
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
