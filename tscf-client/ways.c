/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ways.h"

#include <stdio.h>

/* The next address of @p list from *at on that is (not) of @p family; NULL: none. */
static const struct tscf_addr *next_of(const struct way_addresses *list, unsigned *at, uint8_t family, bool same)
{
	while (*at < list->count) {
		const struct tscf_addr *a = &list->list[(*at)++];
		if ((a->family == family) == same)
			return a;
	}
	return NULL;
}

static void interleave(const struct way_addresses *in, struct way_addresses *out)
{
	unsigned first = 0, second = 0;
	uint8_t family = in->count > 0 ? in->list[0].family : 0;
	out->count = 0;
	while (out->count < in->count) {
		const struct tscf_addr *a = next_of(in, &first, family, true), *b = next_of(in, &second, family, false);
		if (a)
			out->list[out->count++] = *a;
		if (b)
			out->list[out->count++] = *b;
	}
}

struct building {
	struct way *out;
	unsigned count;
};

static void add(struct building *b, const struct way *pattern, const struct way_addresses *addresses, uint16_t port)
{
	for (unsigned i = 0; i < addresses->count && b->count < CANDIDATES_MAX; i++) {
		struct way *w = &b->out[b->count++];
		*w = *pattern;
		w->rank = 2 * pattern->server + pattern->kind;
		tscf_endpoint_make(&addresses->list[i], port, &w->remote);
	}
}

unsigned ways_make(const struct client_servers *servers, const struct client_proxy *proxy,
		   const struct way_addresses *addresses, struct way *out)
{
	struct building b = {.out = out};
	for (unsigned i = 0; i < servers->count; i++) {
		const struct client_server *one = &servers->list[i];
		enum client_transport transport = client_server_transport(servers, one);
		struct way way = {.server = i, .kind = WAY_DATAGRAM, .proxied = proxy->host != NULL};
		uint16_t port = way.proxied ? proxy->port : client_server_port(servers, one);
		struct way_addresses list;
		interleave(&addresses[way.proxied ? 0 : i], &list);
		if (transport != CLIENT_TRANSPORT_TCP && !way.proxied)
			add(&b, &way, &list, port);
		way.kind = WAY_STREAM;
		if (transport != CLIENT_TRANSPORT_UDP)
			add(&b, &way, &list, port);
	}
	return b.count;
}

bool way_equal(const struct way *a, const struct way *b)
{
	return a->server == b->server && a->kind == b->kind && a->proxied == b->proxied && tscf_endpoint_equal(&a->remote, &b->remote);
}

const char *way_format(const struct client_servers *servers, const struct way *w, char *buf)
{
	char text[TSCF_ADDR_TEXT];
	const struct client_server *one = &servers->list[w->server];
	tscf_endpoint_format(&w->remote, text);
	if (w->proxied)
		snprintf(buf, WAY_TEXT, "%s %.200s:%u by proxy %s", way_transport(w->kind, false), one->host,
			 client_server_port(servers, one), text);
	else
		snprintf(buf, WAY_TEXT, "%s %s", way_transport(w->kind, false), text);
	return buf;
}

const char *way_transport(enum way_kind kind, bool encrypted)
{
	if (kind == WAY_DATAGRAM)
		return encrypted ? "dtls" : "udp";
	return encrypted ? "tls" : "tcp";
}
