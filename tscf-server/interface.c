/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/interface.h"

#include "tscf-server/path.h"

#include "common/auth/proof.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/packet/message.h"
#include "common/transport/dtls.h"
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"
#include "common/transport/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** One in so many addresses may be given to clients that have not proved their outer address. */
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

static bool same_networks(const struct server_settings *a, const struct server_settings *b)
{
	return a->route_count == b->route_count &&
	       memcmp(a->routes, b->routes, a->route_count * sizeof(a->routes[0])) == 0 &&
	       memcmp(&a->dns, &b->dns, sizeof(a->dns)) == 0 &&
	       memcmp(&a->sip_servers, &b->sip_servers, sizeof(a->sip_servers)) == 0;
}

static void take_networks(struct server_settings *settings, const struct server_config *config)
{
	const struct server_settings former = *settings;

	settings->route_count = fitting(&config->routes);
	for (unsigned n = 0; n < settings->route_count; n++)
		settings->routes[n] = config->routes.list[n];
	settings->dns = config->dns;
	settings->sip_servers = config->sip_servers;
	if (former.networks_number == 0 || !same_networks(&former, settings))
		settings->networks_number++;
}

static void take_settings(struct server_state *state, const struct server_config *config)
{
	struct server_settings *settings = &state->settings;

	take_networks(settings, config);
	settings->keepalive_stream = config->keepalive_stream;
	settings->keepalive_datagram = config->keepalive_datagram;
	settings->server_keepalive = config->server_keepalive;
	settings->persistence = config->persistence;
	settings->accounting_interval = config->accounting_interval;
	state->redundancy.shared.bound = config->redundancy_bound;
}

/** Forged requests must not take more than a part of the addresses. */
static unsigned half_open_limit(const struct server_interface *i, const struct server_interface_config *config)
{
	unsigned limit = config->half_open_limit;

	for (unsigned f = 0; f < TSCF_FAMILIES; f++) {
		const struct server_pools *pools = &i->allocator->plain_pools;
		const uint64_t share = server_pools_capacity(pools, tscf_family(f)) / HALF_OPEN_SHARE;

		if (server_pools_have(pools, tscf_family(f)) && share < limit)
			limit = (unsigned)share;
	}
	return limit;
}

static void take_interface(struct server_interface *i, const struct server_interface_config *config)
{
	i->enabled = config->enabled;
	i->services = config->services;
	i->max_plain = config->max_tunnels;
	i->max_encrypted = config->max_encrypted_tunnels;
	i->max_per_source = config->max_tunnels_per_source;
	i->inter_client = config->inter_client;
	i->nagle_ms = (uint8_t)config->nagle_ms;
	i->half_open_limit = half_open_limit(i, config);
	tscf_client_auth_drop(i->client_auth);
	i->client_auth = config->client_auth ? tscf_client_auth_hold(config->client_auth) : NULL;
}

static bool has_encrypted_pool(const struct server_interface_config *config)
{
	return config->encrypted_pool.count > 0;
}

static const struct server_interface_config *find_config(const struct server_config *config, const char *name)
{
	for (const struct server_interface_config *c = config->interfaces; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* --- interfaces --- */

static int make_interface(struct server_worker *worker, const struct server_interface_config *config,
			  struct server_allocator *allocator, struct server_interface **out)
{
	struct server_interface *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->worker = worker;
	i->allocator = allocator;
	i->listen = config->listen;
	i->protocols = config->protocols;
	for (unsigned n = 0; n < SERVER_LISTENERS; n++)
		i->listener[n].interface = i;
	i->name = strdup(config->name);
	if (!i->name) {
		free(i);
		return -ENOMEM;
	}
	*out = i;
	return 0;
}

int server_interfaces_make(struct server_worker *worker, const struct server_config *config)
{
	struct server_interface **last = &worker->state->interfaces;
	int err = 0;

	for (struct server_allocator *allocator = worker->server->allocators; allocator && err == 0;
	     allocator = allocator->next) {
		if (!*last)
			err = make_interface(worker, find_config(config, allocator->name), allocator, last);
		if (err == 0)
			last = &(*last)->next;
	}
	return err;
}

static int cannot_listen(const struct server_interface *i, const char *what, const union tscf_endpoint *at, int err)
{
	char text[TSCF_ADDR_TEXT];

	tscf_error("interface %s: cannot listen on %s %s: %s", i->name, what, tscf_endpoint_format(at, text),
		   strerror(-err));
	return err;
}

/** Every worker listens at the same address: log it only once. */
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
	    .reuseport = {.index = worker->index, .count = worker->server->worker_count}};
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

/** Listen for those of @p protocols that the interface serves, with the listeners of one address. */
static int listen_for(struct server_worker *worker, struct server_interface *i, struct server_listener *listeners,
		      unsigned protocols, const union tscf_endpoint *at, const char *what)
{
	static const char *const names[SERVER_PROTOCOLS] = {"UDP", "TCP", "DTLS", "TLS"};

	for (unsigned p = 0; p < SERVER_PROTOCOLS; p++) {
		int err;

		if (!(protocols & i->protocols & SERVER_BIT(p)) || listeners[p].transport)
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

	if (err < 0 || !i->allocator->encrypted_pools.first)
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

static void close_listeners(struct server_interface *i)
{
	for (unsigned n = 0; n < SERVER_LISTENERS; n++) {
		if (i->listener[n].transport)
			tscf_transport_close(i->listener[n].transport);
		i->listener[n].transport = NULL;
	}
}

void server_interfaces_close(struct server_worker *worker)
{
	for (struct server_interface *i = worker->state->interfaces; i; i = i->next)
		close_listeners(i);
}

void server_interfaces_retract(struct server_worker *worker, const struct server_allocator *last)
{
	struct server_interface **from = &worker->state->interfaces;

	while (*from && (*from)->allocator != last)
		from = &(*from)->next;
	if (*from)
		from = &(*from)->next;
	while (*from) {
		struct server_interface *i = *from;

		server_sessions_end_at(worker->state, i, tscf_clock_now());
		close_listeners(i);
		*from = i->next;
		server_interface_free(i);
	}
}

/* --- settings --- */

void server_interfaces_take(struct server_worker *worker, const struct server_config *config)
{
	take_settings(worker->state, config);
	for (struct server_interface *i = worker->state->interfaces; i; i = i->next) {
		const struct server_interface_config *c = find_config(config, i->name);

		if (c)
			take_interface(i, c);
		else
			i->enabled = false;
	}
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

static void review_enabled(const struct server_interface *i, const struct server_interface_config *fresh)
{
	if (!same_places(&i->listen, &fresh->listen))
		keeps(i->name, "listen addresses");
	if (i->protocols != fresh->protocols)
		keeps(i->name, "transports");
	if (!i->allocator->encrypted_pools.first &&
	    ((fresh->services & SERVER_SERVICE_DTTE) || has_encrypted_pool(fresh)))
		tscf_warning("interface %s: DTTE needs a pool for encrypted tunnels, which it was started without",
			     i->name);
}

void server_interfaces_review(const struct server *server, const struct server_config *fresh)
{
	if (fresh->routes.count > fitting(&fresh->routes))
		tscf_warning("%u routes do not fit a configuration response: clients get the first %u",
			     fresh->routes.count, fitting(&fresh->routes));
	for (const struct server_interface *i = server->workers[0].state->interfaces; i; i = i->next) {
		const struct server_interface_config *c = find_config(fresh, i->name);

		if (c && c->enabled)
			review_enabled(i, c);
		else
			tscf_info("reload: interface %s is %s and takes no new tunnels", i->name,
				  c ? "disabled" : "gone from the configuration");
	}
}
