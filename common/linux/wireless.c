/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/wireless.h"

#include "common/linux/netlink_internal.h"
#include "common/linux/wireless_message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

/** The networks that the device is in: with several links (IEEE 802.11be) there are several. */
struct networks {
	unsigned open, secure;
};

static struct nl_msg *make_request(int family, uint8_t command)
{
	struct genlmsghdr header = {.cmd = command, .version = 1};
	struct nl_msg *msg = nlmsg_alloc_simple(family, 0);

	if (msg && nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int note_family(struct nlmsghdr *header, void *context)
{
	int *family = context, number = tscf_wireless_family(header);

	if (number != 0)
		*family = number;
	return 0;
}

/**
 * All families are listed: when it is asked for one that it does not have, the kernel tries to load a module, and
 * waits.
 *
 * @return the number of nl80211, 0 if the kernel does not have it, or -errno.
 */
static int find_family(struct tscf_netlink *nl)
{
	int family = 0,
	    err = tscf_netlink_dump(nl, make_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY), note_family, &family);

	return err < 0 && family == 0 ? err : family;
}

static int note_network(struct nlmsghdr *header, void *context)
{
	enum tscf_bss bss = tscf_wireless_bss(header);
	struct networks *found = context;

	found->open += bss == TSCF_BSS_OPEN;
	found->secure += bss == TSCF_BSS_SECURE;
	return 0;
}

/** @return 0 or -errno: -ENODEV if the device is no wireless one. */
static int list_networks(struct tscf_netlink *nl, int family, int device, struct networks *found)
{
	unsigned tries = TSCF_NETLINK_DUMP_TRIES;
	struct nl_msg *msg;
	int err;

	do {
		*found = (struct networks){.open = 0};
		msg = make_request(family, NL80211_CMD_GET_SCAN);
		if (!msg || nla_put_u32(msg, NL80211_ATTR_IFINDEX, (uint32_t)device) < 0) {
			nlmsg_free(msg);
			return -ENOMEM;
		}
		err = tscf_netlink_dump(nl, msg, note_network, found);
	} while (err == -EINTR && --tries > 0);
	return err;
}

/* @return 0 or -errno, as list_networks; -ENODEV also if the kernel knows no wireless devices. */
static int look(struct tscf_wireless_socket *s, int device, struct networks *found)
{
	int family = s->family != 0 ? s->family : find_family(s->netlink);

	if (family <= 0)
		return family < 0 ? family : -ENODEV;
	s->family = family;
	return list_networks(s->netlink, family, device, found);
}

/* The same with a socket: the one that is kept, and if it fails, another. */
static int look_by(struct tscf_wireless_socket *s, int device, struct networks *found)
{
	int err = -ENOTCONN;

	if (s->netlink)
		err = look(s, device, found);
	if (err == 0 || err == -ENODEV)
		return err;
	/* If the module was loaded again, the family has another number. */
	tscf_wireless_close(s);
	err = tscf_netlink_connect(NETLINK_GENERIC, &s->netlink);
	return err == 0 ? look(s, device, found) : err;
}

enum tscf_wireless tscf_wireless_look(struct tscf_wireless_socket *s, int device)
{
	struct networks found;
	int err = look_by(s, device, &found);

	if (err < 0)
		return err == -ENODEV ? TSCF_WIRELESS_NONE : TSCF_WIRELESS_UNKNOWN;
	if (found.open > 0)
		return TSCF_WIRELESS_OPEN;
	return found.secure > 0 ? TSCF_WIRELESS_SECURE : TSCF_WIRELESS_UNKNOWN;
}

void tscf_wireless_close(struct tscf_wireless_socket *s)
{
	if (s->netlink)
		tscf_netlink_close(s->netlink);
	*s = (struct tscf_wireless_socket){.netlink = NULL};
}
