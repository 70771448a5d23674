/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel_open.c - opens the transport for a way: datagrams, a stream, or a stream through a proxy.
 */
#include "common/transport/dtls.h"
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"
#include "common/transport/udp.h"
#include "tscf-client/tunnel/proxy.h"
#include "tscf-client/tunnel/tunnel.h"

#include <string.h>
#include <unistd.h>

/* Whether the transport is DTLS or TLS: for the encrypted tunnel, and for a plain one if only the encrypted port is
 * reachable. */
static bool secured(const struct tunnel *t)
{
	return t->encrypted || t->way.inside;
}

static struct tscf_outer_options options_of(const struct tunnel *t)
{
	return (struct tscf_outer_options){.mark = TSCF_MARK_OUTER, .mark_mask = t->host->config->fwmark_mask};
}

static int open_datagram(struct tunnel *t, const union tscf_endpoint *to)
{
	struct tscf_outer_options options = options_of(t);
	const struct tunnel_host *host = t->host;
	if (secured(t))
		return tscf_dtls_connect(host->timers->loop, host->tls[t->way.server], to, &options, host->packets, t,
					 &t->transport, &t->peer);
	int error = tscf_udp_connect(host->timers->loop, to, &options, host->packets, t, &t->transport, &t->peer);
	/* A datagram socket is always ready; no event reports it. */
	if (error == 0)
		t->events->open(t);
	return error;
}

static int open_stream(struct tunnel *t, const union tscf_endpoint *to)
{
	struct tscf_outer_options options = options_of(t);
	const struct tunnel_host *host = t->host;
	if (secured(t))
		return tscf_tls_stream_connect(host->timers->loop, host->tls[t->way.server], to, &options,
					       host->packets, t, &t->transport, &t->peer);
	return tscf_tcp_connect(host->timers->loop, to, &options, host->packets, t, &t->transport, &t->peer);
}

static void tell_realtime(struct tunnel *t)
{
	t->transport->realtime_dscps = t->host->config->realtime_dscps;
}

/* The proxy has made the connection. */
static void connected(void *context, int fd, const char *reason)
{
	struct tunnel *t = context;
	const struct tunnel_host *host = t->host;
	t->dialogue = NULL;
	if (fd < 0) {
		t->events->lost(t, reason);
		return;
	}
	int error = secured(t) ? tscf_tls_stream_attach(host->timers->loop, host->tls[t->way.server], fd, host->packets,
							t, &t->transport, &t->peer)
			       : tscf_tcp_attach(host->timers->loop, fd, host->packets, t, &t->transport, &t->peer);
	if (error == 0) {
		tell_realtime(t);
		return;
	}
	close(fd);
	t->events->lost(t, strerror(-error));
}

static int open_proxied(struct tunnel *t)
{
	struct tscf_outer_options options = options_of(t);
	const struct client_config *config = t->host->config;
	const struct client_server *one = &config->servers.list[t->way.server];
	const struct proxy_request request = {
	    .proxy = t->way.remote,
	    .host = one->host,
	    .port = (uint16_t)(client_server_port(&config->servers, one) + secured(t)),
	    .credentials = config->proxy.credentials,
	};
	return proxy_connect(t->host->timers->loop, &request, &options, connected, t, &t->dialogue);
}

static void keep_out(const struct tunnel_host *host, const union tscf_endpoint *to)
{
	struct tscf_addr outer = tscf_endpoint_addr(to);
	if (host->config->routes_in_main && routing_keep_out(host->facts, &outer))
		router_write(host->router);
}

int tunnel_open(struct tunnel *t, const struct way *way)
{
	union tscf_endpoint to = way_endpoint(way, t->encrypted);
	int error;
	t->way = *way;
	t->state = TUNNEL_CONNECTING;
	t->requests.reliable = way->kind == WAY_STREAM;
	keep_out(t->host, &to);
	if (way->proxied)
		error = open_proxied(t);
	else
		error = way->kind == WAY_DATAGRAM ? open_datagram(t, &to) : open_stream(t, &to);
	if (error < 0)
		t->state = TUNNEL_DOWN;
	else if (t->transport)
		tell_realtime(t);
	return error;
}
