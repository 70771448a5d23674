/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tun.h"

#include "log.h"
#include "netlink.h"
#include "steering.h"

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

static int attach(int fd, const char *name, int flags, struct ifreq *ifr)
{
	*ifr = (struct ifreq){.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | flags)};
	memcpy(ifr->ifr_name, name, strlen(name));
	return ioctl(fd, TUNSETIFF, ifr) < 0 ? -errno : 0;
}

/** Give the device its second queue, and the program that fills it.  @return 0 or -errno. */
static int add_urgent_queue(struct tscf_tun *tun, int program)
{
	struct ifreq ifr;
	int err;

	tun->urgent_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->urgent_fd < 0)
		return -errno;
	err = attach(tun->urgent_fd, tun->name, IFF_MULTI_QUEUE, &ifr);
	if (err == 0 && ioctl(tun->fd, TUNSETSTEERINGEBPF, &program) < 0)
		err = -errno;
	if (err < 0) {
		close(tun->urgent_fd);
		tun->urgent_fd = -1;
	}
	return err;
}

/**
 * Make the device; IFF_TUN_EXCL refuses every name that is taken, ours of a dead run included.  Without the program the kernel would spread
 * packets over two queues as it likes, so there is only one then.
 */
static int create_device(struct tscf_tun *tun, const char *name)
{
	int program = tscf_steering_load(TSCF_URGENT_DSCPS);
	struct ifreq ifr;
	int err = attach(tun->fd, name, IFF_TUN_EXCL | (program >= 0 ? IFF_MULTI_QUEUE : 0), &ifr);

	if (err < 0) {
		if (program >= 0)
			close(program);
		return err;
	}
	memcpy(tun->name, ifr.ifr_name, sizeof(tun->name));
	tun->index = (int)if_nametoindex(tun->name);
	err = tun->index > 0 ? 0 : -errno;
	if (program < 0)
		tscf_debug("%s: urgent packets come with the others: %s", name, strerror(-program));
	if (program >= 0) {
		if (err == 0 && add_urgent_queue(tun, program) < 0)
			tscf_debug("%s: no queue of its own for urgent packets", tun->name);
		close(program);
	}
	return err;
}

static unsigned offloads_allowed(void)
{
	const char *text = secure_getenv("TSCF_TUN_OFFLOADS");

	if (!text)
		return OFFLOADS_ALL;
	return strcmp(text, "tcp") == 0 ? OFFLOADS_TCP : 0;
}

static int set_offloads(struct tscf_tun *tun, bool join_udp)
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
	if (join_udp && (tun->offloads & TUN_F_USO4))
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

int tscf_tun_open(struct tscf_tun *tun, const char *name, bool join_udp)
{
	int err;

	memset(tun, 0, sizeof(*tun));
	tun->fd = -1;
	tun->urgent_fd = -1;
	tun->mtu = TSCF_PACKET_MAX;
	if (name[0] == '\0' || strlen(name) >= sizeof(tun->name))
		return -EINVAL;
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return -errno;
	err = create_device(tun, name);
	if (err == 0)
		err = set_offloads(tun, join_udp);
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
	if (tun->urgent_fd >= 0)
		close(tun->urgent_fd);
	tun->urgent_fd = -1;
	tscf_coalescer_free(tun->coalescer);
	free(tun->super);
	tun->coalescer = NULL;
	tun->super = NULL;
	tun->fd = -1;
	tun->index = 0;
}
