/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-server/settings/config.h"
#include "tscf-server/settings/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reader(void *config, const char *file)
{
	return server_config_read(config, file);
}

#define INTERFACE(body) "tscf-interface a {\n" body "\n}\n"

static const struct config_case wrong[] = {
    {"mtu = 1501\n", 1, "1501", "576 to 1500"},
    {"tunnel-persistence-time = 9\n", 1, "\"9\"", "10 to 700"},
    {"tunnel-persistence-time = 701\n", 1, "701", "0 (no limit)"},
    {"keepalive-timer-datagram = 661\n", 1, "661", "660"},
    {"mtu = 1300\nkeepalive-timer = 29\n", 2, "\"29\"", "30 to 660"},
    {"server-keepalive-timer = 4\n", 1, "4", "5 to 660"},
    {"keepalive-timer = 661\n", 1, "661", "0 (as the client has it)"},
    {"dns = { 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4,\n192.0.2.5 }\n", 2, "192.0.2.5", "at most four"},
    {"sip-server = sip.example.org\n", 1, "sip.example.org", "IP address"},
    {"route = { \"192.0.2.0/24\",\n\"192.0.2.0/33\" }\n", 2, "192.0.2.0/33", "IP block"},
    {"route = \"2001:db8::/129\"\n", 1, "2001:db8", "IP block"},
    {"key = key.pem\n", 1, "key.pem", "absolute"},
    {"state-dir = \"\"\n", 1, "state-dir", "directory"},
    {"accounting-log = log\n", 1, "log", "absolute"},
    {"radius-access = radiusclient.conf\n", 1, "radiusclient.conf", "absolute"},
    {"radius-timeout = 9\n", 1, "9", "1 to 8"},
    {"radius-accounting = radiusclient.conf\n", 1, "radiusclient.conf", "absolute"},
    {"client-limits = limits\n", 1, "limits", "absolute"},
    {"accounting-interval = 86401\n", 1, "86401", "0 (only start and stop) to 86400"},
    {"redundancy-bound = 201\n", 1, "201", "20 to 200"},
    {"# comment\nstate = enabled\n", 2, "no such option 'state'", "tscf-interface"},
    {"tscf-interface {\n}\n", 1, "title", "tscf-interface"},
    {INTERFACE("") INTERFACE(""), 4, "duplicate", "'a'"},
    {INTERFACE("state = on"), 2, "on", "enabled or disabled"},
    {INTERFACE("assigned-services = \"DTTE,FOO\""), 2, "DTTE,FOO",
     "DTTE, SIP, redundancy, DDT, server-keepalive, nagle, inter-client-block"},
    {INTERFACE("# comment\nmax-tunnels = 200001"), 3, "200001", "200000"},
    {INTERFACE("max-encrypted-tunnels = -1"), 2, "-1", "200000"},
    {INTERFACE("max-tunnels-per-source = x"), 2, "x", "no limit"},
    {INTERFACE("nagle-time = 51"), 2, "51", "1 to 50"},
    {INTERFACE("inter-client-block = 2"), 2, "2", "true or false"},
    {"inter-client-block = false\n", 1, "no such option 'inter-client-block' here",
     "belongs in a section tscf-interface"},
    {"transport-protocol = udp\n", 1, "no such option 'transport-protocol' here", "in a section tscf-port {"},
    {INTERFACE("mtu = 1340"), 2, "no such option 'mtu'", "assigned-services"},
    {INTERFACE("tscf-port { address = nowhere }"), 2, "nowhere", "IP address"},
    {INTERFACE("tscf-port { port = 2004 }"), 2, "no address", "address = "},
    {INTERFACE("tscf-port { address = 192.0.2.1\nport = 65535 }"), 3, "65535", "next one"},
    {INTERFACE("tscf-port { address = 192.0.2.1\nport = 65536 }"), 3, "65536", "65535"},
    {INTERFACE("tscf-port { address = 192.0.2.1 transport-protocol = sctp }"), 2, "sctp", "udp or tcp"},
    {INTERFACE("tscf-port { address = 192.0.2.1 transport-protocol = tls }"), 3, "2004", "the port before it"},
    {INTERFACE("tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.2 transport-protocol = tcp }"), 4,
     "differ in transport-protocol", "the same for each"},
    {INTERFACE(
	 "tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.2 }\ntscf-port { address = 192.0.2.3 }\n"
	 "tscf-port { address = 192.0.2.4 }\ntscf-port { address = 192.0.2.5 }"),
     7, "too many addresses", "at most 4"},
    {INTERFACE(
	 "tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.1 port = 2005 transport-protocol = tcp }"),
     4, "second plain", "at the same port"},
    {INTERFACE("tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.1 }"), 4, "two tscf-ports",
     "expected one"},
    {INTERFACE(
	 "tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.1 port = 2006 transport-protocol = dtls }"),
     4, "2006", "the port before it"},
    {INTERFACE("tscf-port { address = 192.0.2.1 port = 2005 transport-protocol = dtls }"), 3, "2005", "udp"},
    {INTERFACE("tscf-address-pool { range = 10.0.0.0 }"), 2, "10.0.0.0", "/8 to /30"},
    {INTERFACE("tscf-address-pool { range = 10.0.0.0/31 }"), 2, "/31", "/8 to /30"},
    {INTERFACE("tscf-address-pool { encrypted-range = \"2001:db8::/63\" }"), 2, "2001", "/64 to /126"},
    {INTERFACE("tscf-address-pool { range = \"2001:db8::/127\" }"), 2, "/127", "/64 to /126"},
    {INTERFACE("strict-tsid = true"), 2, "strict-tsid", "is gone: a wrong session id always ends a tunnel"},
    {INTERFACE("tscf-address-pool { range = 10.0.0.0/24 }\ntscf-address-pool { range = 10.0.1.0/24 }"), 3, "second",
     "expected one"},
};

START_TEST(wrong_settings)
{
	struct server_config c;

	server_config_init(&c);
	config_case_check(&wrong[_i], reader, &c);
	server_config_free(&c);
}
END_TEST

static void assert_prefix(const struct tscf_prefix *p, const char *text)
{
	char buf[TSCF_ADDR_TEXT];

	ck_assert_str_eq(tscf_prefix_format(p, buf), text);
}

/* What a whole file holds arrives in the structure, host bits cleared. */
/* Nobody is without limits who has not asked for that. */
START_TEST(limits_by_default)
{
	struct server_config c;

	ck_assert_int_eq(server_config_init(&c), 0);
	ck_assert_int_eq(server_config_read(&c, config_file_make("tscf-interface a { }\n"
								 "tscf-interface b { max-tunnels-per-source = 0 }\n")),
			 0);
	config_file_remove();
	ck_assert_uint_eq(c.interfaces->max_tunnels_per_source, 256);
	ck_assert_uint_eq(c.interfaces->next->max_tunnels_per_source, 0);
	server_config_free(&c);
}
END_TEST

/* The first interface of whole_file. */
static void check_access(const struct server_interface_config *i)
{
	char buf[TSCF_ADDR_TEXT];

	ck_assert_str_eq(i->name, "access");
	ck_assert(i->enabled);
	ck_assert_uint_eq(i->services, SERVER_SERVICE_DTTE | SERVER_SERVICE_SIP);
	ck_assert_uint_eq(i->max_tunnels, 10);
	ck_assert_uint_eq(i->max_encrypted_tunnels, 5);
	ck_assert_uint_eq(i->max_tunnels_per_source, 2);
	ck_assert(i->inter_client);
	ck_assert_uint_eq(i->nagle_ms, 3);
	ck_assert_str_eq(tscf_endpoint_format(&i->listen.at[0], buf), "192.0.2.1:3000");
	ck_assert_uint_eq(i->protocols, SERVER_BIT(SERVER_UDP) | SERVER_BIT(SERVER_DTLS));
	assert_prefix(&i->pool.list[0], "10.0.0.0/16");
	assert_prefix(&i->pool.list[1], "2001:db8::/64");
	assert_prefix(&i->pool.list[2], "10.2.0.0/24");
	ck_assert_uint_eq(i->pool.count, 3);
	assert_prefix(&i->encrypted_pool.list[0], "2001:db8:0:1::/64");
	assert_prefix(&i->encrypted_pool.list[1], "10.1.0.0/16");
	ck_assert_uint_eq(i->encrypted_pool.count, 2);
}

START_TEST(whole_file)
{
	static const char text[] =
	    "route = { \"198.51.100.0/24\", \"203.0.113.7/24\" }\ncert = /c.pem\nkey = /k.pem\nmtu = 1300\n"
	    "dns = { 192.0.2.53, \"2001:db8::53\" }\nsip-server = 192.0.2.10\n"
	    "keepalive-timer = 600\nkeepalive-timer-datagram = 20\nserver-keepalive-timer = "
	    "12\ntunnel-persistence-time = 0\nplain-dev = p0\nencrypted-dev = e0\ncontrol = "
	    "/tmp/s\n"
	    "state-dir = /tmp/state\nlog-level = warning\n"
	    "accounting-log = /tmp/log\naccounting-interval = 60\nredundancy-bound = 80\n"
	    "tscf-interface access { /* the first */\n"
	    "  state = enabled\n  assigned-services = \"dtte, SIP\"\n  max-tunnels = 10\n  max-encrypted-tunnels = 5\n"
	    "  max-tunnels-per-source = 2\n  nagle-time = 3\n  inter-client-block = false\n"
	    "  tscf-port { address = \"192.0.2.1\" port = 3000 transport-protocol = udp }\n"
	    "  tscf-port { address = \"192.0.2.1\" port = 3001 transport-protocol = dtls }\n"
	    "  tscf-address-pool { range = { \"10.0.0.1/16\", \"2001:db8::5/64\", \"10.2.0.0/24\" }\n"
	    "    encrypted-range = { \"2001:db8:0:1::/64\", \"10.1.0.0/16\" } }\n}\n"
	    "tscf-interface other { state = disabled }\n";
	const struct server_interface_config *i;
	struct server_config c;
	char buf[TSCF_ADDR_TEXT];

	ck_assert_int_eq(server_config_init(&c), 0);
	ck_assert_int_eq(server_config_read(&c, config_file_make(text)), 0);
	config_file_remove();
	ck_assert_int_eq(server_config_check(&c), 0);
	ck_assert_uint_eq(c.dns.count, 2);
	ck_assert_str_eq(tscf_addr_format(&c.dns.addr[1], buf), "2001:db8::53");
	ck_assert_uint_eq(c.sip_servers.count, 1);
	ck_assert_str_eq(tscf_addr_format(&c.sip_servers.addr[0], buf), "192.0.2.10");
	ck_assert_uint_eq(c.routes.count, 2);
	assert_prefix(&c.routes.list[0], "198.51.100.0/24");
	assert_prefix(&c.routes.list[1], "203.0.113.0/24");
	ck_assert_str_eq(c.cert, "/c.pem");
	ck_assert_str_eq(c.key, "/k.pem");
	ck_assert_uint_eq(c.mtu, 1300);
	ck_assert_uint_eq(c.keepalive_stream, 600);
	ck_assert_uint_eq(c.keepalive_datagram, 20);
	ck_assert_uint_eq(c.server_keepalive, 12);
	ck_assert_uint_eq(c.persistence, 0);
	ck_assert_str_eq(c.plain_dev, "p0");
	ck_assert_str_eq(c.encrypted_dev, "e0");
	ck_assert_str_eq(c.control, "/tmp/s");
	ck_assert_str_eq(c.state_dir, "/tmp/state");
	ck_assert_str_eq(c.accounting_log, "/tmp/log");
	ck_assert_uint_eq(c.accounting_interval, 60);
	ck_assert_uint_eq(c.redundancy_bound, 80);
	ck_assert_int_eq(c.log_level, TSCF_LOG_WARNING);
	check_access(c.interfaces);
	i = c.interfaces->next;
	ck_assert_str_eq(i->name, "other");
	ck_assert(!i->enabled);
	ck_assert(!i->inter_client);
	ck_assert_ptr_null(i->next);
	server_config_free(&c);
}
END_TEST

/* DTTE and client-to-client traffic are off unless asked for. */
START_TEST(defaults)
{
	struct server_config c;
	char buf[TSCF_ADDR_TEXT];

	server_config_init(&c);
	ck_assert_int_eq(server_config_read(&c, config_file_make(INTERFACE(""))), 0);
	config_file_remove();
	ck_assert_uint_eq(c.mtu, 1340);
	ck_assert_uint_eq(c.persistence, 330);
	ck_assert_uint_eq(c.keepalive_stream, 300);
	ck_assert_uint_eq(c.keepalive_datagram, 0);
	ck_assert_uint_eq(c.server_keepalive, 25);
	ck_assert_uint_eq(c.interfaces->nagle_ms, 5);
	ck_assert_uint_eq(c.interfaces->services, 0);
	ck_assert(c.interfaces->enabled);
	ck_assert(!c.interfaces->inter_client);
	ck_assert_str_eq(tscf_endpoint_format(&c.interfaces->listen.at[0], buf), "0.0.0.0:2004");
	server_config_free(&c);
}
END_TEST

#define POOLS(a, b) "tscf-address-pool { range = " a " encrypted-range = " b " }"

/* What is wrong only between settings. */
static const struct {
	const char *text, *says;
} inconsistent[] = {
    {"", "no addresses for clients"},
    {INTERFACE("assigned-services = inter-client-block\ninter-client-block = false\n"
	       "tscf-address-pool { range = 10.0.0.0/16 }"),
     "expected one of them"},
    {INTERFACE("assigned-services = DTTE\ntscf-address-pool { range = 10.0.0.0/16 }"), "encrypted-range"},
    {INTERFACE("assigned-services = DTTE\n" POOLS("\"2001:db8::/64\"", "10.0.0.0/16")), "no IPv6 addresses"},
    {INTERFACE("assigned-services = DTTE\n" POOLS("10.0.0.0/16", "\"2001:db8::/64\"")), "no IPv4 addresses"},
    {INTERFACE(POOLS("10.0.0.0/16", "10.0.5.0/24")), "overlap"},
    {INTERFACE(POOLS("{ 10.0.0.0/16, 10.1.0.0/16, 10.0.7.0/24 }", "10.3.5.0/24")), "10.0.7.0/24 overlap"},
    {INTERFACE(POOLS("10.0.5.0/24", "10.0.0.0/16")), "overlap"},
    {INTERFACE("state = disabled"), "at least one"},
    {INTERFACE("tscf-port { address = \"::\" }\ntscf-port { address = \"2001:db8::1\" }\n" POOLS("10.0.0.0/16",
												 "10.1.0.0/16")),
     "listens twice"},
    {INTERFACE(POOLS(
	 "10.0.0.0/16",
	 "10.1.0.0/16")) "tscf-interface b { tscf-port { address = 192.0.2.1 port = 4000 } " POOLS("10.1.0.0/24",
												   "10.2.0.0/16") "}",
     "interfaces a and b"},
    {INTERFACE(POOLS(
	 "10.0.0.0/16",
	 "10.1.0.0/16")) "tscf-interface b { tscf-port { address = 192.0.2.1 port = 2005 } " POOLS("10.3.0.0/24",
												   "10.2.0.0/16") "}",
     "ports of interfaces"},
    {"mtu = 1279\n" INTERFACE(POOLS("\"2001:db8::/64\"", "10.1.0.0/16")), "at least 1280"},
    {"cert = /c\n" INTERFACE(POOLS("10.0.0.0/16", "10.1.0.0/16")), "without key"},
    {"key = /k\n" INTERFACE(POOLS("10.0.0.0/16", "10.1.0.0/16")), "without cert"},
    {"plain-dev = x\nencrypted-dev = x\n" INTERFACE(POOLS("10.0.0.0/16", "10.1.0.0/16")), "two names"},
};

START_TEST(inconsistent_files)
{
	struct server_config c;

	server_config_init(&c);
	ck_assert_int_eq(server_config_read(&c, config_file_make(inconsistent[_i].text)), 0);
	config_file_remove();
	capture_begin();
	ck_assert_int_eq(server_config_check(&c), -EINVAL);
	ck_assert_ptr_nonnull(strstr(capture_end(), inconsistent[_i].says));
	server_config_free(&c);
}
END_TEST

/* The command line wins over the file; its routes replace the file's, its pools are the first interface's. */
START_TEST(command_line_wins)
{
	char file[512];
	char *argv[] = {(char[]){"tscf-server"},
			(char[]){"--route=192.0.2.0/24"},
			(char[]){"--pool=10.5.0.0/16"},
			(char[]){"--config"},
			file,
			(char[]){"--route"},
			(char[]){"198.51.100.0/24"},
			(char[]){"--listen=[2001:db8::1]:99"},
			(char[]){"--listen=0.0.0.0"},
			(char[]){"--services=DTTE"},
			NULL};
	struct server_config c;
	struct tscf_cli cli;
	char buf[TSCF_ADDR_TEXT];

	strcpy(file, config_file_make("route = 203.0.113.0/24\nmtu = 1200\n" INTERFACE(
			 POOLS("10.0.0.0/16", "10.1.0.0/16")) "tscf-interface b { tscf-port { address = 192.0.2.1 port "
							      "= 4000 } " POOLS("10.3.0.0/24", "10.2.0.0/16") "}\n"));
	ck_assert_int_eq(server_options_parse(10, argv, &cli), 0);
	ck_assert_int_eq(server_options_config(&cli, &c), 0);
	config_file_remove();
	ck_assert_uint_eq(c.routes.count, 2);
	assert_prefix(&c.routes.list[0], "192.0.2.0/24");
	assert_prefix(&c.routes.list[1], "198.51.100.0/24");
	ck_assert_uint_eq(c.mtu, 1200);
	assert_prefix(&c.interfaces->pool.list[0], "10.5.0.0/16");
	assert_prefix(&c.interfaces->encrypted_pool.list[0], "10.1.0.0/16");
	ck_assert_uint_eq(c.interfaces->services, SERVER_SERVICE_DTTE);
	ck_assert_str_eq(tscf_endpoint_format(&c.interfaces->listen.at[0], buf), "[2001:db8::1]:99");
	ck_assert_str_eq(tscf_endpoint_format(&c.interfaces->listen.at[1], buf), "0.0.0.0:2004");
	ck_assert_uint_eq(c.interfaces->listen.count, 2);
	assert_prefix(&c.interfaces->next->pool.list[0], "10.3.0.0/24");
	ck_assert_uint_eq(c.interfaces->next->services, 0);
	server_config_free(&c);
	tscf_cli_free(&cli);
}
END_TEST

static uint32_t services_of(const char *text)
{
	struct server_config c;
	uint32_t services;

	server_config_init(&c);
	ck_assert_int_eq(server_config_read(&c, config_file_make(text)), 0);
	config_file_remove();
	services = c.interfaces->services;
	server_config_free(&c);
	return services;
}

/* assigned-services: any case, commas or blanks. */
START_TEST(services)
{
	ck_assert_uint_eq(services_of(INTERFACE("assigned-services = \"\"")), 0);
	ck_assert_uint_eq(services_of(INTERFACE("assigned-services = \" sip ,DTTE redundancy,,ddt\"")),
			  SERVER_SERVICE_DTTE | SERVER_SERVICE_SIP | SERVER_SERVICE_REDUNDANCY | SERVER_SERVICE_DDT);
	ck_assert_uint_eq(services_of(INTERFACE("assigned-services = \"Inter-Client-Block server-keepalive Nagle\"")),
			  SERVER_SERVICE_BLOCK | SERVER_SERVICE_KEEPALIVE | SERVER_SERVICE_NAGLE);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Which transports an interface serves, by its ports or the command line; encrypted ones go with the plain ones unless
 * they are named. */
START_TEST(transports)
{
	enum { U = 1, T = 2, D = 4, L = 8 };
	static const struct {
		const char *ports;
		const char *option;
		unsigned served; /* 0: an error */
	} cases[] = {
	    {"", NULL, U | T | D | L},
	    {"tscf-port { address = 192.0.2.1 }", NULL, U | D},
	    {"tscf-port { address = 192.0.2.1 transport-protocol = TCP }", NULL, T | L},
	    {"tscf-port { address = 192.0.2.1 }\ntscf-port { address = 192.0.2.1 transport-protocol = tcp }", NULL,
	     U | T | D | L},
	    {"tscf-port { address = 192.0.2.1 port = 2005 transport-protocol = tls }\n"
	     "tscf-port { address = 192.0.2.1 }",
	     NULL, U | L},
	    {"", "udp", U | D},
	    {"", "tcp", T | L},
	    {"", "tcp,UDP", U | T | D | L},
	    {"tscf-port { address = 192.0.2.1 }", "tcp", T | L},
	    {"", "tls", 0},
	    {"", ",", 0},
	    {"", "udp,sctp", 0},
	};
	char file[512], option[64], text[512];
	char *argv[] = {(char[]){"tscf-server"}, (char[]){"--config"}, file, option, NULL};
	struct server_config c;
	struct tscf_cli cli;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "tscf-interface a {\n%s\n%s\n}\n", cases[i].ports,
			 POOLS("10.0.0.0/16", "10.1.0.0/16"));
		strcpy(file, config_file_make(text));
		snprintf(option, sizeof(option), "--transport=%s", cases[i].option ? cases[i].option : "");
		if (cases[i].served == 0) {
			capture_begin();
			ck_assert_int_eq(server_options_parse(4, argv, &cli), -EINVAL);
			ck_assert_ptr_nonnull(strstr(capture_end(), "udp, tcp"));
		} else {
			ck_assert_int_eq(server_options_parse(cases[i].option ? 4 : 3, argv, &cli), 0);
			ck_assert_int_eq(server_options_config(&cli, &c), 0);
			ck_assert_msg(c.interfaces->protocols == cases[i].served, "%u: %x", i, c.interfaces->protocols);
			server_config_free(&c);
		}
		tscf_cli_free(&cli);
		config_file_remove();
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server_config");
	TCase *tc = tcase_create("server_config");

	tcase_add_loop_test(tc, wrong_settings, 0, COUNT(wrong));
	tcase_add_test(tc, limits_by_default);
	tcase_add_test(tc, whole_file);
	tcase_add_test(tc, defaults);
	tcase_add_loop_test(tc, inconsistent_files, 0, COUNT(inconsistent));
	tcase_add_test(tc, command_line_wins);
	tcase_add_test(tc, services);
	tcase_add_test(tc, transports);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
