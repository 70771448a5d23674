/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interface.h"

#include "path.h"

#include "common/dtls.h"
#include "common/log.h"
#include "common/message.h"
#include "common/proof.h"
#include "common/tcp.h"
#include "common/tls_stream.h"
#include "common/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** One of so many addresses may be given to a client that has not shown its outer address. */
#define HALF_OPEN_SHARE 4

/** @return how many of the routes fit a configuration response. */
static unsigned fitting(const struct server_prefixes *routes)
{
	unsigned bytes = 0;

	for (unsigned n = 0; n < routes->count; n++) {
		bytes += TSCF_TLV_HEADER + (unsigned)tscf_addr_size(routes->list[n].addr.family) + 1;
		if (n == SERVER_ROUTES_MAX || bytes > SERVER_ROUTES_BYTES)
			return n;
	}
	return routes->count;
}

static void take_settings(struct server_settings *settings, const struct server_config *config)
{
	settings->route_count = fitting(&config->routes);
	for (unsigned n = 0; n < settings->route_count; n++)
		settings->routes[n] = config->routes.list[n];
	settings->dns = config->dns;
	settings->sip_servers = config->sip_servers;
	settings->keepalive_stream = config->keepalive_stream;
	settings->keepalive_datagram = config->keepalive_datagram;
	settings->persistence = config->persistence;
}

/** Forged requests must not hold more than a part of the addresses. */
static unsigned half_open_limit(const struct server_interface *i, const struct server_interface_config *config)
{
	unsigned limit = config->half_open_limit;

	for (unsigned f = 0; f < TSCF_FAMILIES; f++) {
		const struct server_pools *pools = &i->stock->plain_pools;
		const uint64_t share = server_pools_capacity(pools, tscf_family(f)) / HALF_OPEN_SHARE;

		if (server_pools_have(pools, tscf_family(f)) && share < limit)
			limit = (unsigned)share;
	}
	return limit;
}

static void take_interface(struct server_interface *i, const struct server_interface_config *config)
{
	i->services = config->services;
	i->max_plain = config->max_tunnels;
	i->max_encrypted = config->max_encrypted_tunnels;
	i->max_per_source = config->max_tunnels_per_source;
	i->inter_client = config->inter_client;
	i->strict_tsid = config->strict_tsid;
	i->half_open_limit = half_open_limit(i, config);
	tscf_clientele_drop(i->clientele);
	i->clientele = config->clientele ? tscf_clientele_hold(config->clientele) : NULL;
}

static bool has_encrypted_pool(const struct server_interface_config *config)
{
	return config->encrypted_pool.count > 0;
}

static int add_pools(const char *interface, struct server_pools *pools, const struct server_prefixes *ranges,
		     unsigned parts)
{
	char text[TSCF_ADDR_TEXT];

	for (unsigned n = 0; n < ranges->count; n++) {
		int err = server_pools_add(pools, &ranges->list[n], parts);

		if (err < 0) {
			tscf_error("interface %s: cannot use address pool %s: %s", interface,
				   tscf_prefix_format(&ranges->list[n], text), strerror(-err));
			return err;
		}
	}
	return 0;
}

/* --- stocks --- */

static unsigned count_enabled(const struct server_config *config)
{
	unsigned count = 0;

	for (const struct server_interface_config *c = config->interfaces; c; c = c->next)
		count += c->enabled;
	return count;
}

int server_stocks_make(struct server *server, unsigned workers)
{
	unsigned count = count_enabled(server->config);
	int err = 0;

	if (count == 0) {
		tscf_error("no interface is enabled");
		return -EINVAL;
	}
	server->stocks = calloc(count, sizeof(*server->stocks));
	if (!server->stocks)
		return -ENOMEM;
	for (const struct server_interface_config *c = server->config->interfaces; c && err == 0; c = c->next) {
		struct server_stock *stock = &server->stocks[server->stock_count];

		if (!c->enabled)
			continue;
		server->stock_count++;
		err = add_pools(c->name, &stock->plain_pools, &c->pool, workers);
		if (err == 0)
			err = add_pools(c->name, &stock->encrypted_pools, &c->encrypted_pool, workers);
	}
	return err;
}

void server_stocks_free(struct server *server)
{
	for (unsigned n = 0; n < server->stock_count; n++) {
		server_pools_free(&server->stocks[n].plain_pools);
		server_pools_free(&server->stocks[n].encrypted_pools);
	}
	free(server->stocks);
	server->stocks = NULL;
	server->stock_count = 0;
}

/* --- interfaces --- */

static int make_interface(struct server_worker *worker, const struct server_interface_config *config,
			  struct server_stock *stock, struct server_interface ***last)
{
	struct server_interface *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	**last = i;
	*last = &i->next;
	i->worker = worker;
	i->stock = stock;
	i->listen = config->listen;
	i->protocols = config->protocols;
	for (unsigned n = 0; n < SERVER_LISTENERS; n++)
		i->listener[n].interface = i;
	i->name = strdup(config->name);
	if (!i->name)
		return -ENOMEM;
	take_interface(i, config);
	return 0;
}

int server_interfaces_make(struct server_worker *worker)
{
	const struct server_config *config = worker->server->config;
	struct server_interface **last = &worker->state->interfaces;
	struct server_stock *stock = worker->server->stocks;

	take_settings(&worker->state->settings, config);
	worker->state->settings.mtu = config->mtu;
	for (const struct server_interface_config *c = config->interfaces; c; c = c->next) {
		if (!c->enabled)
			continue;
		if (make_interface(worker, c, stock++, &last) < 0)
			return -ENOMEM;
	}
	return 0;
}

bool server_interfaces_encrypt(const struct server_config *config)
{
	for (const struct server_interface_config *c = config->interfaces; c; c = c->next)
		if (c->enabled && has_encrypted_pool(c))
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

/** Every worker listens at the same place: that is said once. */
static void tell_listening(const struct server_interface *i, const char *what, const char *protocol,
			   const union tscf_endpoint *at)
{
	char text[TSCF_ADDR_TEXT];

	if (i->worker->index == 0)
		tscf_info("interface %s: %s tunnels on %s %s", i->name, what, protocol, tscf_endpoint_format(at, text));
}

static int open_listener(struct server_worker *worker, struct server_listener *l, enum server_protocol protocol,
			 const union tscf_endpoint *at)
{
	const struct tscf_outer_options options = {
	    .spread = {.index = worker->index, .count = worker->server->worker_count}};
	const struct tscf_transport_handler *handler = &server_path_handler;
	struct tscf_tls *tls = worker->server->tls;

	switch (protocol) {
	case SERVER_UDP:
		return tscf_udp_listen(worker->loop, at, &options, handler, l, &l->transport);
	case SERVER_TCP:
		return tscf_tcp_listen(worker->loop, at, &options, handler, l, &l->transport);
	case SERVER_DTLS:
		return tscf_dtls_listen(worker->loop, tls, at, &options, handler, l, &l->transport);
	case SERVER_TLS:
		return tscf_tls_stream_listen(worker->loop, tls, at, &options, handler, l, &l->transport);
	default:
		return -EINVAL;
	}
}

/** Listen on those of @p protocols that the interface serves, with the listeners of one place. */
static int listen_for(struct server_worker *worker, struct server_interface *i, struct server_listener *listeners,
		      unsigned protocols, const union tscf_endpoint *at, const char *what)
{
	static const char *const names[SERVER_PROTOCOLS] = {"UDP", "TCP", "DTLS", "TLS"};

	for (unsigned p = 0; p < SERVER_PROTOCOLS; p++) {
		int err;

		if (!(protocols & i->protocols & SERVER_BIT(p)))
			continue;
		err = open_listener(worker, &listeners[p], (enum server_protocol)p, at);
		if (err < 0)
			return cannot_listen(i, names[p], at, err);
		listeners[p].transport->realtime_dscps = worker->server->config->realtime_dscps;
		tell_listening(i, what, names[p], at);
	}
	return 0;
}

static int listen_at(struct server_worker *worker, struct server_interface *i, unsigned place)
{
	struct server_listener *listeners = &i->listener[place * SERVER_PROTOCOLS];
	union tscf_endpoint at = i->listen.at[place];
	int err = listen_for(worker, i, listeners, SERVER_PLAIN_PROTOCOLS, &at, "plain");

	if (err < 0 || !i->stock->encrypted_pools.first)
		return err;
	tscf_endpoint_set_port(&at, (uint16_t)(tscf_endpoint_port(&at) + 1));
	return listen_for(worker, i, listeners, SERVER_ENCRYPTED_PROTOCOLS, &at, "encrypted");
}

int server_interfaces_listen(struct server_worker *worker)
{
	int err = 0;

	for (struct server_interface *i = worker->state->interfaces; i && err == 0; i = i->next)
		for (unsigned place = 0; place < i->listen.count && err == 0; place++)
			err = listen_at(worker, i, place);
	return err;
}

void server_interfaces_close(struct server_worker *worker)
{
	for (struct server_interface *i = worker->state->interfaces; i; i = i->next) {
		for (unsigned n = 0; n < SERVER_LISTENERS; n++) {
			if (i->listener[n].transport)
				tscf_transport_close(i->listener[n].transport);
			i->listener[n].transport = NULL;
		}
	}
}

/* --- reload --- */

static const struct server_interface_config *find_config(const struct server_config *config, const char *name)
{
	for (const struct server_interface_config *c = config->interfaces; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

void server_interfaces_reload(struct server_worker *worker, const struct server_config *fresh)
{
	take_settings(&worker->state->settings, fresh);
	for (struct server_interface *i = worker->state->interfaces; i; i = i->next) {
		const struct server_interface_config *c = find_config(fresh, i->name);

		if (c)
			take_interface(i, c);
	}
}

static bool same_pools(const struct server_prefixes *a, const struct server_prefixes *b)
{
	bool same = a->count == b->count;

	for (unsigned n = 0; same && n < a->count; n++)
		same = a->list[n].length == b->list[n].length && tscf_addr_equal(&a->list[n].addr, &b->list[n].addr);
	return same;
}

static bool same_places(const struct server_places *a, const struct server_places *b)
{
	bool same = a->count == b->count;

	for (unsigned n = 0; same && n < a->count; n++)
		same = tscf_endpoint_equal(&a->at[n], &b->at[n]);
	return same;
}

static void keeps(const char *interface, const char *what)
{
	tscf_warning("reload: interface %s keeps its %s until the server is restarted", interface, what);
}

static void review_interface(const struct server_interface_config *old, const struct server_interface_config *fresh)
{
	if (!fresh->enabled)
		keeps(old->name, "state (enabled)");
	if (!same_places(&old->listen, &fresh->listen))
		keeps(old->name, "listen addresses");
	if (old->protocols != fresh->protocols)
		keeps(old->name, "transports");
	if (!same_pools(&old->pool, &fresh->pool) || !same_pools(&old->encrypted_pool, &fresh->encrypted_pool))
		keeps(old->name, "address pools");
	if ((fresh->services & SERVER_SERVICE_DTTE) && !has_encrypted_pool(old))
		tscf_warning("interface %s: DTTE needs a pool for encrypted tunnels, which it was started without",
			     old->name);
}

static void review_old(const struct server_interface_config *old, const struct server_config *config)
{
	const struct server_interface_config *fresh = find_config(config, old->name);

	if (!old->enabled && fresh && fresh->enabled)
		keeps(old->name, "state (disabled)");
	else if (old->enabled && fresh)
		review_interface(old, fresh);
	else if (old->enabled)
		tscf_warning("reload: interface %s is gone from the configuration and stays until the server is "
			     "restarted",
			     old->name);
}

void server_interfaces_review(const struct server_config *old, const struct server_config *fresh)
{
	if (fresh->routes.count > fitting(&fresh->routes))
		tscf_warning("%u routes do not fit a configuration response: clients get the first %u",
			     fresh->routes.count, fitting(&fresh->routes));
	for (const struct server_interface_config *c = old->interfaces; c; c = c->next)
		review_old(c, fresh);
	for (const struct server_interface_config *c = fresh->interfaces; c; c = c->next)
		if (c->enabled && !find_config(old, c->name))
			tscf_warning("reload: interface %s is new and begins when the server is restarted", c->name);
}
