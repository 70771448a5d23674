/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks the settings of a server against each other: see config.h. */
#include "tscf-server/settings/config.h"

#include "tscf-server/radius/radius.h"

#include "common/packet/message.h"

#include <errno.h>
#include <string.h>

static bool has_family(const struct server_prefixes *pools, int family)
{
	for (unsigned i = 0; i < pools->count; i++)
		if (pools->list[i].addr.family == family)
			return true;
	return false;
}

/** @return whether a prefix of @p a overlaps one of @p b; overlaps are logged. */
static bool pools_meet(const char *interface, const struct server_prefixes *a, const struct server_prefixes *b)
{
	char x[TSCF_ADDR_TEXT], y[TSCF_ADDR_TEXT];
	bool same = a == b;

	for (unsigned i = 0; i < a->count; i++) {
		for (unsigned k = same ? i + 1 : 0; k < b->count; k++) {
			if (!tscf_prefix_overlap(&a->list[i], &b->list[k]))
				continue;
			tscf_error("interface %s: pools %s and %s overlap: expected pools that do not", interface,
				   tscf_prefix_format(&a->list[i], x), tscf_prefix_format(&b->list[k], y));
			return true;
		}
	}
	return false;
}

static bool check_pools(const struct server_interface_config *i)
{
	if (i->pool.count == 0) {
		tscf_error("interface %s has no addresses for clients: expected tscf-address-pool { range = ... }, "
			   "which tscf-server init writes, or --pool",
			   i->name);
		return false;
	}
	for (unsigned f = 0; f < TSCF_FAMILIES && (i->services & SERVER_SERVICE_DTTE); f++) {
		if (!has_family(&i->pool, tscf_family(f)) || has_family(&i->encrypted_pool, tscf_family(f)))
			continue;
		tscf_error("interface %s has DTTE and no IPv%c addresses for encrypted tunnels: expected "
			   "encrypted-range or --encrypted-pool",
			   i->name, f == 0 ? '4' : '6');
		return false;
	}
	return !pools_meet(i->name, &i->pool, &i->encrypted_pool) && !pools_meet(i->name, &i->pool, &i->pool) &&
	       !pools_meet(i->name, &i->encrypted_pool, &i->encrypted_pool);
}

/** Each endpoint uses a port and the next one, so equal and adjacent ports collide if the addresses do. */
static bool ports_meet(const union tscf_endpoint *a, const union tscf_endpoint *b)
{
	struct tscf_addr x = tscf_endpoint_addr(a), y = tscf_endpoint_addr(b);
	int distance = (int)tscf_endpoint_port(a) - (int)tscf_endpoint_port(b);

	if (distance < -1 || distance > 1 || x.family != y.family)
		return false;
	return tscf_addr_is_any(&x) || tscf_addr_is_any(&y) || tscf_addr_equal(&x, &y);
}

static bool places_meet(const struct server_places *a, const struct server_places *b)
{
	for (unsigned n = 0; n < a->count; n++)
		for (unsigned k = a == b ? n + 1 : 0; k < b->count; k++)
			if (ports_meet(&a->at[n], &b->at[k]))
				return true;
	return false;
}

static bool check_places(const struct server_interface_config *i)
{
	if (!places_meet(&i->listen, &i->listen))
		return true;
	tscf_error("interface %s listens twice at one address: expected addresses that do not overlap", i->name);
	return false;
}

static bool check_pair(const struct server_interface_config *a, const struct server_interface_config *b)
{
	bool ok = true;

	if (pools_meet(a->name, &a->pool, &b->pool) || pools_meet(a->name, &a->pool, &b->encrypted_pool) ||
	    pools_meet(a->name, &a->encrypted_pool, &b->pool) ||
	    pools_meet(a->name, &a->encrypted_pool, &b->encrypted_pool)) {
		tscf_error("address pools of interfaces %s and %s overlap: expected pools of their own", a->name,
			   b->name);
		ok = false;
	}
	if (places_meet(&a->listen, &b->listen)) {
		tscf_error("ports of interfaces %s and %s overlap: expected a free pair of ports N and N+1 for each",
			   a->name, b->name);
		ok = false;
	}
	return ok;
}

static bool check_interfaces(const struct server_config *c)
{
	bool ok = true, any = false;

	for (const struct server_interface_config *i = c->interfaces; i; i = i->next) {
		if (!i->enabled)
			continue;
		any = true;
		ok &= check_pools(i);
		ok &= check_places(i);
		for (const struct server_interface_config *other = i->next; other; other = other->next)
			if (other->enabled)
				ok &= check_pair(i, other);
	}
	if (!any)
		tscf_error("every interface is disabled: expected at least one with state = enabled");
	return ok && any;
}

/** The service and the setting of the same name may not contradict each other. */
static bool check_services(const struct server_config *c)
{
	for (const struct server_interface_config *i = c->interfaces; i; i = i->next) {
		if (!i->enabled || !(i->services & SERVER_SERVICE_BLOCK) || !i->inter_client)
			continue;
		tscf_error("interface %s has inter-client-block = false, and inter-client-block among its "
			   "assigned-services: expected one of them",
			   i->name);
		return false;
	}
	return true;
}

/** IPv6 needs links that carry 1280 bytes (RFC 8200, section 5); the kernel disables IPv6 on a device with a smaller
 * MTU. */
static bool check_mtu(const struct server_config *c)
{
	if (c->mtu >= TSCF_MTU_FLOOR_IPV6)
		return true;
	for (const struct server_interface_config *i = c->interfaces; i; i = i->next) {
		if (i->enabled && has_family(&i->pool, AF_INET6)) {
			tscf_error("mtu = %u, and interface %s has IPv6 addresses for clients: expected at least %u",
				   c->mtu, i->name, TSCF_MTU_FLOOR_IPV6);
			return false;
		}
	}
	return true;
}

/** Whether @p file, which may be NULL, is one that libradcli can use. */
static bool check_radius(const char *file)
{
	struct server_radius *radius;

	if (!file)
		return true;
	if (server_radius_open(file, &radius) < 0)
		return false;
	server_radius_close(radius);
	return true;
}

/** Whether clients of each interface say who they are, if somebody is asked about them. */
static bool check_identities(const struct server_config *c)
{
	bool ok = true;

	for (const struct server_interface_config *i = c->interfaces; i && c->radius_access; i = i->next) {
		if (!i->enabled || i->psk_file || i->client_ca)
			continue;
		tscf_error("radius-access, and interface %s does not ask clients who they are: expected psk-file or "
			   "client-ca",
			   i->name);
		ok = false;
	}
	return ok;
}

int server_config_check(const struct server_config *c)
{
	bool ok = check_interfaces(c);

	ok &= check_mtu(c);
	ok &= check_services(c);
	ok &= check_radius(c->radius_accounting);
	ok &= check_radius(c->radius_access);
	ok &= check_identities(c);

	if (!c->cert != !c->key) {
		tscf_error("%s is given without %s: expected both, or none to have them made in %s",
			   c->cert ? "cert" : "key", c->cert ? "key" : "cert", c->state_dir);
		ok = false;
	}
	if (strcmp(c->plain_dev, c->encrypted_dev) == 0) {
		tscf_error("plain-dev and encrypted-dev are the same: expected two names");
		ok = false;
	}
	return ok ? 0 : -EINVAL;
}
