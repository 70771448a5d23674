/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/pushed.h"

#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** One decision on everything that the server has sent. */
struct decision {
	struct pushed *pushed;
	const struct tscf_on_link *networks;
	unsigned count;
	unsigned known_count; /**< refusals of the last decision */
	char known[PUSHED_REFUSALS_MAX][PUSHED_TEXT];
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX];
};

static bool is_known(const struct decision *d, const char *text)
{
	for (unsigned i = 0; i < d->known_count; i++)
		if (strcmp(d->known[i], text) == 0)
			return true;
	return false;
}

static void __attribute__((format(printf, 2, 3))) refuse(struct decision *d, const char *format, ...)
{
	struct pushed *p = d->pushed;
	char text[PUSHED_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (p->refusal_count < PUSHED_REFUSALS_MAX)
		memcpy(p->refusals[p->refusal_count++], text, sizeof(text));
	if (is_known(d, text))
		return;
	(*p->refused)++;
	tscf_warning("not taken from the server: %s", text);
}

/** @return a network that covers @p p, or else one that is in @p p, or NULL. */
static const struct tscf_on_link *network_in(const struct decision *d, const struct tscf_prefix *p)
{
	const struct tscf_on_link *inside = NULL;

	for (unsigned i = 0; i < d->count; i++) {
		if (tscf_prefix_covers(&d->networks[i].prefix, p))
			return &d->networks[i];
		if (tscf_prefix_overlap(&d->networks[i].prefix, p))
			inside = &d->networks[i];
	}
	return inside;
}

static bool is_single(const struct tscf_prefix *p)
{
	return p->length == 8 * tscf_addr_size(p->addr.family);
}

static bool add(struct decision *d, const struct tscf_prefix *route)
{
	if (d->route_count == ROUTING_ROUTES_MAX)
		return false;
	d->routes[d->route_count++] = *route;
	return true;
}

/** Take @p whole without the networks of this host, half by half.  @return whether there was room. */
static bool add_pieces(struct decision *d, const struct tscf_prefix *whole)
{
	struct tscf_prefix left[129];
	unsigned count = 0, before = d->route_count;
	bool room = true;

	left[count++] = *whole;
	while (count > 0 && room) {
		struct tscf_prefix one = left[--count];
		const struct tscf_on_link *network = network_in(d, &one);

		if (!network) {
			room = add(d, &one);
		} else if (!tscf_prefix_covers(&network->prefix, &one)) {
			left[count++] = tscf_prefix_split(&one);
			left[count++] = one;
		}
	}
	if (!room)
		d->route_count = before;
	return room;
}

static void decide_route(struct decision *d, struct tscf_prefix route)
{
	const struct pushed *p = d->pushed;
	const struct tscf_on_link *network;
	char text[TSCF_ADDR_TEXT], inside[TSCF_ADDR_TEXT];

	tscf_prefix_normalize(&route);
	tscf_prefix_format(&route, text);
	network = network_in(d, &route);
	if (!accept_routes_allow(&p->config->accept_routes, &route))
		refuse(d, "route %s: accept-route does not allow it", text);
	else if (network && tscf_prefix_covers(&network->prefix, &route))
		refuse(d, "route %s: this host is connected to %s by %s", text,
		       tscf_prefix_format(&network->prefix, inside), network->device);
	else if (is_single(&route) && tscf_addr_equal(&route.addr, &p->server))
		refuse(d, "route %s: it is the address of the server itself", text);
	else if (!(route.length <= 1 ? add(d, &route) : add_pieces(d, &route)))
		refuse(d, "route %s: more than %d routes, or pieces of routes", text, ROUTING_ROUTES_MAX);
}

static void decide_dns(struct decision *d)
{
	struct pushed *p = d->pushed;

	*p->dns = (struct tscf_service_addrs){.count = 0};
	if (p->config->accept_dns)
		*p->dns = p->dns_sent;
	else if (p->dns_sent.count > 0)
		refuse(d, "DNS servers: accept-dns is false");
}

void pushed_decide(struct pushed *p, const struct tscf_on_link *networks, unsigned count)
{
	struct decision d = {.pushed = p, .networks = networks, .count = count, .known_count = p->refusal_count};

	memcpy(d.known, p->refusals, sizeof(d.known));
	p->refusal_count = 0;
	for (unsigned i = 0; i < p->route_count; i++)
		decide_route(&d, p->routes[i]);
	decide_dns(&d);
	p->facts->route_count = d.route_count;
	memcpy(p->facts->routes, d.routes, sizeof(d.routes));
}

bool pushed_review(struct pushed *p)
{
	struct tscf_on_link networks[PUSHED_ON_LINK_MAX];
	struct tscf_prefix before[ROUTING_ROUTES_MAX];
	struct tscf_service_addrs dns = *p->dns;
	unsigned route_count = p->facts->route_count;
	int count = tscf_on_link_read(networks, PUSHED_ON_LINK_MAX);

	if (count < 0) {
		tscf_warning("cannot read the networks of this host: %s", strerror(-count));
		count = 0;
	}
	memcpy(before, p->facts->routes, sizeof(before));
	pushed_decide(p, networks, (unsigned)count);
	return route_count != p->facts->route_count ||
	       memcmp(before, p->facts->routes, route_count * sizeof(before[0])) != 0 ||
	       memcmp(&dns, p->dns, sizeof(dns)) != 0;
}

static void take_routes(struct pushed *p, const struct tscf_message *m)
{
	uint32_t offset = 0;
	struct tscf_tlv tlv;

	p->route_count = 0;
	while (tscf_message_next(m, &offset, &tlv)) {
		struct tscf_prefix route;

		if ((tlv.type != TSCF_TLV_ROUTE_IPV4 && tlv.type != TSCF_TLV_ROUTE_IPV6) ||
		    tscf_tlv_prefix(&tlv, &route) < 0)
			continue;
		if (p->route_count == ROUTING_ROUTES_MAX) {
			tscf_warning("the server has more than %d routes: the others are left out", ROUTING_ROUTES_MAX);
			break;
		}
		p->routes[p->route_count++] = route;
	}
}

void pushed_learn(struct pushed *p, const struct tscf_message *m)
{
	take_routes(p, m);
	tscf_message_addrs(m, TSCF_TLV_DNS, &p->dns_sent);
}

void pushed_take(struct pushed *p, const struct tscf_message *response, const struct tscf_addr *server)
{
	pushed_learn(p, response);
	p->server = *server;
	pushed_review(p);
}

void pushed_moved(struct pushed *p, const struct tscf_addr *server)
{
	p->server = *server;
}
