/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/device.h"

#include "common/packet/message.h"

#include <errno.h>

/* @return 1 if the setting was changed back, 0 if it was right or does not exist, or -errno. */
static int restore_setting(const struct device_wanted *w, const char *family, const char *key, char value)
{
	char text[2] = {value, '\0'};
	int now = tscf_link_sysctl_get(family, w->name, key), error;
	if (now == -ENOENT || now == value)
		return 0;
	error = now < 0 ? now : tscf_link_sysctl(family, w->name, key, text);
	return error < 0 ? error : 1;
}

/* A link whose MTU was below the minimum of IPv6 has lost IPv6, and would get it back with addresses of its own. */
static int restore_link(struct tscf_netlink *nl, const struct device_wanted *w)
{
	struct tscf_link link;
	int error = tscf_link_get(nl, w->index, &link);
	if (error < 0 || (link.up && link.mtu == w->mtu))
		return error;
	if (link.mtu < TSCF_MTU_FLOOR_IPV6 && w->mtu >= TSCF_MTU_FLOOR_IPV6)
		error = tscf_link_silence(nl, w->index);
	if (error == 0)
		error = tscf_link_up(nl, w->index, w->mtu);
	return error < 0 ? error : 1;
}

static int restore_address(struct tscf_netlink *nl, const struct device_wanted *w, const struct tscf_addr *addr)
{
	struct tscf_prefix host = {.addr = *addr, .length = (uint8_t)(8 * tscf_addr_size(addr->family))};
	int error = addr->family == 0 ? 0 : tscf_addr_check(nl, w->index, &host);
	if (error != -ENOENT)
		return error;
	error = tscf_addr_add(nl, w->index, &host);
	return error < 0 ? error : 1;
}

int device_restore(struct tscf_netlink *nl, const struct device_wanted *wanted)
{
	int restored = 0, error;
	if (wanted->mtu == 0)
		return 0;
	error = restore_link(nl, wanted);
	if (error >= 0) {
		restored += error;
		error = restore_setting(wanted, "ipv4", "rp_filter", '2');
	}
	if (error >= 0 && wanted->ipv6) {
		restored += error;
		error = restore_setting(wanted, "ipv6", "disable_ipv6", '0');
	}
	for (unsigned i = 0; error >= 0 && i < TSCF_FAMILIES; i++) {
		restored += error;
		error = restore_address(nl, wanted, &wanted->internal.of[i]);
	}
	return error < 0 ? error : restored + error;
}
