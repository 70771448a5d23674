/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/survey.h"

#include "common/base/log.h"
#include "common/linux/netlink.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORWARDING "/proc/sys/net/ipv4/ip_forward"
/** To an address for documentation (RFC 5737) only a default route leads. */
#define FAR "203.0.113.1"
/** Room for the kind of a device. */
#define KIND 16

/** @return whether the entry is an IPv4 address with a mask; its network in *out, host bits set. */
static bool network_of(const struct ifaddrs *entry, struct tscf_prefix *out)
{
	const struct sockaddr_in *address = (const void *)entry->ifa_addr, *mask = (const void *)entry->ifa_netmask;

	if (!address || !mask || address->sin_family != AF_INET)
		return false;
	out->addr = tscf_addr_v4(&address->sin_addr);
	out->length = (uint8_t)__builtin_popcount(mask->sin_addr.s_addr);
	return true;
}

static unsigned device_of_default(void)
{
	struct tscf_netlink *nl;
	struct tscf_addr far;
	int device = 0;

	tscf_addr_parse(FAR, &far);
	if (tscf_netlink_open(&nl) < 0)
		return 0;
	device = tscf_route_lookup(nl, &far, 0);
	tscf_netlink_close(nl);
	return device > 0 ? (unsigned)device : 0;
}

/** @return the number of the device that leads to clients, or 0. */
static unsigned find_outside(const struct ifaddrs *entries, const struct tscf_addr *towards)
{
	struct tscf_prefix p;

	for (const struct ifaddrs *e = entries; towards && e; e = e->ifa_next)
		if (network_of(e, &p) && tscf_addr_equal(&p.addr, towards))
			return if_nametoindex(e->ifa_name);
	return device_of_default();
}

/** Write the kind of the device (IFLA_INFO_KIND); "unknown" if it cannot be found out. */
static void kind_of(struct tscf_netlink *nl, unsigned device, char out[KIND])
{
	struct tscf_link link;

	snprintf(out, KIND, "%s", tscf_link_get(nl, (int)device, &link) == 0 ? link.kind : "unknown");
}

/** @return whether there may be a network of others behind a device of this kind. */
static bool is_real(const char *kind, const char *outside_kind)
{
	static const char *const kinds[] = {"", "vlan", "bond", "team", "macvlan", "ipvlan"};

	for (unsigned n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++)
		if (strcmp(kind, kinds[n]) == 0)
			return true;
	return strcmp(kind, "veth") == 0 && strcmp(outside_kind, "veth") == 0;
}

static void note_virtual(struct survey *out, const char *name, const char *kind)
{
	size_t length = strlen(out->virtual_ones);

	snprintf(out->virtual_ones + length, sizeof(out->virtual_ones) - length, "%s%s (%s)", length > 0 ? ", " : "",
		 name, kind);
}

/** Take the network @p p of a device that is not the one towards clients. */
static int take_inside(struct tscf_netlink *nl, const char *name, const struct tscf_prefix *p, unsigned outside,
		       struct survey *out)
{
	char kind[KIND], outside_kind[KIND];

	kind_of(nl, if_nametoindex(name), kind);
	kind_of(nl, outside, outside_kind);
	if (!is_real(kind, outside_kind)) {
		note_virtual(out, name, kind);
		return 0;
	}
	snprintf(out->device, sizeof(out->device), "%s", name);
	return server_prefixes_add(&out->inside, p);
}

static int take_addresses(struct tscf_netlink *nl, const struct ifaddrs *entries, unsigned outside, struct survey *out)
{
	int err = 0;

	for (const struct ifaddrs *e = entries; e && err == 0; e = e->ifa_next) {
		struct tscf_prefix p;

		if (!network_of(e, &p))
			continue;
		tscf_prefix_normalize(&p);
		err = server_prefixes_add(&out->taken, &p);
		/* A device without a network behind it, and one of which it is not known that it is inside. */
		if (e->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT) || !(e->ifa_flags & IFF_UP) || outside == 0 ||
		    if_nametoindex(e->ifa_name) == outside)
			continue;
		if (err == 0)
			err = take_inside(nl, e->ifa_name, &p, outside, out);
	}
	return err;
}

static int take_routes(struct tscf_netlink *nl, struct survey *out)
{
	struct tscf_route_found *found = NULL;
	int count = tscf_route_list(nl, RT_TABLE_MAIN, false, &found), err = 0;

	for (int n = 0; n < count && err == 0; n++) {
		const struct tscf_prefix *p = &found[n].route.destination;

		if (p->addr.family == AF_INET && p->length > 0)
			err = server_prefixes_add(&out->taken, p);
	}
	if (count >= 0)
		free(found);
	return count < 0 ? count : err;
}

static bool is_forwarding(void)
{
	FILE *f = fopen(FORWARDING, "re");
	int first = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return first == '1';
}

static int take_all(const struct tscf_addr *towards, struct survey *out)
{
	struct ifaddrs *entries;
	struct tscf_netlink *nl;
	int err = tscf_netlink_open(&nl);

	if (err < 0)
		return err;
	err = getifaddrs(&entries) < 0 ? -errno : 0;
	if (err == 0) {
		err = take_addresses(nl, entries, find_outside(entries, towards), out);
		freeifaddrs(entries);
	}
	if (err == 0)
		err = take_routes(nl, out);
	tscf_netlink_close(nl);
	return err;
}

int survey_make(const struct tscf_addr *towards, struct survey *out)
{
	int err;

	*out = (struct survey){.forwards = is_forwarding()};
	err = take_all(towards, out);
	if (err < 0)
		tscf_error("cannot find out the networks of this host: %s", strerror(-err));
	return err;
}

void survey_free(struct survey *survey)
{
	server_prefixes_clear(&survey->taken);
	server_prefixes_clear(&survey->inside);
}
