/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/settings/options.h"
#include "tscf-client/settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIN "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static int reader(void *config, const char *file)
{
	return client_config_read(config, file);
}

/* The number of the line is right after every kind of comment, and every message says what was expected. */
static const struct config_case wrong[] = {
    {"mtu = 9000\n", 1, "mtu = \"9000\"", "576 to 1500"},
    {"mtu = 575\n", 1, "575", "576"},
    {"\n\nmtu = many\n", 3, "many", "576"},
    {"mtu = -1\n", 1, "-1", "576"},
    {"mtu = 0x\n", 1, "0x", "576"},
    {"mtu = 99999999999999999999999\n", 1, "9999", "576"},
    {"# one\n# two\nmtu = 1\n", 3, "mtu", "expected"},
    {"port = 2004 # end of line\n/* block\n * more\n */\nmtu = 1\n", 5, "mtu", "expected"},
    {"// slashes\nserver = \"a//b # c\"\n", 2, "a//b # c", "HOST"},
    {"transport = sctp\n", 1, "sctp", "udp, tcp or auto"},
    {"return-idle = -1\n", 1, "-1", "seconds"},
    {"proxy = \"https://p:1\"\n", 1, "proxy", "http://[USER"},
    {"proxy = \"http://p\"\n", 1, "proxy", "PORT"},
    {"proxy = \"http://user@p:1\"\n", 1, "proxy", "PASSWORD"},
    {"proxy = \"http://u:%4@p:1\"\n", 1, "proxy", "PASSWORD"},
    {"proxy = \"http://p:1/path\"\n", 1, "proxy", "PORT"},
    {"server = a\nfallback-server \"b:0\" { }\n", 2, "b:0", "HOST"},
    {"fallback-server \"b\" {\ntransport = x\n}\n", 2, "x", "udp, tcp"},
    {"fallback-server \"b\" {\nca = /x\n}\n", 2, "ca", "expected one of server-name, pin, transport"},
    {"colour = blue\n", 1, "no such option 'colour'", "expected one of server, port, ca"},
    {"port 2004\n", 1, "equal sign", "port"},
    {"port = 0\n", 1, "port", "1 to 65534"},
    {"port = 65535\n", 1, "65535", "next one"},
    {"server = \"\"\n", 1, "server", "HOST"},
    {"server = \"host:0\"\n", 1, "host:0", "PORT from 1"},
    {"server = \"[::1\"\n", 1, "[::1", "brackets"},
    {"server = \"a b\"\n", 1, "a b", "HOST"},
    {"ca = cert.pem\n", 1, "cert.pem", "absolute"},
    {"pin = \"sha256:short\"\n", 1, "short", "base64"},
    {"plain-dev = sixteen-letters-\n", 1, "sixteen", "1 to 15 characters"},
    {"plain-dev = a/b\n", 1, "a/b", "device name"},
    {"encrypted-dev = \"a b\"\n", 1, "a b", "device name"},
    {"encrypted-dev = \"tun%d\"\n", 1, "%d", "device name"},
    {"default-level = secret\n", 1, "secret", "encrypted-only"},
    {"fwmark-mask = 0x5\n", 1, "0x5", "adjacent"},
    {"fwmark-mask = 0x3000000\n", 1, "0x3000000", "three"},
    {"rule-priority = 32720\n", 1, "32720", "32719"},
    {"rule-priority = 0\n", 1, "rule-priority", "from 1"},
    {"table-plain = 254\n", 1, "254", "253 to 255"},
    {"table-encrypted = 0\n", 1, "table-encrypted", "not 0"},
    {"\nstrict-tsid = yes\n", 2, "strict-tsid", "is gone: a wrong session id always ends a tunnel"},
    {"routes-in-main = maybe\n", 1, "maybe", "true or false"},
    {"persistence = 86401\n", 1, "86401", "86400"},
    {"hold-time = 60001\n", 1, "60001", "milliseconds"},
    {"keepalive = 661\n", 1, "661", "660"},
    {"script = hook\n", 1, "hook", "absolute"},
    {"script-timeout = 0\n", 1, "0", "1 to 300"},
    {"control = client.sock\n", 1, "client.sock", "absolute"},
    {"realtime-dscp = \"EF, AF44\"\n", 1, "EF, AF44", "DSCPs separated by commas"},
    {"ddt-dscp = media\n", 1, "media", "DSCPs separated by commas"},
    {"redundancy-bound = 19\n", 1, "19", "20 to 200"},
    {"realtime-priority = 100\n", 1, "100", "0 (none) to 99"},
    {"log-level = loud\n", 1, "loud", "error, warning, info or debug"},
    {"server = \"no end\n\n", 1, "quote without end", "on the same line"},
    {"server = a\nserver-name = \"no end\npin = \"b\"\n", 2, "quote without end", "on the same line"},
    {"server = a\npolicy a {\nlevel = encrypted-only\n", 2, "brace without end", "}"},
    {"server = a\npin = sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 2, "AAA", "in quotes"},
    {"port = 5\n/* no end\nserver = a\n", 2, "comment", "*/"},
    {"trusted-network = \"192.0.2.0/40\"\n", 1, "192.0.2.0/40", "prefixes ADDRESS/BITS"},
    {"trusted-network = {\"192.0.2.0/24\",\n\"::/0\"}\n", 2, "::/0", "BITS not 0"},
    {"trusted-interface = \"a/b\"\n", 1, "a/b", "device names"},
    {"trusted-interface = {a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,b}\n", 1, "\"b\"", "at most 16"},
    {"accept-route = \"192.0.2.0\"\n\naccept-route = {\"10.0.0.0/8\", \"some\"}\n", 3, "some", "all, none"},
    {"accept-dns = maybe\n", 1, "maybe", "true or false"},
    {"policy a { uid = 1 }\n", 1, "policy \"a\": no level", "unencrypted, encrypted-only or"},
    {"\npolicy a {\nlevel = default\n}\n", 3, "default", "unencrypted, encrypted-only or"},
    {"policy \"a b\" { level = unencrypted }\n", 1, "a b", "printable characters"},
    {"policy a { uid = no-such-user }\n", 1, "no-such-user", "a user's name"},
    {"policy a { uid = 5-4 }\n", 1, "5-4", "1000-1999"},
    {"policy a { uid = 4294967295 }\n", 1, "4294967295", "number"},
    {"policy a { protocol = sctp }\n", 1, "sctp", "udp, tcp or any"},
    {"policy a { local-port = 0 }\n", 1, "0", "1 to 65534"},
    {"policy a { remote-port = 5-65535 }\n", 1, "5-65535", "1 to 65534"},
    {"policy a { remote = \"0.0.0.0/0\" }\n", 1, "0.0.0.0/0", "BITS not 0"},
    {"policy a { remote = example.org }\n", 1, "example.org", "an address"},
    {"policy a { program = baresip }\n", 1, "baresip", "absolute name of a program"},
    {"policy a { cgroup = user.slice }\n", 1, "user.slice", "a cgroup from the root"},
    {"policy a { dscp = none }\n", 1, "none", "DSCPs separated by commas"},
    {"policy a { dscp = 64 }\n", 1, "64", "0 to 63"},
    {"policy a {\nlevel = unencrypted\nprogram = /a\nremote = 192.0.2.1\n}\n", 5,
     "program, cgroup and dscp do not go with remote", "two policies"},
    {"policy a { level = unencrypted dscp = EF remote-port = 5 }\n", 1, "dscp do not go", "two policies"},
    {"policy a { colour = blue }\n", 1, "colour", "expected one of level, program, cgroup, dscp"},
    {"include(\"/etc/passwd\")\n", 1, "include", "expected one of"},
};

START_TEST(wrong_settings)
{
	struct client_config c;

	client_config_init(&c);
	config_case_check(&wrong[_i], reader, &c);
	client_config_free(&c);
}
END_TEST

/* What a whole file holds arrives in the structure. */
START_TEST(whole_file)
{
	static const char text[] =
	    "server = vpn.example.org\nport = 443\nca = /etc/ca.pem\nserver-name = other.example.org\n"
	    "pin = \"" PIN "\"\nplain-dev = p0\nencrypted-dev = e0\ndefault-level = encrypted-preferred\n"
	    "mtu = 1200\nfwmark-mask = 0x70\nrule-priority = 100\ntable-plain = 11\ntable-encrypted = 12\n"
	    "routes-in-main = yes\npersistence = 1\nhold-time = 2\nkeepalive = 3\ncontrol = /tmp/c\n"
	    "realtime-dscp = \"EF, 10\"\nddt-dscp = AF41\nddt-rtp = no\nredundancy-bound = 80\nrealtime-priority = "
	    "0\nlog-level = debug\n"
	    "trusted-network = {\"192.0.2.0/24\", \"2001:db8::/32\"}\ntrusted-interface = eth0\n"
	    "accept-route = {\"10.1.2.3/8\", \"2001:db8::/32\"}\naccept-dns = no\n";
	struct client_config c;

	ck_assert_int_eq(client_config_init(&c), 0);
	ck_assert_int_eq(client_config_read(&c, config_file_make(text)), 0);
	config_file_remove();
	ck_assert_str_eq(c.servers.list[0].host, "vpn.example.org");
	ck_assert_uint_eq(client_server_port(&c.servers, &c.servers.list[0]), 443);
	ck_assert_uint_eq(c.trusted.prefix_count, 2);
	ck_assert_int_eq(c.trusted.prefixes[1].length, 32);
	ck_assert_uint_eq(c.trusted.interface_count, 1);
	ck_assert_str_eq(c.trusted.interfaces[0], "eth0");
	ck_assert(c.accept_routes.limited);
	ck_assert_uint_eq(c.accept_routes.count, 2);
	ck_assert_uint_eq(c.accept_routes.prefixes[0].length, 8);
	ck_assert(!c.accept_dns);
	ck_assert_str_eq(c.ca, "/etc/ca.pem");
	ck_assert_str_eq(client_server_name(&c.servers, &c.servers.list[0]), "other.example.org");
	ck_assert_str_eq(client_server_pin(&c.servers, &c.servers.list[0]), PIN);
	ck_assert_str_eq(c.plain_dev, "p0");
	ck_assert_str_eq(c.encrypted_dev, "e0");
	ck_assert_int_eq(c.default_level, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	ck_assert_uint_eq(c.redundancy_bound, 80);
	ck_assert_uint_eq(c.mtu, 1200);
	ck_assert_uint_eq(c.fwmark_mask, 0x70);
	ck_assert_uint_eq(c.rule_priority, 100);
	ck_assert_uint_eq(c.table_plain, 11);
	ck_assert_uint_eq(c.table_encrypted, 12);
	ck_assert(c.routes_in_main);
	ck_assert_uint_eq(c.persistence, 1);
	ck_assert_uint_eq(c.hold_ms, 2);
	ck_assert_uint_eq(c.keepalive, 3);
	ck_assert_str_eq(c.control, "/tmp/c");
	ck_assert_uint_eq(c.realtime_dscps, 1ULL << 46 | 1ULL << 10);
	ck_assert_uint_eq(c.ddt_dscps, 1ULL << 34);
	ck_assert(!c.ddt_rtp);
	ck_assert_uint_eq(c.realtime_priority, 0);
	ck_assert_int_eq(c.log_level, TSCF_LOG_DEBUG);
	ck_assert_int_eq(client_config_check(&c), 0);
	client_config_free(&c);
}
END_TEST

/* An empty file is valid and changes nothing. */
START_TEST(defaults)
{
	struct client_config c;

	client_config_init(&c);
	ck_assert_int_eq(client_config_read(&c, config_file_make("")), 0);
	config_file_remove();
	ck_assert_uint_eq(c.servers.count, 0);
	ck_assert_uint_eq(client_server_port(&c.servers, &c.servers.list[0]), 2004);
	ck_assert_str_eq(c.plain_dev, "tscf0");
	ck_assert_str_eq(c.encrypted_dev, "tscf1");
	ck_assert(!c.accept_routes.limited && c.accept_dns);
	ck_assert_uint_eq(c.mtu, 0);
	ck_assert_uint_eq(c.fwmark_mask, TSCF_MARK_MASK_DEFAULT);
	ck_assert_uint_eq(c.rule_priority, 7000);
	ck_assert_uint_eq(c.table_plain, 7453);
	ck_assert_uint_eq(c.table_encrypted, 7454);
	ck_assert_uint_eq(c.persistence, 30);
	ck_assert_uint_eq(c.hold_ms, 3000);
	ck_assert_uint_eq(c.keepalive, 10);
	client_config_free(&c);
}
END_TEST

/* A file that cannot be read is an error of its own kind, and named. */
START_TEST(unreadable)
{
	struct client_config c;

	client_config_init(&c);
	capture_begin();
	ck_assert_int_eq(client_config_read(&c, "/nonexistent/file"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(capture_end(), "/nonexistent/file: No such file"));
	capture_begin();
	ck_assert_int_eq(client_config_read(&c, "/"), -EISDIR);
	capture_end();
	client_config_free(&c);
}
END_TEST

static const struct {
	const char *text, *host;
	unsigned port;
} servers[] = {
    {"host", "host", 2004},
    {"host:5", "host", 5},
    {"192.0.2.1:65534", "192.0.2.1", 65534},
    {"2001:db8::1", "2001:db8::1", 2004},
    {"[2001:db8::1]", "2001:db8::1", 2004},
    {"[2001:db8::1]:7", "2001:db8::1", 7},
};

static void parse(char **argv, struct tscf_cli *cli)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	ck_assert_int_eq(client_options_parse(argc, argv, cli), 0);
}

START_TEST(server_forms)
{
	char text[64];
	char *argv[] = {(char[]){"tscf-client"}, (char[]){"--server"}, text, (char[]){"--pin=" PIN}, NULL};
	struct client_config c;
	struct tscf_cli cli;

	strcpy(text, servers[_i].text);
	parse(argv, &cli);
	ck_assert_int_eq(client_options_config(&cli, &c), 0);
	ck_assert_str_eq(c.servers.list[0].host, servers[_i].host);
	ck_assert_uint_eq(client_server_port(&c.servers, &c.servers.list[0]), servers[_i].port);
	client_config_free(&c);
	tscf_cli_free(&cli);
}
END_TEST

/* The command line wins over the file, wherever --config stands; what it does not say comes from the file. */
START_TEST(command_line_wins)
{
	char file[512];
	char *argv[] = {(char[]){"tscf-client"},  (char[]){"--mtu=1000"},
			(char[]){"--config"},     file,
			(char[]){"--server=b:7"}, NULL};
	struct client_config c;
	struct tscf_cli cli;

	strcpy(file, config_file_make("server = \"a:5\"\nmtu = 1200\nkeepalive = 9\npin = \"" PIN "\"\n"));
	parse(argv, &cli);
	ck_assert_int_eq(client_options_config(&cli, &c), 0);
	config_file_remove();
	ck_assert_str_eq(c.servers.list[0].host, "b");
	ck_assert_uint_eq(client_server_port(&c.servers, &c.servers.list[0]), 7);
	ck_assert_uint_eq(c.mtu, 1000);
	ck_assert_uint_eq(c.keepalive, 9);
	client_config_free(&c);
	tscf_cli_free(&cli);
}
END_TEST

#define PIN2 "sha256:BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* Servers stand in their order, and each has what it says itself, else what holds for all. */
START_TEST(list_in_file)
{
	struct client_config c;
	const struct client_servers *s = &c.servers;

	client_config_init(&c);
	ck_assert_int_eq(
	    client_config_read(&c, config_file_make("server = \"a:5\"\npin = \"" PIN "\"\ntransport = udp\n"
						    "fallback-server \"b\" { }\n"
						    "fallback-server \"c:7\" {\n pin = \"" PIN2 "\"\n"
						    " transport = tcp\n server-name = other\n}\n")),
	    0);
	config_file_remove();
	ck_assert_uint_eq(s->count, 3);
	ck_assert_str_eq(s->list[1].host, "b");
	ck_assert_uint_eq(client_server_port(s, &s->list[0]), 5);
	ck_assert_uint_eq(client_server_port(s, &s->list[1]), 2004);
	ck_assert_uint_eq(client_server_port(s, &s->list[2]), 7);
	ck_assert_int_eq(client_server_transport(s, &s->list[1]), CLIENT_TRANSPORT_UDP);
	ck_assert_int_eq(client_server_transport(s, &s->list[2]), CLIENT_TRANSPORT_TCP);
	ck_assert_str_eq(client_server_pin(s, &s->list[1]), PIN);
	ck_assert_str_eq(client_server_pin(s, &s->list[2]), PIN2);
	ck_assert_str_eq(client_server_name(s, &s->list[1]), "b");
	ck_assert_str_eq(client_server_name(s, &s->list[2]), "other");
	ck_assert_int_eq(client_config_check(&c), 0);
	client_config_free(&c);
}
END_TEST

/* On the command line what follows a server is for it, what stands before is for all; the file's servers are forgotten.
 */
START_TEST(list_on_command_line)
{
	char file[512];
	char *argv[] = {(char[]){"tscf-client"},
			(char[]){"--pin=" PIN},
			(char[]){"--transport=udp"},
			(char[]){"--server=a:5"},
			(char[]){"--server=b"},
			(char[]){"--transport=tcp"},
			(char[]){"--pin=" PIN2},
			(char[]){"--config"},
			file,
			NULL};
	struct client_config c;
	const struct client_servers *s = &c.servers;
	struct tscf_cli cli;

	strcpy(file, config_file_make("server = \"x\"\nfallback-server \"y\" { }\n"));
	parse(argv, &cli);
	ck_assert_int_eq(client_options_config(&cli, &c), 0);
	config_file_remove();
	ck_assert_uint_eq(s->count, 2);
	ck_assert_str_eq(s->list[0].host, "a");
	ck_assert_int_eq(client_server_transport(s, &s->list[0]), CLIENT_TRANSPORT_UDP);
	ck_assert_str_eq(client_server_pin(s, &s->list[0]), PIN);
	ck_assert_int_eq(client_server_transport(s, &s->list[1]), CLIENT_TRANSPORT_TCP);
	ck_assert_str_eq(client_server_pin(s, &s->list[1]), PIN2);
	client_config_free(&c);
	tscf_cli_free(&cli);
}
END_TEST

/* User and password are taken out of the URL (RFC 3986) and encoded as RFC 7617 says; they are never shown. */
START_TEST(proxy_url)
{
	struct client_proxy p = {.host = NULL};

	ck_assert_int_eq(client_proxy_parse(&p, "http://[2001:db8::8]:3128/"), 0);
	ck_assert_str_eq(p.host, "2001:db8::8");
	ck_assert_uint_eq(p.port, 3128);
	ck_assert_ptr_null(p.credentials);
	ck_assert_int_eq(client_proxy_parse(&p, "http://Aladdin:open%20sesame@proxy:8080"), 0);
	ck_assert_str_eq(p.host, "proxy");
	ck_assert_str_eq(p.credentials, "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	client_proxy_clear(&p);
	capture_begin();
	ck_assert_int_eq(tscf_setting_option(client_settings, "proxy", "ftp://u:secret@p:1", NULL), -EINVAL);
	ck_assert_ptr_null(strstr(capture_end(), "secret"));
}
END_TEST

/* The daemon does not start without a server, without a way to know it, or on devices or tables that are the same. */
static const struct {
	const char *text, *says;
} incomplete[] = {
    {"pin = \"" PIN "\"\n", "no server"},
    {"server = a\n", "ca or pin"},
    {"server = a\nfallback-server \"b\" { pin = \"" PIN "\" }\n", "server a could not be verified"},
    {"server = a\nca = /ca\ntransport = udp\nproxy = \"http://p:1\"\n", "does not go through the proxy"},
    {"server = a\nca = /ca\nplain-dev = x\nencrypted-dev = x\n", "encrypted-dev"},
    {"server = a\nca = /ca\ntable-plain = 9\ntable-encrypted = 9\n", "table-encrypted"},
};

START_TEST(incomplete_files)
{
	struct client_config c;

	client_config_init(&c);
	ck_assert_int_eq(client_config_read(&c, config_file_make(incomplete[_i].text)), 0);
	config_file_remove();
	capture_begin();
	ck_assert_int_eq(client_config_check(&c), -EINVAL);
	ck_assert_ptr_nonnull(strstr(capture_end(), incomplete[_i].says));
	client_config_free(&c);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client_config");
	TCase *tc = tcase_create("client_config");

	tcase_add_loop_test(tc, wrong_settings, 0, COUNT(wrong));
	tcase_add_test(tc, whole_file);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, unreadable);
	tcase_add_loop_test(tc, server_forms, 0, COUNT(servers));
	tcase_add_test(tc, command_line_wins);
	tcase_add_test(tc, list_in_file);
	tcase_add_test(tc, list_on_command_line);
	tcase_add_test(tc, proxy_url);
	tcase_add_loop_test(tc, incomplete_files, 0, COUNT(incomplete));
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}
