/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What init decides and prints: ranges that are free, chains of a firewall that drop, and the texts that it writes. */
#include "tests/unit/runner.h"
#include "tscf-server/setup/firewall.h"
#include "tscf-server/setup/init_text.h"
#include "tscf-server/setup/pool_choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- ranges --- */

static void chosen(const char *taken, const char *plain, const char *encrypted)
{
	struct server_prefixes list = {0};
	struct tscf_prefix p, one, other;
	char words[256], text[TSCF_ADDR_TEXT], *save;

	strcpy(words, taken);
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		ck_assert_int_eq(tscf_prefix_parse(word, &p), 0);
		ck_assert_int_eq(server_prefixes_add(&list, &p), 0);
	}
	if (!plain) {
		ck_assert_int_eq(pool_choose(&list, &one, &other), -ENOSPC);
	} else {
		ck_assert_int_eq(pool_choose(&list, &one, &other), 0);
		ck_assert_str_eq(tscf_prefix_format(&one, text), plain);
		ck_assert_str_eq(tscf_prefix_format(&other, text), encrypted);
	}
	server_prefixes_clear(&list);
}

START_TEST(ranges)
{
	chosen("", "10.8.0.0/20", "10.8.16.0/20");
	chosen("192.0.2.0/24 10.7.0.0/16", "10.8.0.0/20", "10.8.16.0/20");
	/* One address of the second range is enough, and so is a block around both. */
	chosen("10.8.31.255/32", "10.9.0.0/20", "10.9.16.0/20");
	chosen("10.8.0.1/32 10.8.0.0/15", "10.10.0.0/20", "10.10.16.0/20");
	chosen("10.8.32.0/20", "10.8.0.0/20", "10.8.16.0/20");
	chosen("10.0.0.0/8", "172.16.0.0/20", "172.16.16.0/20");
	chosen("10.8.0.0/13 10.16.0.0/12 10.32.0.0/11 10.64.0.0/10 10.128.0.0/9 172.16.0.0/12", "10.0.0.0/20",
	       "10.0.16.0/20");
	chosen("10.0.0.0/8 172.16.0.0/12", NULL, NULL);
	chosen("2001:db8::/32", "10.8.0.0/20", "10.8.16.0/20");
}
END_TEST

/* --- firewalls --- */

static const char listing[] = "table ip filter {\n"
			      "\tchain INPUT {\n"
			      "\t\ttype filter hook input priority filter; policy accept;\n"
			      "\t}\n"
			      "\tchain FORWARD {\n"
			      "\t\ttype filter hook forward priority filter; policy drop;\n"
			      "\t}\n"
			      "}\n"
			      "table inet own {\n"
			      "\tchain helpers {\n"
			      "\t}\n"
			      "\tchain in {\n"
			      "\t\ttype filter hook input priority 0; policy drop;\n"
			      "\t}\n"
			      "\tchain out {\n"
			      "\t\ttype filter hook output priority 0; policy drop;\n"
			      "\t}\n"
			      "}\n";

static struct server_config config;

static void setup(void)
{
	struct tscf_prefix p;

	ck_assert_int_eq(server_config_init(&config), 0);
	tscf_prefix_parse("10.8.0.0/20", &p);
	server_prefixes_add(&config.interfaces->pool, &p);
	tscf_prefix_parse("2001:db8::/64", &p);
	server_prefixes_add(&config.interfaces->pool, &p);
	tscf_prefix_parse("10.8.16.0/20", &p);
	server_prefixes_add(&config.interfaces->encrypted_pool, &p);
}

static void teardown(void)
{
	server_config_free(&config);
}

static char *printed(const struct firewall *firewall)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	ck_assert(firewall_print(firewall, &config, f) ==
		  (firewall->count > 0 || firewall->firewalld || firewall->ufw));
	fclose(f);
	return text;
}

START_TEST(chains)
{
	struct firewall f;
	char *text;

	firewall_parse(listing, &f);
	ck_assert_uint_eq(f.count, 2);
	ck_assert(!f.firewalld && !f.ufw);
	ck_assert_str_eq(f.chains[0].table, "filter");
	ck_assert_str_eq(f.chains[0].name, "FORWARD");
	ck_assert(f.chains[0].forward);
	ck_assert_str_eq(f.chains[1].family, "inet");
	ck_assert_str_eq(f.chains[1].name, "in");
	text = printed(&f);
	ck_assert_str_eq(text, "    nft insert rule inet own in udp dport 2004-2005 accept\n"
			       "    nft insert rule inet own in tcp dport 2004-2005 accept\n"
			       "    nft insert rule ip filter FORWARD iifname '{ \"tscf0\", \"tscf1\" }' accept\n"
			       "    nft insert rule ip filter FORWARD oifname '{ \"tscf0\", \"tscf1\" }' accept\n");
	free(text);
}
END_TEST

START_TEST(none)
{
	struct firewall f;
	char *text;

	firewall_parse("", &f);
	text = printed(&f);
	ck_assert_str_eq(text, "");
	free(text);
	/* What init has written drops what does not belong to the tunnels. */
	firewall_parse(
	    "table ip tscf_server {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy "
	    "accept;\n\t\tiifname { \"tscf0\", \"tscf1\" } accept\n\t\tdrop\n\t}\n}\n",
	    &f);
	ck_assert_uint_eq(f.count, 0);
	firewall_parse("table ip x {\n\tchain y {\n", &f);
	ck_assert_uint_eq(f.count, 0);
}
END_TEST

START_TEST(others)
{
	struct firewall f;
	char *text;

	firewall_parse("table inet firewalld {\n\tchain filter_INPUT {\n\t\ttype filter hook input priority filter + "
		       "10; policy drop;\n",
		       &f);
	ck_assert(f.firewalld);
	ck_assert_uint_eq(f.count, 0);
	config.interfaces->protocols = SERVER_BIT(SERVER_UDP) | SERVER_BIT(SERVER_DTLS);
	text = printed(&f);
	ck_assert_ptr_nonnull(strstr(text, "firewall-cmd --permanent --add-port=2004-2005/udp\n"));
	ck_assert_ptr_null(strstr(text, "/tcp"));
	free(text);
	f = (struct firewall){.ufw = true};
	text = printed(&f);
	ck_assert_ptr_nonnull(strstr(text, "    ufw allow 2004:2005/udp\n"));
	free(text);
}
END_TEST

/* A chain may accept by its policy, and drop by a rule that takes all packets; what comes before counts or logs. */
START_TEST(last_rules)
{
	static const char *const all[] = {"drop",
					  "reject",
					  "counter packets 5 bytes 300 drop",
					  "counter reject with icmpx admin-prohibited",
					  "log prefix \"drop: \" level warn drop comment \"rest\"",
					  "counter log reject"},
				 *const some[] = {"ip saddr 192.0.2.1 drop",
						  "dropped",
						  "counter accept",
						  "log prefix \" drop\" accept",
						  "meta l4proto tcp reject with tcp reset",
						  "jump drop"};
	static const char format[] = "table inet t {\n\tchain own {\n\t\tdrop\n\t}\n\tchain c {\n"
				     "\t\ttype filter hook %s priority filter; policy accept;\n"
				     "\t\tct state established accept\n\t\t%s\n\t}\n\tchain other {\n\t\tdrop\n";
	char text[512];
	struct firewall f;

	for (unsigned i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), format, "forward", all[i]);
		firewall_parse(text, &f);
		ck_assert_msg(f.count == 1, "%s", all[i]);
		ck_assert_str_eq(f.chains[0].name, "c");
		ck_assert(f.chains[0].forward);
		snprintf(text, sizeof(text), format, "output", all[i]);
		firewall_parse(text, &f);
		ck_assert_uint_eq(f.count, 0);
		snprintf(text, sizeof(text), format, "input", some[i]);
		firewall_parse(text, &f);
		ck_assert_msg(f.count == 0, "%s", some[i]);
	}
}
END_TEST

START_TEST(too_many)
{
	char text[64 * 128] = "table inet t {\n";
	struct firewall f;

	for (int i = 0; i < FIREWALL_CHAINS_MAX + 4; i++)
		strcat(text, "chain c {\n type filter hook input priority 0; policy drop;\n}\n");
	firewall_parse(text, &f);
	ck_assert_uint_eq(f.count, FIREWALL_CHAINS_MAX);
}
END_TEST

/* --- texts --- */

static char *text_of(void (*write)(const struct init_plan *plan, FILE *out), bool forwards)
{
	struct init_plan plan = {.config = &config, .config_file = "/x.conf", .forwards = forwards};
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	write(&plan, f);
	fclose(f);
	return text;
}

START_TEST(rules)
{
	char *text = text_of(init_text_nft, false);

	/* IPv6 addresses are not translated. */
	ck_assert_ptr_nonnull(
	    strstr(text, "ip saddr { 10.8.0.0/20, 10.8.16.0/20 } oifname != { \"tscf0\", \"tscf1\" } masquerade\n"));
	ck_assert_ptr_nonnull(strstr(text, "\t\tdrop\n"));
	free(text);
	/* A router goes on forwarding for others. */
	text = text_of(init_text_nft, true);
	ck_assert_ptr_null(strstr(text, "drop"));
	free(text);
	text = text_of(init_text_commands, true);
	ck_assert_ptr_null(strstr(text, "ip_forward"));
	ck_assert_ptr_null(strstr(text, "drop"));
	free(text);
}
END_TEST

/** As they are written, names are read again. */
START_TEST(names)
{
	static const char *const given[] = {"[2001:db8::1]", "[2001:db8::1]:7", "vpn.example.org", "192.0.2.1:9"};
	struct server_public_names *list = &config.interfaces->public_names;
	char *text;

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(tscf_invitation_server_parse(given[i], strlen(given[i]), 0, &list->at[list->count++]),
				 0);
	config.interfaces->psk_file = strdup("/x.psk");
	text = text_of(init_text_config, false);
	ck_assert_ptr_nonnull(strstr(
	    text, "public-name = { \"[2001:db8::1]\", \"[2001:db8::1]:7\", \"vpn.example.org\", \"192.0.2.1:9\" }"));
	free(text);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server_setup");
	TCase *t = tcase_create("init");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ranges);
	tcase_add_test(t, chains);
	tcase_add_test(t, none);
	tcase_add_test(t, others);
	tcase_add_test(t, last_rules);
	tcase_add_test(t, too_many);
	tcase_add_test(t, rules);
	tcase_add_test(t, names);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
