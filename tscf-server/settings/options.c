/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/options.h"

#include "common/capture/capture_command.h"
#include "common/daemon/watch.h"
#include "tscf-server/settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_DEFAULT SYSCONFDIR "/tscf/tscf-server.conf"

#define RUN      (1U << SERVER_COMMAND_RUN)
#define STATUS   (1U << SERVER_COMMAND_STATUS)
#define SESSIONS (1U << SERVER_COMMAND_SESSIONS)
#define ADD      (1U << SERVER_COMMAND_ADD_CLIENT)
#define LIST     (1U << SERVER_COMMAND_LIST_CLIENTS)
#define REMOVE   (1U << SERVER_COMMAND_REMOVE_CLIENT)
#define INIT     (1U << SERVER_COMMAND_INIT)
#define CLIENTS  (ADD | LIST | REMOVE)
#define ASKING                                                                                                         \
	(STATUS | SESSIONS | 1U << SERVER_COMMAND_DISCONNECT | 1U << SERVER_COMMAND_RELOAD | 1U << SERVER_COMMAND_STOP)
#define DENYING (1U << SERVER_COMMAND_DENY | 1U << SERVER_COMMAND_ALLOW)
#define CAPTURE (1U << SERVER_COMMAND_CAPTURE)
#define ANY     (RUN | ASKING | CLIENTS | DENYING | INIT | CAPTURE)

const char server_help[] = "Usage: tscf-server [OPTION]...\n"
			   "       tscf-server status | sessions | list-clients [--json | --watch | --long]\n"
			   "       tscf-server reload | stop | remove-client NAME...\n"
			   "       tscf-server init [--apply] [--route CIDR]... [--public-name HOST]\n"
			   "       tscf-server add-client [--from FILE] [--qr] [NAME]...\n"
			   "       tscf-server disconnect IDENTITY | TSID | ADDRESS\n"
			   "       tscf-server capture FILE [--client C] [--count N] [--seconds N] [--force]\n"
			   "       tscf-server deny | allow IDENTITY...\n"
			   "Serve plain and encrypted tunnels, in front of a service network.\n"
			   "  -c, --config FILE        default " CONFIG_DEFAULT "\n"
			   "  -f, --foreground, --check-config             stay there; check the file, exit\n"
			   "  -l, --listen ADDR[:PORT] plain port N, default 0.0.0.0:2004; repeatable\n"
			   "      --transport udp,tcp  transports there, and dtls,tls on N+1; default both\n"
			   "      --pool CIDR, --encrypted-pool CIDR           of both tunnels; repeatable\n"
			   "      --route CIDR, --dns ADDR, --sip-server ADDR  told to clients; repeatable\n"
			   "      --services LIST      assigned services, such as DTTE,SIP; default none\n"
			   "      --psk-file, --client-ca, --client-crl, --denied-clients FILE who is let in\n"
			   "      --plain-dev NAME, --encrypted-dev NAME, --mtu N       devices tscf0, tscf1\n"
			   "      --cert FILE, --key FILE, --key-log FILE, --workers N, --state-dir DIR,\n"
			   "      --log-level LEVEL, --realtime-dscp LIST, --realtime-priority N, --limit N,\n"
			   "      --after PLACE, --public-name HOST[:PORT], --one-time, --valid-for DAYS\n"
			   "      --identity NAME, --outer ADDR, --sort KEY, --proto P, --port N, --remote A\n"
			   "  -C, --control PATH       control socket; -j, --json  -h, --help  -V, --version\n"
			   "See tscf-server(8), tscf-server.conf(5).\n";

static const struct tscf_cli_option options[] = {
    {"config", 'c', true, true, ANY},
    {"foreground", 'f', false, false, RUN},
    {"check-config", 0, false, false, RUN},
    {"listen", 'l', true, false, RUN | ADD | INIT},
    {"transport", 0, true, false, RUN | ADD | INIT},
    {"pool", 0, true, false, RUN | INIT},
    {"encrypted-pool", 0, true, false, RUN | INIT},
    {"route", 0, true, false, RUN | INIT},
    {"dns", 0, true, false, RUN},
    {"sip-server", 0, true, false, RUN},
    {"services", 0, true, false, RUN},
    {"public-name", 0, true, false, RUN | ADD | INIT},
    {"from", 0, true, true, ADD},
    {"apply", 0, false, false, INIT},
    {"qr", 0, false, false, ADD},
    {"one-time", 0, false, false, ADD},
    {"valid-for", 0, true, false, ADD},
    {"long", 0, false, false, LIST},
    {"psk-file", 0, true, true, RUN | CLIENTS | INIT},
    {"client-ca", 0, true, true, RUN},
    {"client-crl", 0, true, true, RUN},
    {"denied-clients", 0, true, true, RUN | DENYING},
    {"cert", 0, true, true, RUN | ADD | INIT},
    {"key", 0, true, true, RUN | ADD | INIT},
    {"mtu", 0, true, false, RUN},
    {"workers", 0, true, false, RUN},
    {"plain-dev", 0, true, false, RUN},
    {"encrypted-dev", 0, true, false, RUN},
    {"state-dir", 0, true, true, RUN | CLIENTS | INIT},
    {"realtime-dscp", 0, true, false, RUN},
    {"realtime-priority", 0, true, false, RUN},
    {"log-level", 0, true, false, RUN},
    {"key-log", 0, true, true, RUN},
    {"control", 'C', true, true, ANY},
    {"watch", 0, false, false, SESSIONS},
    {"json", 'j', false, false, STATUS | SESSIONS},
    {"identity", 0, true, false, SESSIONS},
    {"outer", 0, true, false, SESSIONS},
    {"sort", 0, true, false, SESSIONS},
    {"limit", 0, true, false, SESSIONS},
    {"after", 0, true, false, SESSIONS},
    {"client", 0, true, false, SESSIONS | CAPTURE},
    {"proto", 0, true, false, CAPTURE},
    {"port", 0, true, false, CAPTURE},
    {"remote", 0, true, false, CAPTURE},
    {"count", 0, true, false, CAPTURE},
    {"seconds", 0, true, false, CAPTURE},
    {"force", 0, false, false, CAPTURE},
    {"help", 'h', false, false, ANY},
    {"version", 'V', false, false, ANY},
    {NULL, 0, false, false, 0},
};

static const struct tscf_cli_command commands[] = {
    [SERVER_COMMAND_RUN] = {"the daemon", NULL, 0},
    [SERVER_COMMAND_STATUS] = {"status", NULL, 0},
    [SERVER_COMMAND_SESSIONS] = {"sessions", NULL, 0},
    [SERVER_COMMAND_DISCONNECT] = {"disconnect", "IDENTITY, TSID or ADDRESS", 0},
    [SERVER_COMMAND_DENY] = {"deny", "IDENTITY...", TSCF_CLI_MANY},
    [SERVER_COMMAND_ALLOW] = {"allow", "IDENTITY...", TSCF_CLI_MANY},
    [SERVER_COMMAND_RELOAD] = {"reload", NULL, 0},
    [SERVER_COMMAND_STOP] = {"stop", NULL, 0},
    [SERVER_COMMAND_ADD_CLIENT] = {"add-client", "NAME...", TSCF_CLI_MANY | TSCF_CLI_OPTIONAL},
    [SERVER_COMMAND_LIST_CLIENTS] = {"list-clients", NULL, 0},
    [SERVER_COMMAND_REMOVE_CLIENT] = {"remove-client", "NAME...", TSCF_CLI_MANY},
    [SERVER_COMMAND_INIT] = {"init", NULL, 0},
    [SERVER_COMMAND_CAPTURE] = {"capture", "the name of a file, or - for standard output", 0},
    {NULL, NULL, 0},
};

static const struct tscf_cli_spec spec = {"tscf-server", options, commands};

/** Apply one option to the table it belongs to; some options, such as --json, belong to none. */
static int apply_one(const char *name, const char *value, struct server_config *c)
{
	if (tscf_setting_find(server_settings, name))
		return tscf_setting_option(server_settings, name, value, c);
	if (tscf_setting_find(server_first_interface_settings, name))
		return tscf_setting_option(server_first_interface_settings, name, value, c ? c->interfaces : NULL);
	return 0;
}

/** Put every option that is a setting into @p c (NULL: only check all values). */
static int apply(const struct tscf_cli *cli, struct server_config *c)
{
	int err = 0;

	/* Lists on the command line replace those of the file instead of adding to them. */
	if (c && tscf_cli_has(cli, "dns"))
		c->dns.count = 0;
	if (c && tscf_cli_has(cli, "sip-server"))
		c->sip_servers.count = 0;
	if (c && tscf_cli_has(cli, "route"))
		server_prefixes_clear(&c->routes);
	if (c && tscf_cli_has(cli, "listen"))
		c->interfaces->listen.count = 0;
	if (c && tscf_cli_has(cli, "pool"))
		server_prefixes_clear(&c->interfaces->pool);
	if (c && tscf_cli_has(cli, "encrypted-pool"))
		server_prefixes_clear(&c->interfaces->encrypted_pool);
	if (c && tscf_cli_has(cli, "public-name"))
		c->interfaces->public_names.count = 0;
	for (unsigned i = 0; i < cli->count && err == 0; i++)
		err = apply_one(cli->given[i].option->name, cli->given[i].value, c);
	return err;
}

/** An invitation that can be used more than once has no end. */
static int check_invitation(const struct tscf_cli *cli)
{
	const char *days = tscf_cli_value(cli, "valid-for");
	unsigned long number;

	if (!days)
		return 0;
	if (!tscf_cli_has(cli, "one-time")) {
		tscf_error("--valid-for: expected --one-time, too: other invitations have no end");
		return -EINVAL;
	}
	if (tscf_number_parse(days, 1, SERVER_VALID_DAYS_MAX, &number) == 0)
		return 0;
	tscf_error("--valid-for %s: expected days from 1 to %d", days, SERVER_VALID_DAYS_MAX);
	return -EINVAL;
}

/** add-client needs names, and each name must be one. */
static int check_names(const struct tscf_cli *cli)
{
	if (cli->command == SERVER_COMMAND_ADD_CLIENT && cli->argument_count == 0 && !tscf_cli_has(cli, "from")) {
		tscf_error("add-client: expected NAME..., or --from FILE");
		return -EINVAL;
	}
	for (unsigned i = 0; (CLIENTS & 1U << cli->command) && i < cli->argument_count; i++) {
		if (tscf_psk_identity_valid(cli->arguments[i], strlen(cli->arguments[i])))
			continue;
		tscf_error("name '%s': expected 1 to 64 printable characters without blank and ':'", cli->arguments[i]);
		return -EINVAL;
	}
	return 0;
}

int server_options_parse(int argc, char **argv, struct tscf_cli *out)
{
	int err = tscf_cli_parse(&spec, argc, argv, out);

	if (err != 0 || tscf_cli_has(out, "help") || tscf_cli_has(out, "version"))
		return err;
	err = apply(out, NULL);
	if (err == 0)
		err = check_names(out);
	if (err == 0)
		err = check_invitation(out);
	if (err == 0 && out->command == SERVER_COMMAND_CAPTURE)
		err = tscf_capture_command_read(out, &(struct tscf_capture_command){.file = NULL});
	if (err == 0 && tscf_cli_has(out, "watch"))
		err = tscf_watch_check(out);
	if (err == -EINVAL)
		tscf_cli_hint(&spec);
	return err;
}

void server_options_hint(void)
{
	tscf_cli_hint(&spec);
}

/**
 * The default file is read if it exists.  A query by a user who may not read it uses the default control socket.
 */
static const char *config_file(const struct tscf_cli *cli)
{
	const char *file = tscf_cli_value(cli, "config");
	bool needed = (1U << cli->command & (RUN | CLIENTS)) != 0;

	if (file)
		return file;
	return access(CONFIG_DEFAULT, needed ? F_OK : R_OK) == 0 ? CONFIG_DEFAULT : NULL;
}

const char *server_options_file(const struct tscf_cli *cli, bool *is_default)
{
	const char *file = tscf_cli_value(cli, "config");

	*is_default = !file || strcmp(file, CONFIG_DEFAULT) == 0;
	return file ? file : CONFIG_DEFAULT;
}

int server_options_config(const struct tscf_cli *cli, struct server_config *c)
{
	const char *file = cli->command == SERVER_COMMAND_INIT ? NULL : config_file(cli);
	int err = server_config_init(c);

	if (err == 0 && file)
		err = server_config_read(c, file);
	if (err == 0)
		err = apply(cli, c);
	if (err == 0 && cli->command == SERVER_COMMAND_RUN)
		err = server_config_check(c);
	if (err == 0 && cli->command == SERVER_COMMAND_RUN)
		err = server_config_read_clients(c);
	c->foreground = tscf_cli_has(cli, "foreground");
	c->key_log = tscf_cli_value(cli, "key-log");
	return err;
}
