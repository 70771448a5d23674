/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/on_link.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

static bool address_of(const struct sockaddr *sa, struct tscf_addr *out)
{
	union tscf_endpoint e;

	if (!sa || tscf_endpoint_from_sockaddr(sa, sa->sa_family == AF_INET ? sizeof(e.in) : sizeof(e.in6), &e) < 0)
		return false;
	*out = tscf_endpoint_addr(&e);
	return true;
}

/** @return the number of bits that are set, which are the first ones. */
static uint8_t length_of(const struct tscf_addr *mask)
{
	unsigned length = 0;

	while (length < 8 * tscf_addr_size(mask->family) && (mask->bytes[length / 8] << length % 8 & 0x80))
		length++;
	return (uint8_t)length;
}

static bool is_link_local(const struct tscf_addr *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool network_of(const struct ifaddrs *one, struct tscf_on_link *out)
{
	struct tscf_addr mask;

	if (!(one->ifa_flags & IFF_UP) || !address_of(one->ifa_addr, &out->prefix.addr) ||
	    !address_of(one->ifa_netmask, &mask) || is_link_local(&out->prefix.addr))
		return false;
	out->prefix.length = length_of(&mask);
	tscf_prefix_normalize(&out->prefix);
	snprintf(out->device, sizeof(out->device), "%s", one->ifa_name);
	return out->prefix.length < 8 * tscf_addr_size(mask.family);
}

int tscf_on_link_read(struct tscf_on_link *out, unsigned most)
{
	struct ifaddrs *list;
	unsigned count = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *one = list; one && count < most; one = one->ifa_next)
		if (network_of(one, &out[count]))
			count++;
	freeifaddrs(list);
	return (int)count;
}

int tscf_addr_device(const struct tscf_addr *addr, const char *const except[2], char device[IF_NAMESIZE])
{
	struct ifaddrs *list;
	int found = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *one = list; one && !found; one = one->ifa_next) {
		struct tscf_addr here;

		found = address_of(one->ifa_addr, &here) && tscf_addr_equal(&here, addr) &&
			strcmp(one->ifa_name, except[0]) != 0 && strcmp(one->ifa_name, except[1]) != 0;
		if (found)
			snprintf(device, IF_NAMESIZE, "%s", one->ifa_name);
	}
	freeifaddrs(list);
	return found;
}
