/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/device.h"

#include "common/packet/message.h"

#include <errno.h>
#include <string.h>

/* @return 1 if the setting was changed back, 0 if it was right or does not exist, or -errno. */
static int restore_setting(const struct tscf_device_wanted *w, const char *family, const char *key, char value)
{
	char text[2] = {value, '\0'};
	int now = tscf_link_sysctl_get(family, w->name, key), error;
	if (now == -ENOENT || now == value)
		return 0;
	error = now < 0 ? now : tscf_link_sysctl(family, w->name, key, text);
	return error < 0 ? error : 1;
}

/* Before Linux 6.2 a link that is up keeps its name. */
static int restore_name(struct tscf_netlink *nl, const struct tscf_device_wanted *w)
{
	int error = tscf_link_rename(nl, w->index, w->name);
	if (error != -EBUSY)
		return error;
	error = tscf_link_down(nl, w->index);
	return error < 0 ? error : tscf_link_rename(nl, w->index, w->name);
}

/* A link whose MTU was below the minimum of IPv6 has lost IPv6, and would get it back with addresses of its own. */
static int restore_link(struct tscf_netlink *nl, const struct tscf_device_wanted *w)
{
	struct tscf_link link;
	int error = tscf_link_get(nl, w->index, &link);
	bool renamed = error == 0 && strcmp(link.name, w->name) != 0;
	if (renamed)
		error = restore_name(nl, w);
	if (error == 0 && renamed)
		error = tscf_link_get(nl, w->index, &link);
	bool dark = error == 0 && !link.carrier;
	if (dark)
		error = tscf_link_carrier(nl, w->index);
	if (error < 0 || (link.up && link.mtu == w->mtu))
		return error < 0 ? error : renamed || dark;
	if (link.mtu < TSCF_MTU_FLOOR_IPV6 && w->mtu >= TSCF_MTU_FLOOR_IPV6)
		error = tscf_link_silence(nl, w->index);
	if (error == 0)
		error = tscf_link_up(nl, w->index, w->mtu);
	return error < 0 ? error : 1;
}

int tscf_device_restore_address(struct tscf_netlink *nl, int index, const struct tscf_prefix *address)
{
	int error = tscf_addr_check(nl, index, address);
	if (error != -ENOENT)
		return error;
	error = tscf_addr_add(nl, index, address);
	return error < 0 ? error : 1;
}

int tscf_device_restore_network(struct tscf_netlink *nl, int index, const struct tscf_prefix *address)
{
	int restored = tscf_device_restore_address(nl, index, address), error;
	if (restored != 0)
		return restored;
	error = tscf_route_connected(nl, index, address);
	if (error != -ENOENT)
		return error;
	error = tscf_addr_del(nl, index, address);
	if (error == 0)
		error = tscf_addr_add(nl, index, address);
	return error < 0 ? error : 1;
}

/* Where it cannot be written, as in containers, the device works without it as long as there are no such policies. */
static int restore_exemption(const struct tscf_device_wanted *w)
{
	int v4 = restore_setting(w, "ipv4", "disable_policy", '1');
	int v6 = restore_setting(w, "ipv6", "disable_policy", '1');
	return (v4 > 0) + (v6 > 0);
}

int tscf_device_restore(struct tscf_netlink *nl, const struct tscf_device_wanted *wanted)
{
	int restored = 0, error = restore_link(nl, wanted);
	if (error >= 0) {
		restored += error;
		error = restore_setting(wanted, "ipv4", "rp_filter", '2');
	}
	if (error >= 0 && wanted->router) {
		restored += error;
		error = restore_setting(wanted, "ipv4", "send_redirects", '0');
	}
	if (error >= 0 && wanted->ipv6) {
		restored += error;
		error = restore_setting(wanted, "ipv6", "disable_ipv6", '0');
	}
	if (error >= 0 && wanted->exempt)
		restored += restore_exemption(wanted);
	return error < 0 ? error : restored + error;
}
