/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/config.h"

#include "common/control/control.h"
#include "common/daemon/dscp_setting.h"
#include "common/daemon/settings.h"
#include "common/linux/scheduling.h"
#include "common/packet/dscp.h"
#include "common/packet/message.h"
#include "common/redundancy/redundancy.h"
#include "common/tls/tls.h"
#include "tscf-client/settings/in_force.h"
#include "tscf-client/settings/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Priority 32766 is the kernel's rule for table main: the client's rules must all come before it. */
#define PRIORITY_MAX (32766 - CLIENT_RULE_SPAN)
#define TABLE_MAX    UINT32_MAX
#define FALLBACK     "fallback-server"
#define POLICY       "policy"

/** Field: the list of servers, which grows. */
static int parse_server(const struct tscf_setting *s, const char *text, void *field)
{
	int err = client_servers_add(field, text);

	(void)s;
	if (err == -ENOSPC)
		tscf_error("%s is one server too many: expected at most %d", text, CLIENT_SERVERS_MAX);
	return err;
}

/** The server that a setting is for, which may be one server or all; each field is the list of servers. */
static struct client_server *target(struct client_servers *servers)
{
	return servers->current ? servers->current : &servers->all;
}

/** In a file the port is for all servers, and wins over a port in `server`. */
static int parse_port(const struct tscf_setting *s, const char *text, void *field)
{
	struct client_servers *servers = field;
	uint16_t port;

	if (tscf_setting_port(s, text, &port) != 0)
		return -EINVAL;
	if (!servers)
		return 0;
	servers->all.port = port;
	for (unsigned i = 0; i < servers->count; i++)
		servers->list[i].port = 0;
	return 0;
}

static int parse_transport(const struct tscf_setting *s, const char *text, void *field)
{
	enum client_transport transport = client_transport_parse(text);

	(void)s;
	if (transport == CLIENT_TRANSPORT_UNSET)
		return -EINVAL;
	if (field)
		target(field)->transport = transport;
	return 0;
}

static int parse_server_name(const struct tscf_setting *s, const char *text, void *field)
{
	return tscf_setting_text(s, text, field ? &target(field)->server_name : NULL);
}

static int parse_proxy(const struct tscf_setting *s, const char *text, void *field)
{
	(void)s;
	return client_proxy_parse(field, text);
}

static int parse_pin(const struct tscf_setting *s, const char *text, void *field)
{
	if (!tscf_tls_pin_valid(text))
		return -EINVAL;
	return tscf_setting_text(s, text, field ? &target(field)->pin : NULL);
}

static int parse_mask(const struct tscf_setting *s, const char *text, void *field)
{
	uint32_t mask;

	if (tscf_setting_number(s, text, &mask) != 0 || !tscf_mark_mask_valid(mask))
		return -EINVAL;
	if (field)
		*(uint32_t *)field = mask;
	return 0;
}

static int parse_table(const struct tscf_setting *s, const char *text, void *field)
{
	uint32_t table;

	if (tscf_setting_number(s, text, &table) != 0 || (table >= 253 && table <= 255))
		return -EINVAL;
	if (field)
		*(uint32_t *)field = table;
	return 0;
}

static int parse_guard(const struct tscf_setting *s, const char *text, void *field)
{
	static const char *const names[] = {
	    [CLIENT_GUARD_AUTO] = "auto", [CLIENT_GUARD_REQUIRED] = "required", [CLIENT_GUARD_OFF] = "off"};

	(void)s;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		if (field)
			*(enum client_guard *)field = (enum client_guard)i;
		return 0;
	}
	return -EINVAL;
}

#define FIELD(member) offsetof(struct client_config, member)

const struct tscf_setting client_settings[] = {
    {"server",
     "HOST or HOST:PORT, IPv6 addresses with a port in brackets, link-local ones as fe80::1%INTERFACE, PORT from 1 to "
     "65534",
     parse_server, FIELD(servers), 0, 0, 0},
    {"port", "a port from 1 to 65534 (the encrypted tunnel uses the next one)", parse_port, FIELD(servers), 1, 65534,
     0},
    {"ca", "the absolute name of a PEM file", tscf_setting_path, FIELD(ca), 0, 0, TSCF_SETTING_PATH},
    {"ca-crl", "the absolute name of a file", tscf_setting_path, FIELD(ca_crl), 0, 0, TSCF_SETTING_PATH},
    {"cert", "the absolute name of a PEM file", tscf_setting_path, FIELD(cert), 0, 0, TSCF_SETTING_PATH},
    {"key", "the absolute name of a PEM file", tscf_setting_path, FIELD(key), 0, 0, TSCF_SETTING_PATH},
    {"psk-file", "the absolute name of a file", tscf_setting_path, FIELD(psk_file), 0, 0, TSCF_SETTING_PATH},
    {"psk-identity", "the name before the colon in psk-file", tscf_setting_text, FIELD(psk_identity), 0, 0, 0},
    {"server-name", "the name in the server's certificate", parse_server_name, FIELD(servers), 0, 0, 0},
    {"pin", "\"sha256:\" and 44 characters of base64, in quotes, as tscf-server prints it", parse_pin, FIELD(servers),
     0, 0, 0},
    {"transport", "udp, tcp or auto", parse_transport, FIELD(servers), 0, 0, 0},
    {"proxy", "http://[USER:PASSWORD@]HOST:PORT", parse_proxy, FIELD(proxy), 0, 0, TSCF_SETTING_SECRET},
    {"plain-dev", "a device name of 1 to 15 characters, without blank, '/', ':', '%'", tscf_setting_device,
     FIELD(plain_dev), 0, 0, 0},
    {"encrypted-dev", "a device name of 1 to 15 characters, without blank, '/', ':', '%'", tscf_setting_device,
     FIELD(encrypted_dev), 0, 0, 0},
    {"default-level", "default, unencrypted, encrypted-only or encrypted-preferred", tscf_setting_level,
     FIELD(default_level), 0, 0, 0},
    {"trusted-network", "at most 16 prefixes ADDRESS/BITS, BITS not 0", networks_add_prefix, FIELD(trusted), 0,
     NETWORKS_MAX, TSCF_SETTING_LIST},
    {"trusted-interface", "at most 16 device names of 1 to 15 characters, without blank, '/', ':', '%'",
     networks_add_interface, FIELD(trusted), 0, NETWORKS_MAX, TSCF_SETTING_LIST},
    {"accept-route", "all, none, or at most 16 prefixes ADDRESS/BITS", accept_routes_parse, FIELD(accept_routes), 0,
     ACCEPT_ROUTES_MAX, TSCF_SETTING_LIST},
    {"accept-dns", "true or false", tscf_setting_bool, FIELD(accept_dns), 0, 0, 0},
    {"keep-routes", "true or false", tscf_setting_bool, FIELD(keep_routes), 0, 0, 0},
    {"mtu", "0 (what the server says) or 576 to 1500", tscf_setting_number_or_zero, FIELD(mtu), 576, 1500, 0},
    {"fwmark-mask", "a mask of at least three adjacent bits, such as 0x7f000000", parse_mask, FIELD(fwmark_mask), 1,
     UINT32_MAX, 0},
    {"rule-priority", "a priority from 1 to 32719 (our last rule must come before the one of table main)",
     tscf_setting_number, FIELD(rule_priority), 1, PRIORITY_MAX, 0},
    {"table-plain", "the number of a routing table, not 0 and not 253 to 255, which are the kernel's own", parse_table,
     FIELD(table_plain), 1, TABLE_MAX, 0},
    {"table-encrypted", "the number of a routing table, not 0 and not 253 to 255, which are the kernel's own",
     parse_table, FIELD(table_encrypted), 1, TABLE_MAX, 0},
    {"guard", "auto, required or off", parse_guard, FIELD(guard), 0, 0, 0},
    {"routes-in-main", "true or false", tscf_setting_bool, FIELD(routes_in_main), 0, 0, 0},
    {"persistence", "seconds from 0 to 86400", tscf_setting_number, FIELD(persistence), 0, 86400, 0},
    {"hold-time", "milliseconds from 0 to 60000", tscf_setting_number, FIELD(hold_ms), 0, 60000, 0},
    {"keepalive", "seconds from 0 (never) to 660", tscf_setting_number, FIELD(keepalive), 0, 660, 0},
    {"return-idle", "seconds from 0 to 86400", tscf_setting_number, FIELD(return_idle), 0, 86400, 0},
    {"script", "the absolute name of a program", tscf_setting_path, FIELD(script), 0, 0, TSCF_SETTING_PATH},
    {"script-timeout", "seconds from 1 to 300", tscf_setting_number, FIELD(script_timeout), 1, 300, 0},
    {"control", "an absolute path of at most 107 characters", tscf_setting_socket, FIELD(control), 0, 0,
     TSCF_SETTING_PATH},
    {"state-dir", "the absolute name of a directory", tscf_setting_path, FIELD(state_dir), 0, 0, TSCF_SETTING_PATH},
    {"realtime-dscp", TSCF_DSCPS_EXPECTED, tscf_setting_dscps, FIELD(realtime_dscps), 0, 0, 0},
    {"ddt-dscp", TSCF_DSCPS_EXPECTED, tscf_setting_dscps, FIELD(ddt_dscps), 0, 0, 0},
    {"ddt-rtp", "true or false", tscf_setting_bool, FIELD(ddt_rtp), 0, 0, 0},
    {"redundancy-bound", "milliseconds from 20 to 200", tscf_setting_number, FIELD(redundancy_bound),
     TSCF_REDUNDANCY_BOUND_MIN_MS, TSCF_REDUNDANCY_BOUND_MAX_MS, 0},
    {"realtime-priority", "a number from 0 (none) to 99", tscf_setting_number, FIELD(realtime_priority), 0,
     TSCF_SCHEDULING_MAX, 0},
    {"log-level", "error, warning, info or debug", tscf_setting_log_level, FIELD(log_level), 0, 0, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

#define SETTINGS (sizeof(client_settings) / sizeof(client_settings[0]))

_Static_assert(PRIORITY_MAX == 32719, "the text of rule-priority names the bound");

int client_config_init(struct client_config *c)
{
	*c = (struct client_config){
	    .servers.all.port = TSCF_PORT,
	    .plain_dev = strdup("tscf0"),
	    .encrypted_dev = strdup("tscf1"),
	    .default_level = TSCF_LEVEL_DEFAULT,
	    .fwmark_mask = TSCF_MARK_MASK_DEFAULT,
	    .rule_priority = 7000,
	    .table_plain = 7453,
	    .table_encrypted = 7454,
	    .accept_dns = true,
	    .persistence = 30,
	    .hold_ms = 3000,
	    .keepalive = 10,
	    .return_idle = 60,
	    .script_timeout = 30,
	    .control = strdup(TSCF_CLIENT_CONTROL_DEFAULT),
	    .state_dir = strdup(LOCALSTATEDIR "/lib/tscf"),
	    .realtime_dscps = TSCF_URGENT_DSCPS,
	    .ddt_dscps = TSCF_MEDIA_DSCPS,
	    .ddt_rtp = true,
	    .redundancy_bound = TSCF_REDUNDANCY_BOUND_MS,
	    .realtime_priority = 1,
	    .log_level = TSCF_LOG_INFO,
	};
	return c->plain_dev && c->encrypted_dev && c->control && c->state_dir ? 0 : -ENOMEM;
}

void client_config_free(struct client_config *c)
{
	client_servers_clear(&c->servers);
	client_proxy_clear(&c->proxy);
	free(c->ca);
	free(c->ca_crl);
	free(c->cert);
	free(c->key);
	free(c->psk_file);
	free(c->psk_identity);
	free(c->plain_dev);
	free(c->encrypted_dev);
	free(c->script);
	free(c->control);
	free(c->state_dir);
	memset(c, 0, sizeof(*c));
}

/** What may stand in a section "fallback-server HOST[:PORT] { ... }". */
static const struct tscf_setting fallback_settings[] = {
    {"server-name", "the name in the server's certificate", parse_server_name, 0, 0, 0, 0},
    {"pin", "\"sha256:\" and 44 characters of base64, in quotes, as tscf-server prints it", parse_pin, 0, 0, 0, 0},
    {"transport", "udp, tcp or auto", parse_transport, 0, 0, 0, 0},
    {NULL, NULL, NULL, 0, 0, 0, 0},
};

#define FALLBACK_SETTINGS (sizeof(fallback_settings) / sizeof(fallback_settings[0]))

static int validate(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(client_settings, cfg, opt);
}

static int validate_fallback(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(fallback_settings, cfg, opt);
}

static int validate_fallback_section(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *title = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));

	if (client_servers_add(NULL, title) == 0)
		return 0;
	cfg_error(cfg, FALLBACK " \"%s\": expected HOST or HOST:PORT, PORT from 1 to 65534", title);
	return -1;
}

/** The servers of the file, in its order: `server`, then each fallback-server. */
static int take_fallbacks(struct client_servers *servers, cfg_t *cfg)
{
	int err = 0;

	for (unsigned i = 0; i < cfg_size(cfg, FALLBACK) && err == 0; i++) {
		cfg_t *section = cfg_getnsec(cfg, FALLBACK, i);

		err = parse_server(NULL, cfg_title(section), servers);
		if (err != 0)
			break;
		servers->current = &servers->list[servers->count - 1];
		err = tscf_settings_take(fallback_settings, section, servers);
	}
	servers->current = NULL;
	return err;
}

static int validate_policy(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(policy_settings, cfg, opt);
}

/** @return whether one of two settings is in the section. */
static bool has_either(cfg_t *section, const char *one, const char *other)
{
	return cfg_size(section, one) > 0 || cfg_size(section, other) > 0;
}

static int validate_policy_section(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned count = cfg_opt_size(opt);
	cfg_t *section = cfg_opt_getnsec(opt, count - 1);

	if (count > POLICIES_MAX)
		cfg_error(cfg, POLICY " \"%s\" is one too many: expected at most %d", cfg_title(section), POLICIES_MAX);
	else if (!policy_name_valid(cfg_title(section)))
		cfg_error(cfg, POLICY " \"%s\": expected a name of 1 to %zu printable characters", cfg_title(section),
			  sizeof(((struct policy *)0)->name) - 1);
	else if (cfg_size(section, "level") == 0)
		cfg_error(cfg,
			  POLICY
			  " \"%s\": no level: expected level = unencrypted, encrypted-only or encrypted-preferred",
			  cfg_title(section));
	else if ((has_either(section, "program", "dscp") || cfg_size(section, "cgroup") > 0) &&
		 has_either(section, "remote", "remote-port"))
		/* Only the kernel sees where a datagram socket sends to, and only the library sees which program it
		 * belongs to. */
		cfg_error(
		    cfg,
		    POLICY
		    " \"%s\": program, cgroup and dscp do not go with remote and remote-port: expected two policies",
		    cfg_title(section));
	else
		return 0;
	return -1;
}

/** The policies of the file, in its order. */
static int take_policies(struct policies *policies, cfg_t *cfg)
{
	int err = 0;

	policies->count = policies->numbers = 0;
	for (unsigned i = 0; i < cfg_size(cfg, POLICY) && err == 0; i++) {
		cfg_t *section = cfg_getnsec(cfg, POLICY, i);
		struct policy *p = &policies->list[policies->count++];

		*p = (struct policy){.place = i};
		snprintf(p->name, sizeof(p->name), "%s", cfg_title(section));
		err = tscf_settings_take(policy_settings, section, p);
		policies->numbers = policy_number(p, policies->numbers);
	}
	return err;
}

int client_config_read(struct client_config *c, const char *file)
{
	cfg_opt_t options[SETTINGS + 2], inner[FALLBACK_SETTINGS], policy_inner[POLICY_SETTINGS];
	const cfg_opt_t end = CFG_END();
	cfg_opt_t fallback = CFG_SEC(FALLBACK, inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	cfg_opt_t policy = CFG_SEC(POLICY, policy_inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	unsigned n = tscf_settings_declare(client_settings, options, validate);
	cfg_t *cfg;
	int err;

	fallback.validcb = validate_fallback_section;
	inner[tscf_settings_declare(fallback_settings, inner, validate_fallback)] = end;
	policy.validcb = validate_policy_section;
	policy_inner[tscf_settings_declare(policy_settings, policy_inner, validate_policy)] = end;
	options[n++] = fallback;
	options[n++] = policy;
	options[n] = end;
	cfg = cfg_init(options, CFGF_NONE);
	if (!cfg)
		return -ENOMEM;
	err = tscf_settings_parse(cfg, file);
	if (err == 0)
		err = tscf_settings_take(client_settings, cfg, c);
	if (err == 0)
		err = take_fallbacks(&c->servers, cfg);
	if (err == 0)
		err = take_policies(&c->written, cfg);
	/* Of conditions nothing is known yet. */
	if (err == 0)
		in_force_select(&c->written, &(const struct condition_list){.count = 0}, &c->policies);
	cfg_free(cfg);
	return err == -ENOSPC ? -EINVAL : err;
}

/** Report what is wrong if @p ok does not hold.  @return ok. */
static bool expect(bool ok, const char *problem)
{
	if (!ok)
		tscf_error("%s", problem);
	return ok;
}

/** Each server can be verified, and each can be reached by some transport. */
static bool check_server(const struct client_config *c, const struct client_server *one)
{
	bool ok = c->ca || client_server_pin(&c->servers, one);

	if (!ok)
		tscf_error("server %s could not be verified: expected ca or pin (tscf-server prints its pin)",
			   one->host);
	if (c->proxy.host && client_server_transport(&c->servers, one) == CLIENT_TRANSPORT_UDP) {
		tscf_error("server %s: transport udp does not go through the proxy: expected tcp or auto", one->host);
		ok = false;
	}
	return ok;
}

/** The script is run as root. */
static bool check_script(const char *script)
{
	struct stat st;

	if (!script)
		return true;
	if (stat(script, &st) < 0) {
		tscf_error("script %s: %s", script, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		tscf_error("script %s: expected a program that may be executed", script);
		return false;
	}
	if ((st.st_mode & 0022) || (st.st_uid != 0 && st.st_uid != geteuid())) {
		tscf_error("script %s: others could change it: expected a file of root that only root may write",
			   script);
		return false;
	}
	return true;
}

/** Each policy that the library applies needs a number in the mark. */
static bool check_mask(const struct client_config *c)
{
	unsigned numbered = c->written.numbers, room = tscf_mark_policies(c->fwmark_mask);

	if (numbered <= room)
		return true;
	tscf_error(
	    "%u policies name a program, cgroup or dscp, and fwmark-mask 0x%x has room for %u: expected more bits",
	    numbered, (unsigned)c->fwmark_mask, room);
	return false;
}

int client_config_check(const struct client_config *c)
{
	bool ok = expect(c->servers.count > 0, "no server is named: expected an invitation (tscf-client join), server "
					       "= \"HOST\" in the file, or --server HOST");

	for (unsigned i = 0; i < c->servers.count; i++)
		ok &= check_server(c, &c->servers.list[i]);
	ok &= expect(strcmp(c->plain_dev, c->encrypted_dev) != 0,
		     "plain-dev and encrypted-dev are the same: expected two names");
	ok &= expect(c->table_plain != c->table_encrypted,
		     "table-plain and table-encrypted are the same: expected two tables of their own");
	ok &= expect(!c->ca_crl || c->ca, "ca-crl is given without ca: a pin is not checked by revocation lists");
	ok &= expect(!c->cert == !c->key, "cert and key belong together: expected both or none");
	ok &= expect(!c->cert || !c->psk_file,
		     "both cert and psk-file are given: expected one way to prove who this client is");
	ok &= expect(!c->psk_identity || c->psk_file, "psk-identity is given without psk-file");
	ok &= check_script(c->script);
	ok &= check_mask(c);
	return ok ? 0 : -EINVAL;
}
