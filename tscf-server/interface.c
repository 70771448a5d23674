/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interface.h"

#include "path.h"

#include "common/dtls.h"
#include "common/log.h"
#include "common/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void take_settings(struct server_settings *settings, const struct server_config *config)
{
	settings->route_count = config->route_count < SERVER_ROUTES_MAX ? config->route_count : SERVER_ROUTES_MAX;
	if (settings->route_count < config->route_count)
		tscf_warning("%u routes do not fit a configuration response: clients get the first %u",
			     config->route_count, SERVER_ROUTES_MAX);
	for (unsigned n = 0; n < settings->route_count; n++)
		settings->routes[n] = config->routes[n];
	settings->keepalive = config->keepalive;
	settings->persistence = config->persistence;
}

static void take_interface(struct server_interface *i, const struct server_interface_config *config)
{
	i->services = config->services;
	i->max_plain = config->max_tunnels;
	i->max_encrypted = config->max_encrypted_tunnels;
	i->max_per_source = config->max_tunnels_per_source;
	i->inter_client = config->inter_client;
	if ((i->services & SERVER_SERVICE_DTTE) && !i->encrypted_pool)
		tscf_warning("interface %s: DTTE needs a pool for encrypted tunnels, which it was started without",
			     i->name);
}

static int make_pools(struct server_interface *i, const struct server_interface_config *config)
{
	int err = server_pool_new(&config->pool, &i->plain_pool);

	if (err == 0 && config->encrypted_pool.addr.family != 0)
		err = server_pool_new(&config->encrypted_pool, &i->encrypted_pool);
	if (err < 0)
		tscf_error("interface %s: cannot use its address pools: %s", i->name, strerror(-err));
	return err;
}

static int make_interface(struct server *server, const struct server_interface_config *config,
			  struct server_interface ***last)
{
	struct server_interface *i = calloc(1, sizeof(*i));
	int err;

	if (!i)
		return -ENOMEM;
	**last = i;
	*last = &i->next;
	i->server = server;
	i->listen = config->listen;
	i->name = strdup(config->name);
	if (!i->name)
		return -ENOMEM;
	err = make_pools(i, config);
	if (err == 0)
		take_interface(i, config);
	return err;
}

int server_interfaces_make(struct server *server)
{
	struct server_interface **last = &server->state->interfaces;
	int err;

	take_settings(&server->state->settings, server->config);
	server->state->settings.mtu = server->config->mtu;
	for (const struct server_interface_config *c = server->config->interfaces; c; c = c->next) {
		if (!c->enabled)
			continue;
		err = make_interface(server, c, &last);
		if (err < 0)
			return err;
	}
	if (!server->state->interfaces) {
		tscf_error("no interface is enabled");
		return -EINVAL;
	}
	return 0;
}

bool server_interfaces_encrypt(const struct server *server)
{
	for (const struct server_interface *i = server->state->interfaces; i; i = i->next)
		if (i->encrypted_pool)
			return true;
	return false;
}

static int cannot_listen(const struct server_interface *i, const char *what, const union tscf_endpoint *at, int err)
{
	char text[TSCF_ADDR_TEXT];

	tscf_error("interface %s: cannot listen on %s %s: %s", i->name, what, tscf_endpoint_format(at, text),
		   strerror(-err));
	return err;
}

static int listen_on(struct server *server, struct server_interface *i)
{
	const struct tscf_outer_options options = {.mark = 0};
	union tscf_endpoint next = i->listen;
	char text[TSCF_ADDR_TEXT];
	int err;

	err = tscf_udp_listen(server->loop, &i->listen, &options, &server_path_handler, i, &i->plain);
	if (err < 0)
		return cannot_listen(i, "UDP", &i->listen, err);
	tscf_info("interface %s: plain tunnels on UDP %s", i->name, tscf_endpoint_format(&i->listen, text));
	if (!i->encrypted_pool)
		return 0;
	tscf_endpoint_set_port(&next, (uint16_t)(tscf_endpoint_port(&next) + 1));
	err = tscf_dtls_listen(server->loop, server->tls, &next, &options, &server_path_handler, i, &i->encrypted);
	if (err < 0)
		return cannot_listen(i, "DTLS", &next, err);
	tscf_info("interface %s: encrypted tunnels on DTLS %s", i->name, tscf_endpoint_format(&next, text));
	return 0;
}

int server_interfaces_listen(struct server *server)
{
	int err = 0;

	for (struct server_interface *i = server->state->interfaces; i && err == 0; i = i->next)
		err = listen_on(server, i);
	return err;
}

void server_interfaces_close(struct server *server)
{
	for (struct server_interface *i = server->state->interfaces; i; i = i->next) {
		if (i->plain)
			tscf_transport_close(i->plain);
		if (i->encrypted)
			tscf_transport_close(i->encrypted);
		i->plain = NULL;
		i->encrypted = NULL;
	}
}

static bool same_pool(const struct server_pool *pool, const struct tscf_prefix *configured)
{
	struct tscf_prefix a, b = *configured;

	if (!pool)
		return configured->addr.family == 0;
	a = server_pool_prefix(pool);
	tscf_prefix_normalize(&b);
	return a.length == b.length && tscf_addr_equal(&a.addr, &b.addr);
}

static void keeps(const char *interface, const char *what)
{
	tscf_warning("reload: interface %s keeps its %s until the server is restarted", interface, what);
}

static void reload_interface(struct server_interface *i, const struct server_interface_config *config)
{
	if (!config->enabled)
		keeps(i->name, "state (enabled)");
	if (!tscf_endpoint_equal(&i->listen, &config->listen))
		keeps(i->name, "listen address");
	if (!same_pool(i->plain_pool, &config->pool) || !same_pool(i->encrypted_pool, &config->encrypted_pool))
		keeps(i->name, "address pools");
	take_interface(i, config);
}

static struct server_interface *find(struct server *server, const char *name)
{
	for (struct server_interface *i = server->state->interfaces; i; i = i->next)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

static bool names(const struct server_config *config, const char *name)
{
	for (const struct server_interface_config *c = config->interfaces; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return true;
	return false;
}

void server_interfaces_reload(struct server *server, const struct server_config *fresh)
{
	take_settings(&server->state->settings, fresh);
	for (const struct server_interface_config *c = fresh->interfaces; c; c = c->next) {
		struct server_interface *i = find(server, c->name);

		if (i)
			reload_interface(i, c);
		else if (c->enabled)
			tscf_warning("reload: interface %s is new and begins when the server is restarted", c->name);
	}
	for (struct server_interface *i = server->state->interfaces; i; i = i->next)
		if (!names(fresh, i->name))
			tscf_warning("reload: interface %s is gone from the configuration and stays until the server "
				     "is restarted",
				     i->name);
}
