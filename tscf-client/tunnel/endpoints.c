/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/endpoints.h"

#include <stdio.h>

/* The next address of @p list from *at on that is of @p family (or, without @p same, is not); NULL: none. */
static const union tscf_endpoint *next_of(const struct way_addresses *list, unsigned *at, sa_family_t family, bool same)
{
	while (*at < list->count) {
		const union tscf_endpoint *a = &list->list[(*at)++];
		if ((a->sa.sa_family == family) == same)
			return a;
	}
	return NULL;
}

static void interleave(const struct way_addresses *in, unsigned most, struct way_addresses *out)
{
	unsigned first = 0, second = 0;
	sa_family_t family = in->count > 0 ? in->list[0].sa.sa_family : 0;
	out->count = 0;
	while (out->count < in->count) {
		const union tscf_endpoint *a = next_of(in, &first, family, true),
					  *b = next_of(in, &second, family, false);
		if (a)
			out->list[out->count++] = *a;
		if (b)
			out->list[out->count++] = *b;
	}
	if (out->count > most)
		out->count = most;
}

void endpoints_prefer(struct way_addresses *list, const union tscf_endpoint *address)
{
	union tscf_endpoint wanted = *address;
	for (unsigned i = 0; i < list->count; i++) {
		tscf_endpoint_set_port(&wanted, tscf_endpoint_port(&list->list[i]));
		if (!tscf_endpoint_equal(&list->list[i], &wanted))
			continue;
		for (; i > 0; i--)
			list->list[i] = list->list[i - 1];
		list->list[0] = wanted;
		return;
	}
}

/* Ways that are being made: `out` has room for CANDIDATES_MAX, or is NULL to count them only. */
struct building {
	struct way *out;
	unsigned count;
};

static void add(struct building *b, const struct way *pattern, const struct way_addresses *addresses, uint16_t port)
{
	if (!b->out)
		b->count += addresses->count;
	for (unsigned i = 0; b->out && i < addresses->count && b->count < CANDIDATES_MAX; i++) {
		struct way *w = &b->out[b->count++];
		*w = *pattern;
		w->rank = 4 * pattern->server + 2 * pattern->inside + pattern->kind;
		w->remote = addresses->list[i];
		tscf_endpoint_set_port(&w->remote, port);
	}
}

static bool may_use(enum client_transport transport, const struct way *w)
{
	if (w->kind == WAY_DATAGRAM)
		return transport != CLIENT_TRANSPORT_TCP && !w->proxied;
	return transport != CLIENT_TRANSPORT_UDP;
}

/* Make the ways with at most @p most addresses of each server.  @return their number. */
static unsigned make(const struct client_servers *servers, const struct client_proxy *proxy,
		     const struct way_addresses *addresses, unsigned most, struct way *out)
{
	struct building b = {.out = out};
	for (unsigned i = 0; i < servers->count; i++) {
		const struct client_server *one = &servers->list[i];
		enum client_transport transport = client_server_transport(servers, one);
		struct way way = {.server = i, .kind = WAY_DATAGRAM, .proxied = proxy->host != NULL};
		uint16_t port = way.proxied ? proxy->port : client_server_port(servers, one);
		struct way_addresses list;
		interleave(&addresses[way.proxied ? 0 : i], most, &list);
		for (unsigned n = 0; n < 4; n++) {
			way.inside = n / 2;
			way.kind = n % 2 ? WAY_STREAM : WAY_DATAGRAM;
			if (may_use(transport, &way))
				add(&b, &way, &list, port);
		}
	}
	return b.count;
}

unsigned endpoints_make(const struct client_servers *servers, const struct client_proxy *proxy,
			const struct way_addresses *addresses, struct way *out)
{
	unsigned most = ENDPOINTS_ADDRESSES_MAX;
	while (most > 1 && make(servers, proxy, addresses, most, NULL) > CANDIDATES_MAX)
		most--;
	return make(servers, proxy, addresses, most, out);
}

bool way_equal(const struct way *a, const struct way *b)
{
	return a->server == b->server && a->kind == b->kind && a->inside == b->inside && a->proxied == b->proxied &&
	       tscf_endpoint_equal(&a->remote, &b->remote);
}

bool way_is_bare(const struct way *w)
{
	return w->kind == WAY_DATAGRAM && !w->inside;
}

union tscf_endpoint way_endpoint(const struct way *w, bool encrypted)
{
	union tscf_endpoint e = w->remote;
	if (!w->proxied && (encrypted || w->inside))
		tscf_endpoint_set_port(&e, (uint16_t)(tscf_endpoint_port(&e) + 1));
	return e;
}

const char *way_format(const struct client_servers *servers, const struct way *w, char *buf)
{
	char text[TSCF_ADDR_TEXT];
	const struct client_server *one = &servers->list[w->server];
	const char *transport = way_transport(w->kind, w->inside);
	union tscf_endpoint at = way_endpoint(w, false);
	tscf_endpoint_format(&at, text);
	if (w->proxied)
		snprintf(buf, WAY_TEXT, "%s %.200s:%u by proxy %s", transport, one->host,
			 client_server_port(servers, one) + w->inside, text);
	else
		snprintf(buf, WAY_TEXT, "%s %s", transport, text);
	return buf;
}

const char *way_transport(enum way_kind kind, bool encrypted)
{
	if (kind == WAY_DATAGRAM)
		return encrypted ? "dtls" : "udp";
	return encrypted ? "tls" : "tcp";
}

int endpoints_place(const struct way *w, const struct way *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (way_equal(w, &list[i]))
			return (int)i;
	return -1;
}

bool endpoints_same(const struct way *a, unsigned a_count, const struct way *b, unsigned b_count)
{
	if (a_count != b_count)
		return false;
	for (unsigned i = 0; i < b_count; i++)
		if (endpoints_place(&b[i], a, a_count) < 0)
			return false;
	return true;
}
