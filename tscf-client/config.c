/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/control.h"
#include "common/message.h"
#include "common/settings.h"
#include "common/tls.h"
#include "routing.h"
#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Priority 32766 is the kernel's rule for table main: ours must all come before it. */
#define PRIORITY_MAX (32766 - ROUTING_RULE_SPAN)
#define TABLE_MAX    UINT32_MAX

/** Split "HOST", "HOST:PORT", "[V6]", "[V6]:PORT"; a bare IPv6 address has colons and no port.  *port is where the port
 * begins, or NULL. */
static int split_server(const char *text, const char **host, size_t *host_length, const char **port)
{
	const char *colon = strchr(text, ':');
	const char *close = strchr(text, ']');

	*port = NULL;
	*host = text;
	*host_length = strlen(text);
	if (text[0] == '[') {
		if (!close || (close[1] != '\0' && close[1] != ':'))
			return -EINVAL;
		*host = text + 1;
		*host_length = (size_t)(close - text) - 1;
		if (close[1] == ':')
			*port = close + 2;
	} else if (colon && !strchr(colon + 1, ':')) {
		*host_length = (size_t)(colon - text);
		*port = colon + 1;
	}
	return *host_length > 0 && strcspn(text, " \t\n/") == strlen(text) ? 0 : -EINVAL;
}

/** Field: the whole struct client_config, since the text may carry the port. */
static int parse_server(const struct tscf_setting *s, const char *text, void *field)
{
	struct client_config *c = field;
	const char *host, *port_text;
	unsigned long port = 0;
	char *copy;
	size_t length;

	(void)s;
	if (split_server(text, &host, &length, &port_text) != 0)
		return -EINVAL;
	if (port_text && tscf_number_parse(port_text, 1, 65534, &port) != 0)
		return -EINVAL;
	if (!c)
		return 0;
	copy = strndup(host, length);
	if (!copy)
		return -ENOMEM;
	free(c->server);
	c->server = copy;
	if (port_text)
		c->port = (uint16_t)port;
	return 0;
}

static int parse_pin(const struct tscf_setting *s, const char *text, void *field)
{
	return tscf_tls_pin_valid(text) ? tscf_setting_text(s, text, field) : -EINVAL;
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

#define FIELD(member) offsetof(struct client_config, member)

const struct tscf_setting client_settings[] = {
	{"server", "HOST or HOST:PORT, IPv6 addresses with a port in brackets, PORT from 1 to 65534", parse_server,
	 0, 0, 0, 0},
	{"port", "a port from 1 to 65534 (the encrypted tunnel uses the next one)", tscf_setting_port, FIELD(port), 1,
	 65534, 0},
	{"ca", "the absolute name of a PEM file", tscf_setting_path, FIELD(ca), 0, 0, TSCF_SETTING_PATH},
	{"server-name", "the name in the server's certificate", tscf_setting_text, FIELD(server_name), 0, 0, 0},
	{"pin", "\"sha256:\" and 44 characters of base64, as tscf-server prints it", parse_pin, FIELD(pin), 0, 0, 0},
	{"plain-dev", "a device name of 1 to 15 characters, without blank, '/', ':', '%'", tscf_setting_device,
	 FIELD(plain_dev), 0, 0, 0},
	{"encrypted-dev", "a device name of 1 to 15 characters, without blank, '/', ':', '%'", tscf_setting_device,
	 FIELD(encrypted_dev), 0, 0, 0},
	{"default-level", "default, unencrypted, encrypted-only or encrypted-preferred", tscf_setting_level,
	 FIELD(default_level), 0, 0, 0},
	{"mtu", "0 (what the server says) or 576 to 1500 (above 1351 only the plain tunnel carries it)",
	 tscf_setting_number_or_zero, FIELD(mtu), 576, 1500, 0},
	{"fwmark-mask", "a mask of at least three adjacent bits, such as 0x07000000", parse_mask, FIELD(fwmark_mask), 1,
	 UINT32_MAX, 0},
	{"rule-priority", "a priority from 1 to 32756 (our last rule must come before the one of table main)",
	 tscf_setting_number, FIELD(rule_priority), 1, PRIORITY_MAX, 0},
	{"table-plain", "the number of a routing table, not 0 and not 253 to 255, which are the kernel's own",
	 parse_table,
	 FIELD(table_plain), 1, TABLE_MAX, 0},
	{"table-encrypted", "the number of a routing table, not 0 and not 253 to 255, which are the kernel's own",
	 parse_table, FIELD(table_encrypted), 1, TABLE_MAX, 0},
	{"routes-in-main", "true or false", tscf_setting_bool, FIELD(routes_in_main), 0, 0, 0},
	{"persistence", "seconds from 0 to 86400", tscf_setting_number, FIELD(persistence), 0, 86400, 0},
	{"hold-time", "milliseconds from 0 to 60000", tscf_setting_number, FIELD(hold_ms), 0, 60000, 0},
	{"keepalive", "seconds from 0 (never) to 660", tscf_setting_number, FIELD(keepalive), 0, 660, 0},
	{"control", "an absolute path of at most 107 characters", tscf_setting_socket, FIELD(control), 0, 0,
	 TSCF_SETTING_PATH},
	{"state-dir", "the absolute name of a directory", tscf_setting_path, FIELD(state_dir), 0, 0, TSCF_SETTING_PATH},
	{"log-level", "error, warning, info or debug", tscf_setting_log_level, FIELD(log_level), 0, 0, 0},
	{NULL, NULL, NULL, 0, 0, 0, 0},
};

#define SETTINGS (sizeof(client_settings) / sizeof(client_settings[0]))

_Static_assert(PRIORITY_MAX == 32756, "the text of rule-priority names the bound");

int client_config_init(struct client_config *c)
{
	*c = (struct client_config){
	    .port = TSCF_PORT,
	    .plain_dev = strdup("tscf0"),
	    .encrypted_dev = strdup("tscf1"),
	    .default_level = TSCF_LEVEL_DEFAULT,
	    .fwmark_mask = TSCF_MARK_MASK_DEFAULT,
	    .rule_priority = 7000,
	    .table_plain = 7453,
	    .table_encrypted = 7454,
	    .persistence = 30,
	    .hold_ms = 3000,
	    .keepalive = 10,
	    .control = strdup(TSCF_CLIENT_CONTROL_DEFAULT),
	    .state_dir = strdup(LOCALSTATEDIR "/lib/tscf"),
	    .log_level = TSCF_LOG_INFO,
	};
	return c->plain_dev && c->encrypted_dev && c->control && c->state_dir ? 0 : -ENOMEM;
}

void client_config_free(struct client_config *c)
{
	free(c->server);
	free(c->ca);
	free(c->server_name);
	free(c->pin);
	free(c->plain_dev);
	free(c->encrypted_dev);
	free(c->control);
	free(c->state_dir);
	memset(c, 0, sizeof(*c));
}

static int validate(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(client_settings, cfg, opt);
}

int client_config_read(struct client_config *c, const char *file)
{
	cfg_opt_t options[SETTINGS + 1];
	cfg_opt_t end = CFG_END();
	cfg_t *cfg;
	int err;

	options[tscf_settings_declare(client_settings, options, validate)] = end;
	cfg = cfg_init(options, CFGF_NONE);
	if (!cfg)
		return -ENOMEM;
	err = tscf_settings_parse(cfg, file);
	if (err == 0)
		err = tscf_settings_take(client_settings, cfg, c);
	cfg_free(cfg);
	return err;
}

/** Report what is wrong if @p ok does not hold.  @return ok. */
static bool expect(bool ok, const char *problem)
{
	if (!ok)
		tscf_error("%s", problem);
	return ok;
}

int client_config_check(const struct client_config *c)
{
	bool ok = expect(c->server, "no server is named: expected server = \"HOST\" in the file, or --server HOST");

	ok &= expect(c->ca || c->pin,
		     "the server could not be verified: expected ca or pin (tscf-server prints its pin)");
	ok &= expect(strcmp(c->plain_dev, c->encrypted_dev) != 0,
		     "plain-dev and encrypted-dev are the same: expected two names");
	ok &= expect(c->table_plain != c->table_encrypted,
		     "table-plain and table-encrypted are the same: expected two tables of their own");
	return ok ? 0 : -EINVAL;
}
