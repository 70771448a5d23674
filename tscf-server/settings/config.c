/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Defaults and the configuration file; config_check.c checks the settings against each other. */
#include "tscf-server/settings/config.h"

#include "common/auth/proof.h"
#include "common/base/log.h"
#include "common/control/control.h"
#include "common/packet/dscp.h"
#include "common/packet/message.h"
#include "common/redundancy/redundancy.h"
#include "tscf-server/settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A burst of clients needs no cookies.  A longer one is an attack or an outage; then one more round trip does no
 * harm. */
#define HALF_OPEN_LIMIT 1000
/** Enough for all phones of an office behind one address translator, or of subscribers who share an address of their
 * provider; but one attacker that invents clients cannot take a whole pool. */
#define TUNNELS_PER_SOURCE 256

#define INTERFACE "tscf-interface"
#define PORT      "tscf-port"
#define POOL      "tscf-address-pool"

static void interface_free(struct server_interface_config *i)
{
	server_prefixes_clear(&i->pool);
	server_prefixes_clear(&i->encrypted_pool);
	tscf_client_auth_drop(i->client_auth);
	free(i->psk_file);
	free(i->client_ca);
	free(i->client_crl);
	free(i->denied_clients);
	free(i->name);
	free(i);
}

/** @return an interface with every default, or NULL when out of memory. */
static struct server_interface_config *interface_new(const char *name)
{
	struct server_interface_config *i = calloc(1, sizeof(*i));
	struct tscf_addr any = {.family = AF_INET};

	if (!i)
		return NULL;
	i->name = strdup(name);
	if (!i->name) {
		interface_free(i);
		return NULL;
	}
	i->enabled = true;
	i->half_open_limit = HALF_OPEN_LIMIT;
	i->nagle_ms = 5;
	i->max_tunnels_per_source = TUNNELS_PER_SOURCE;
	i->protocols = SERVER_PLAIN_PROTOCOLS | SERVER_ENCRYPTED_PROTOCOLS;
	tscf_endpoint_make(&any, TSCF_PORT, &i->listen.at[0]);
	i->listen.count = 1;
	return i;
}

static void interfaces_free(struct server_config *c)
{
	while (c->interfaces) {
		struct server_interface_config *next = c->interfaces->next;

		interface_free(c->interfaces);
		c->interfaces = next;
	}
}

int server_config_init(struct server_config *c)
{
	*c = (struct server_config){
	    .interfaces = interface_new("default"),
	    .mtu = 1340,
	    .keepalive_stream = 300,
	    .server_keepalive = 25,
	    .persistence = 330,
	    .accounting_interval = 600,
	    .radius_timeout = 5,
	    .plain_dev = strdup("tscf0"),
	    .encrypted_dev = strdup("tscf1"),
	    .control = strdup(TSCF_SERVER_CONTROL_DEFAULT),
	    .state_dir = strdup(LOCALSTATEDIR "/lib/tscf"),
	    .realtime_dscps = TSCF_URGENT_DSCPS,
	    .realtime_priority = 1,
	    .redundancy_bound = TSCF_REDUNDANCY_BOUND_MS,
	    .log_level = TSCF_LOG_INFO,
	};
	return c->interfaces && c->plain_dev && c->encrypted_dev && c->control && c->state_dir ? 0 : -ENOMEM;
}

void server_config_free(struct server_config *c)
{
	interfaces_free(c);
	server_prefixes_clear(&c->routes);
	free(c->cert);
	free(c->key);
	free(c->plain_dev);
	free(c->encrypted_dev);
	free(c->control);
	free(c->state_dir);
	free(c->accounting_log);
	free(c->radius_accounting);
	free(c->client_limits_file);
	server_client_limits_drop(c->client_limits);
	free(c->radius_access);
	memset(c, 0, sizeof(*c));
}

static int validate_global(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(server_settings, cfg, opt);
}

static int validate_interface(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(server_interface_settings, cfg, opt);
}

static int validate_port(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(server_port_settings, cfg, opt);
}

static int validate_pool(cfg_t *cfg, cfg_opt_t *opt)
{
	return tscf_settings_validate(server_pool_settings, cfg, opt);
}

/** Read a tscf-port section; settings that are not given keep their defaults.  @return 0 or -ENOMEM. */
static int take_port(cfg_t *section, struct server_port *out)
{
	*out = (struct server_port){.port = TSCF_PORT, .protocol = SERVER_UDP};
	return tscf_settings_take(server_port_settings, section, out);
}

static bool is_plain(const struct server_port *port)
{
	return SERVER_BIT(port->protocol) & SERVER_PLAIN_PROTOCOLS;
}

/** Check that the section has an address, and a plain port that leaves room for the encrypted one. */
static int validate_port_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	struct server_port port;

	take_port(section, &port);
	if (port.address.family == 0) {
		cfg_error(cfg, PORT " has no address: expected address = \"ADDRESS\"");
		return -1;
	}
	if (is_plain(&port) && port.port == UINT16_MAX) {
		cfg_error(cfg,
			  "port = \"%u\": expected a port from 1 to 65534 (the encrypted tunnel uses the next one)",
			  port.port);
		return -1;
	}
	return 0;
}

static int validate_pool_section(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_size(opt) == 1)
		return 0;
	cfg_error(cfg, "a second " POOL ": expected one in each " INTERFACE);
	return -1;
}

/** The ports of an interface combined. */
struct ports {
	struct server_places places;
	unsigned protocols[SERVER_PLACES_MAX]; /**< SERVER_BIT, of each place */
};

/** @return the place that has the plain port of @p port's address, or -1. */
static int find_place(const struct ports *p, const struct server_port *port)
{
	for (unsigned n = 0; n < p->places.count; n++) {
		struct tscf_addr a = tscf_endpoint_addr(&p->places.at[n]);

		if (tscf_addr_equal(&a, &port->address))
			return (int)n;
	}
	return -1;
}

static int misplaced(cfg_t *cfg, cfg_t *section, const struct server_port *port)
{
	if (is_plain(port))
		cfg_error(cfg,
			  INTERFACE " %s has a second plain " PORT
				    " of one address: expected udp and tcp at the same port",
			  cfg_title(section));
	else
		cfg_error(cfg,
			  INTERFACE " %s: port %u: expected a udp or tcp " PORT
				    " of the same address on the port before it",
			  cfg_title(section), port->port);
	return -EINVAL;
}

/** Find the places: the addresses with a plain port.  @return 0, -EINVAL with the problem reported, or -ENOMEM. */
static int find_places(cfg_t *cfg, cfg_t *section, struct ports *p)
{
	struct server_port port;

	for (unsigned n = 0; n < cfg_size(section, PORT); n++) {
		if (take_port(cfg_getnsec(section, PORT, n), &port) != 0)
			return -ENOMEM;
		if (!is_plain(&port) || find_place(p, &port) >= 0)
			continue;
		if (p->places.count == SERVER_PLACES_MAX) {
			cfg_error(cfg, INTERFACE " %s has too many addresses: expected at most %u", cfg_title(section),
				  SERVER_PLACES_MAX);
			return -EINVAL;
		}
		tscf_endpoint_make(&port.address, port.port, &p->places.at[p->places.count++]);
	}
	return 0;
}

/** Find out which protocols each place serves.  @return 0 or -EINVAL with the problem reported. */
static int find_protocols(cfg_t *cfg, cfg_t *section, struct ports *p)
{
	struct server_port port;

	for (unsigned n = 0; n < cfg_size(section, PORT); n++) {
		int place;

		take_port(cfg_getnsec(section, PORT, n), &port);
		place = find_place(p, &port);
		if (place < 0 || port.port != tscf_endpoint_port(&p->places.at[place]) + (is_plain(&port) ? 0 : 1))
			return misplaced(cfg, section, &port);
		if (p->protocols[place] & SERVER_BIT(port.protocol)) {
			cfg_error(cfg,
				  INTERFACE " %s has two " PORT "s of one address and transport-protocol: expected one",
				  cfg_title(section));
			return -EINVAL;
		}
		p->protocols[place] |= SERVER_BIT(port.protocol);
	}
	for (unsigned n = 1; n < p->places.count; n++) {
		if (p->protocols[n] == p->protocols[0])
			continue;
		cfg_error(cfg, INTERFACE " %s: its addresses differ in transport-protocol: expected the same for each",
			  cfg_title(section));
		return -EINVAL;
	}
	return 0;
}

/**
 * Combine the ports of an interface: the addresses where it listens, and the protocols.  Without tscf-port sections
 * nothing changes; without encrypted ones each plain one gets its twin.
 *
 * @return 0, -EINVAL with the problem reported, or -ENOMEM.
 */
static int join_ports(cfg_t *cfg, cfg_t *section, struct server_interface_config *i)
{
	struct ports p = {.places.count = 0};
	int err = find_places(cfg, section, &p);

	if (err == 0)
		err = find_protocols(cfg, section, &p);
	if (err < 0 || p.places.count == 0)
		return err;
	i->listen = p.places;
	i->protocols = p.protocols[0];
	if (!(i->protocols & SERVER_ENCRYPTED_PROTOCOLS))
		i->protocols |= server_twins(i->protocols);
	return 0;
}

static int validate_interface_section(cfg_t *cfg, cfg_opt_t *opt)
{
	struct server_interface_config i;

	return join_ports(cfg, cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1), &i) == 0 ? 0 : -1;
}

/** @return the interface that a section describes, or NULL when out of memory. */
static struct server_interface_config *take_interface(cfg_t *section)
{
	struct server_interface_config *i = interface_new(cfg_title(section));
	int err;

	if (!i)
		return NULL;
	err = tscf_settings_take(server_interface_settings, section, i);
	if (err == 0)
		err = join_ports(section, section, i);
	if (err == 0 && cfg_size(section, POOL) > 0)
		err = tscf_settings_take(server_pool_settings, cfg_getsec(section, POOL), i);
	if (err == 0)
		return i;
	interface_free(i);
	return NULL;
}

static int take(struct server_config *c, cfg_t *cfg)
{
	unsigned count = cfg_size(cfg, INTERFACE);
	struct server_interface_config **last = &c->interfaces;

	if (count > 0)
		interfaces_free(c);
	for (unsigned i = 0; i < count; i++, last = &(*last)->next) {
		*last = take_interface(cfg_getnsec(cfg, INTERFACE, i));
		if (!*last)
			return -ENOMEM;
	}
	return tscf_settings_take(server_settings, cfg, c);
}

/** The tables of settings for libconfuse: nested sections, innermost first. */
struct options {
	cfg_opt_t port[SERVER_SETTINGS_MAX], pool[SERVER_SETTINGS_MAX], interface[SERVER_SETTINGS_MAX],
	    global[SERVER_SETTINGS_MAX];
};

static void declare(struct options *o)
{
	const cfg_opt_t end = CFG_END();
	cfg_opt_t port = CFG_SEC(PORT, o->port, CFGF_MULTI);
	cfg_opt_t pool = CFG_SEC(POOL, o->pool, CFGF_MULTI);
	cfg_opt_t interface = CFG_SEC(INTERFACE, o->interface, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	unsigned n;

	port.validcb = validate_port_section;
	pool.validcb = validate_pool_section;
	interface.validcb = validate_interface_section;
	o->port[tscf_settings_declare(server_port_settings, o->port, validate_port)] = end;
	o->pool[tscf_settings_declare(server_pool_settings, o->pool, validate_pool)] = end;
	n = tscf_settings_declare(server_interface_settings, o->interface, validate_interface);
	o->interface[n++] = port;
	o->interface[n++] = pool;
	o->interface[n] = end;
	n = tscf_settings_declare(server_settings, o->global, validate_global);
	o->global[n++] = interface;
	o->global[n] = end;
}

int server_config_read(struct server_config *c, const char *file)
{
	struct options options;
	cfg_t *cfg;
	int err;

	declare(&options);
	cfg = cfg_init(options.global, CFGF_NONE);
	if (!cfg)
		return -ENOMEM;
	err = tscf_settings_parse(cfg, file);
	if (err == 0)
		err = take(c, cfg);
	cfg_free(cfg);
	return err;
}

static int read_clients(struct server_interface_config *i)
{
	char error[TSCF_PROOF_ERROR];

	if (!i->psk_file && !i->client_ca && !i->denied_clients && !i->client_crl)
		return 0;
	if (!i->psk_file && !i->client_ca && i->denied_clients) {
		tscf_error("interface %s: denied-clients is given without psk-file and client-ca: no client "
			   "would be asked for its identity",
			   i->name);
		return -EINVAL;
	}
	if (i->client_crl && !i->client_ca) {
		tscf_error("interface %s: client-crl is given without client-ca: no certificate would be accepted",
			   i->name);
		return -EINVAL;
	}
	i->client_auth = tscf_client_auth_read(i->psk_file, i->client_ca, i->denied_clients, i->client_crl, error);
	if (!i->client_auth)
		tscf_error("interface %s: %s", i->name, error);
	return i->client_auth ? 0 : -EINVAL;
}

static int read_limits(struct server_config *c)
{
	char error[TSCF_PROOF_ERROR];

	if (!c->client_limits_file)
		return 0;
	c->client_limits = server_client_limits_read(c->client_limits_file, error, sizeof(error));
	if (!c->client_limits)
		tscf_error("client-limits: %s", error);
	return c->client_limits ? 0 : -EINVAL;
}

int server_config_read_clients(struct server_config *c)
{
	int err = read_limits(c);

	for (struct server_interface_config *i = c->interfaces; i && err == 0; i = i->next)
		if (i->enabled)
			err = read_clients(i);
	return err;
}
