/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tun.h"

#include "log.h"
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Since Linux 6.2; not in the headers of Debian 12. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#define OFFLOADS_TCP (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define OFFLOADS_ALL (OFFLOADS_TCP | TUN_F_USO4 | TUN_F_USO6)

/** The default, 500, is 6 ms of full-size packets at 1 Gbit/s: a busy machine keeps a reader waiting longer. */
#define QUEUE_PACKETS 1000

/** Make the device of @p fd; IFF_TUN_EXCL refuses every name that is taken, ours of a dead run included. */
static int create_device(struct tscf_tun *tun, const char *name)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL)};

	memcpy(ifr.ifr_name, name, strlen(name));
	if (ioctl(tun->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	memcpy(tun->name, ifr.ifr_name, sizeof(tun->name));
	tun->index = (int)if_nametoindex(tun->name);
	return tun->index > 0 ? 0 : -errno;
}

static unsigned offloads_allowed(void)
{
	const char *text = secure_getenv("TSCF_TUN_OFFLOADS");

	if (!text)
		return OFFLOADS_ALL;
	return strcmp(text, "tcp") == 0 ? OFFLOADS_TCP : 0;
}

static int set_offloads(struct tscf_tun *tun)
{
	static const unsigned steps[] = {OFFLOADS_ALL, OFFLOADS_TCP, 0};
	unsigned allowed = offloads_allowed(), kinds = 0;

	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (steps[i] & ~allowed)
			continue;
		if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)steps[i]) == 0) {
			tun->offloads = steps[i];
			break;
		}
	}
	if (tun->offloads & TUN_F_TSO4)
		kinds |= TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6;
	if (tun->offloads & TUN_F_USO4)
		kinds |= TSCF_COALESCE_UDP;
	tun->coalescer = tscf_coalescer_new(kinds, TSCF_COALESCE_SEGMENTS);
	tun->super = malloc(TSCF_PACKET_MAX);
	return tun->coalescer && tun->super ? 0 : -ENOMEM;
}

static int set_up_link(const struct tscf_tun *tun)
{
	struct tscf_netlink *nl;
	int err = tscf_netlink_open(&nl);

	if (err < 0)
		return err;
	err = tscf_link_silence(nl, tun->index);
	if (err == 0 && tscf_link_set_queue(nl, tun->index, QUEUE_PACKETS) < 0)
		tscf_debug("%s: transmit queue left at the kernel's length", tun->name);
	tscf_netlink_close(nl);
	return err;
}

int tscf_tun_open(struct tscf_tun *tun, const char *name)
{
	int err;

	memset(tun, 0, sizeof(*tun));
	tun->fd = -1;
	tun->mtu = TSCF_PACKET_MAX;
	if (name[0] == '\0' || strlen(name) >= sizeof(tun->name))
		return -EINVAL;
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return -errno;
	err = create_device(tun, name);
	if (err == 0)
		err = set_offloads(tun);
	if (err == 0)
		err = set_up_link(tun);
	if (err < 0)
		tscf_tun_close(tun);
	return err;
}

void tscf_tun_close(struct tscf_tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tscf_coalescer_free(tun->coalescer);
	free(tun->super);
	tun->coalescer = NULL;
	tun->super = NULL;
	tun->fd = -1;
	tun->index = 0;
}
