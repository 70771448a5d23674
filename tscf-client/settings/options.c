/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/options.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/capture/capture_command.h"
#include "common/daemon/watch.h"
#include "tscf-client/settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_DEFAULT SYSCONFDIR "/tscf/tscf-client.conf"

#define RUN        (1U << CLIENT_COMMAND_RUN)
#define STATUS     (1U << CLIENT_COMMAND_STATUS)
#define SOCKETS    (1U << CLIENT_COMMAND_SOCKETS)
#define SIP        (1U << CLIENT_COMMAND_SIP)
#define LEVEL      (1U << CLIENT_COMMAND_LEVEL)
#define REDUNDANCY (1U << CLIENT_COMMAND_REDUNDANCY)
#define DATAGRAM   (1U << CLIENT_COMMAND_DATAGRAM)
/* What is asked of sockets that are selected. */
#define OF_SOCKETS (LEVEL | REDUNDANCY | DATAGRAM)
#define RELOAD     (1U << CLIENT_COMMAND_RELOAD)
#define STOP       (1U << CLIENT_COMMAND_STOP)
#define FLUSH      (1U << CLIENT_COMMAND_FLUSH)
#define JOIN       (1U << CLIENT_COMMAND_JOIN)
#define LEAVE      (1U << CLIENT_COMMAND_LEAVE)
#define CAPTURE    (1U << CLIENT_COMMAND_CAPTURE)
#define ANY        (RUN | STATUS | SOCKETS | SIP | OF_SOCKETS | RELOAD | STOP | FLUSH | JOIN | LEAVE | CAPTURE)

const char client_help[] = "Usage: tscf-client [OPTION]...\n"
			   "       tscf-client status [--json] [--wait-up SECONDS]\n"
			   "       tscf-client sockets | sip [--json]\n"
			   "       tscf-client level | redundancy | datagram WHAT WHICH [--json]\n"
			   "       tscf-client capture FILE [WHICH] [--count N] [--seconds N] [--force]\n"
			   "       tscf-client reload | stop | flush | leave [--force]\n"
			   "       tscf-client join INVITATION [--force] [--no-start] [--wait-up SECONDS]\n"
			   "Hold a plain and an encrypted tunnel to a tscf-server; sockets have levels.\n"
			   "  -c, --config FILE        default " CONFIG_DEFAULT "\n"
			   "  -f, --foreground, --check-config             stay there; check the file, exit\n"
			   "  -s, --server HOST[:PORT] tunnel server, port 2004 if not given; repeat it\n"
			   "      --transport udp|tcp|auto, --proxy URL                   how to reach it\n"
			   "      --ca FILE [--ca-crl FILE], --server-name NAME, --pin PIN  how to know it\n"
			   "      --cert FILE --key FILE, --psk-file FILE [--psk-identity NAME]  who we are\n"
			   "      --plain-dev NAME, --encrypted-dev NAME, --key-log FILE\n"
			   "      --default-level LEVEL, --mtu N, --fwmark-mask MASK, --rule-priority N,\n"
			   "      --table-plain N, --table-encrypted N, --state-dir DIR, --log-level LEVEL,\n"
			   "      --realtime-dscp LIST, --realtime-priority N, --script FILE, --guard WHEN\n"
			   "  -j, --json; --watch; -w, --wait-up SECONDS       JSON; live; wait until up\n"
			   "  -p, --pid PID | [--proto udp|tcp] --port N, --remote ADDR     WHICH sockets\n"
			   "  -C, --control PATH       control socket; -h, --help  -V, --version\n"
			   "WHAT: a LEVEL (default, unencrypted, encrypted-only, encrypted-preferred); none,\n"
			   "auto, balance, 1 to 4; default, preferred, never.\n"
			   "See tscf-client(8), tscf-client.conf(5).\n";

static const struct tscf_cli_option options[] = {
    {"config", 'c', true, true, ANY},
    {"foreground", 'f', false, false, RUN},
    {"check-config", 0, false, false, RUN},
    {"server", 's', true, false, RUN},
    {"ca", 0, true, true, RUN},
    {"ca-crl", 0, true, true, RUN},
    {"server-name", 0, true, false, RUN},
    {"pin", 0, true, false, RUN},
    {"transport", 0, true, false, RUN},
    {"proxy", 0, true, false, RUN},
    {"plain-dev", 0, true, false, RUN},
    {"encrypted-dev", 0, true, false, RUN},
    {"default-level", 0, true, false, RUN},
    {"mtu", 0, true, false, RUN},
    {"fwmark-mask", 0, true, false, RUN | FLUSH},
    {"rule-priority", 0, true, false, RUN | FLUSH},
    {"table-plain", 0, true, false, RUN | FLUSH},
    {"table-encrypted", 0, true, false, RUN | FLUSH},
    {"guard", 0, true, false, RUN},
    {"state-dir", 0, true, true, RUN},
    {"cert", 0, true, true, RUN},
    {"key", 0, true, true, RUN},
    {"psk-file", 0, true, true, RUN},
    {"psk-identity", 0, true, false, RUN},
    {"realtime-dscp", 0, true, false, RUN},
    {"realtime-priority", 0, true, false, RUN},
    {"script", 0, true, true, RUN},
    {"log-level", 0, true, false, RUN},
    {"key-log", 0, true, true, RUN},
    {"control", 'C', true, true, ANY},
    {"watch", 0, false, false, SOCKETS},
    {"json", 'j', false, false, STATUS | SOCKETS | SIP | OF_SOCKETS},
    {"wait-up", 'w', true, false, STATUS | JOIN},
    {"force", 0, false, false, JOIN | LEAVE | CAPTURE},
    {"count", 0, true, false, CAPTURE},
    {"seconds", 0, true, false, CAPTURE},
    {"no-start", 0, false, false, JOIN},
    {"pid", 'p', true, false, OF_SOCKETS | CAPTURE},
    {"proto", 0, true, false, OF_SOCKETS | CAPTURE},
    {"port", 0, true, false, OF_SOCKETS | CAPTURE},
    {"remote", 0, true, false, CAPTURE},
    {"help", 'h', false, false, ANY},
    {"version", 'V', false, false, ANY},
    {NULL, 0, false, false, 0},
};

static const struct tscf_cli_command commands[] = {
    [CLIENT_COMMAND_RUN] = {"the daemon", NULL, 0},
    [CLIENT_COMMAND_STATUS] = {"status", NULL, 0},
    [CLIENT_COMMAND_SOCKETS] = {"sockets", NULL, 0},
    [CLIENT_COMMAND_SIP] = {"sip", NULL, 0},
    [CLIENT_COMMAND_LEVEL] = {"level", "LEVEL, one of default, unencrypted, encrypted-only, encrypted-preferred", 0},
    [CLIENT_COMMAND_REDUNDANCY] = {"redundancy", "FACTOR, one of none, auto, balance, 1 to 4", 0},
    [CLIENT_COMMAND_DATAGRAM] = {"datagram", "PREFERENCE, one of default, preferred, never", 0},
    [CLIENT_COMMAND_RELOAD] = {"reload", NULL, 0},
    [CLIENT_COMMAND_STOP] = {"stop", NULL, 0},
    [CLIENT_COMMAND_FLUSH] = {"flush", NULL, 0},
    [CLIENT_COMMAND_JOIN] = {"join", "an invitation in quotes, or - to read it from standard input", 0},
    [CLIENT_COMMAND_LEAVE] = {"leave", NULL, 0},
    [CLIENT_COMMAND_CAPTURE] = {"capture", "the name of a file, or - for standard output", 0},
    {NULL, NULL, 0},
};

static const struct tscf_cli_spec spec = {"tscf-client", options, commands};

/** Options of the commands; they are not settings of the daemon. */
static const struct tscf_setting command_settings[] = {
    {"wait-up", "seconds from 0 to 86400", tscf_setting_number, 0, 0, 86400, 0},
    {"pid", "the number of a process", tscf_setting_number, 0, 1, INT32_MAX, 0},
    {"port", "a local port from 1 to 65535", tscf_setting_port, 0, 1, 65535, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

static const struct tscf_setting *table_of(const struct tscf_cli *cli, const char *name)
{
	const struct tscf_setting *table =
	    cli->command == CLIENT_COMMAND_RUN || cli->command == CLIENT_COMMAND_FLUSH || strcmp(name, "control") == 0
		? client_settings
		: command_settings;

	return tscf_setting_find(table, name) ? table : NULL;
}

/** Put every option that is a setting of the daemon into @p c (NULL: only check all values). */
static int apply(const struct tscf_cli *cli, struct client_config *c)
{
	/* Servers of the command line replace those of the file. */
	if (c && tscf_cli_has(cli, "server"))
		client_servers_forget(&c->servers);
	for (unsigned i = 0; i < cli->count; i++) {
		const char *name = cli->given[i].option->name;
		const struct tscf_setting *table = table_of(cli, name);
		int err;

		if (!table || (c && table != client_settings))
			continue;
		err = tscf_setting_option(table, name, cli->given[i].value, c);
		if (err != 0)
			return err == -ENOSPC ? -EINVAL : err;
		/* Settings that follow a server are for that server. */
		if (c && strcmp(name, "server") == 0)
			c->servers.current = &c->servers.list[c->servers.count - 1];
	}
	return 0;
}

static int check_level(const char *name)
{
	enum tscf_level level;

	if (tscf_level_parse(name, &level) == 0)
		return 0;
	tscf_error("level '%s': expected default, unencrypted, encrypted-only or encrypted-preferred", name);
	return -EINVAL;
}

static int check_redundancy(const char *name)
{
	uint8_t redundancy;

	if (tscf_redundancy_parse(name, &redundancy) == 0)
		return 0;
	tscf_error("redundancy '%s': expected none, auto, balance, or a factor from 1 to 4", name);
	return -EINVAL;
}

static int check_datagram(const char *name)
{
	uint8_t datagram;

	if (tscf_datagram_parse(name, &datagram) == 0)
		return 0;
	tscf_error("datagram '%s': expected default, preferred or never", name);
	return -EINVAL;
}

/** A command of OF_SOCKETS must be given a process, or a port, to select them. */
static int check_selector(const struct tscf_cli *cli)
{
	bool pid = tscf_cli_has(cli, "pid"), port = tscf_cli_has(cli, "port");
	const char *protocol = tscf_cli_value(cli, "proto");

	if (protocol && strcmp(protocol, "udp") != 0 && strcmp(protocol, "tcp") != 0) {
		tscf_error("--proto %s: expected udp or tcp", protocol);
		return -EINVAL;
	}
	if (pid ? (protocol || port) : !port) {
		tscf_error("%s: expected either --pid PID, or --port N, with --proto udp|tcp if both have it",
			   commands[cli->command].name);
		return -EINVAL;
	}
	return 0;
}

/** `capture` may be given a process, or a port or a protocol, to select the packets. */
static int check_capture(const struct tscf_cli *cli)
{
	struct tscf_capture_command command;

	if (tscf_capture_command_read(cli, &command) < 0)
		return -EINVAL;
	if (tscf_cli_has(cli, "pid") && (tscf_cli_has(cli, "proto") || tscf_cli_has(cli, "port"))) {
		tscf_error("capture: expected either --pid PID, or --port N with or without --proto");
		return -EINVAL;
	}
	return 0;
}

int client_options_parse(int argc, char **argv, struct tscf_cli *out)
{
	int err = tscf_cli_parse(&spec, argc, argv, out);

	if (err != 0 || tscf_cli_has(out, "help") || tscf_cli_has(out, "version"))
		return err;
	err = apply(out, NULL);
	if (err == 0 && out->command == CLIENT_COMMAND_LEVEL)
		err = check_level(out->argument);
	if (err == 0 && out->command == CLIENT_COMMAND_REDUNDANCY)
		err = check_redundancy(out->argument);
	if (err == 0 && out->command == CLIENT_COMMAND_DATAGRAM)
		err = check_datagram(out->argument);
	if (err == 0 && OF_SOCKETS & 1U << out->command)
		err = check_selector(out);
	if (err == 0 && out->command == CLIENT_COMMAND_CAPTURE)
		err = check_capture(out);
	if (err == 0 && tscf_cli_has(out, "watch"))
		err = tscf_watch_check(out);
	if (err == -EINVAL)
		tscf_cli_hint(&spec);
	return err;
}

/**
 * The default file is read if it exists.  A query by a user who may not read it uses the default control socket.
 */
static const char *config_file(const struct tscf_cli *cli)
{
	const char *file = tscf_cli_value(cli, "config");
	bool daemon = cli->command == CLIENT_COMMAND_RUN;

	if (file)
		return file;
	return access(CONFIG_DEFAULT, daemon ? F_OK : R_OK) == 0 ? CONFIG_DEFAULT : NULL;
}

const char *client_options_file(const struct tscf_cli *cli, bool *is_default)
{
	const char *file = tscf_cli_value(cli, "config");

	*is_default = !file || strcmp(file, CONFIG_DEFAULT) == 0;
	return file ? file : CONFIG_DEFAULT;
}

int client_options_config(const struct tscf_cli *cli, struct client_config *c)
{
	const char *file = 1U << cli->command & (JOIN | LEAVE) ? NULL : config_file(cli);
	int err = client_config_init(c);

	if (err == 0 && file)
		err = client_config_read(c, file);
	if (err == 0)
		err = apply(cli, c);
	if (err == 0 && cli->command == CLIENT_COMMAND_RUN)
		err = client_config_check(c);
	c->foreground = tscf_cli_has(cli, "foreground");
	c->key_log = tscf_cli_value(cli, "key-log");
	return err;
}
