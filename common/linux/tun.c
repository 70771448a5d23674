/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/tun.h"

#include "common/base/log.h"
#include "common/linux/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Since Linux 6.2; missing in the headers of Debian 12. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#define OFFLOADS_TCP (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)
#define OFFLOADS_ALL (OFFLOADS_TCP | TUN_F_USO4 | TUN_F_USO6)

/** The default, 500, is 6 ms of full-size packets at 1 Gbit/s: on a busy machine a reader waits longer than that. */
#define QUEUE_PACKETS 1000

static int attach(int fd, const char *name, int flags, struct ifreq *ifr)
{
	*ifr = (struct ifreq){.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | flags)};
	memcpy(ifr->ifr_name, name, strlen(name));
	return ioctl(fd, TUNSETIFF, ifr) < 0 ? -errno : 0;
}

/**
 * Open a queue of the device called @p name; the first call creates the device, with the interface index @p index if
 * that is not 0.
 *
 * @return its descriptor or -errno.
 */
static int open_queue(const char *name, int flags, int index, struct ifreq *ifr)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = index > 0 && ioctl(fd, TUNSETIFINDEX, &index) < 0 ? -errno : attach(fd, name, flags, ifr);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

/**
 * Create the device; IFF_TUN_EXCL refuses every name that is in use, including our name in use by a previous run.
 * Without the program the kernel would spread packets over two queues as it likes, so only one queue is opened then.
 */
static int create_device(struct tscf_tun *tun, const char *name, int index, bool queues)
{
	struct ifreq ifr;

	tun->fd = open_queue(name, IFF_TUN_EXCL | (queues ? IFF_MULTI_QUEUE : 0), index, &ifr);
	if (tun->fd < 0)
		return tun->fd;
	memcpy(tun->name, ifr.ifr_name, sizeof(tun->name));
	tun->index = (int)if_nametoindex(tun->name);
	return tun->index > 0 ? 0 : -errno;
}

/** Open the other queues in the order of the queue numbers that the program uses.  @return 0 or -errno. */
static int add_queues(struct tscf_tun *tun[], unsigned count, const struct tscf_tun_steering *steering)
{
	const struct tscf_tun *first = tun[0];
	struct ifreq ifr;

	for (unsigned n = 0; n < count; n++) {
		if (n > 0) {
			memcpy(tun[n]->name, first->name, sizeof(first->name));
			tun[n]->index = first->index;
			tun[n]->fd = open_queue(first->name, IFF_MULTI_QUEUE, 0, &ifr);
			if (tun[n]->fd < 0)
				return tun[n]->fd;
		}
		tun[n]->urgent_fd = open_queue(first->name, IFF_MULTI_QUEUE, 0, &ifr);
		if (tun[n]->urgent_fd < 0)
			return tun[n]->urgent_fd;
	}
	return ioctl(first->fd, TUNSETSTEERINGEBPF, &steering->program) < 0 ? -errno : 0;
}

static unsigned offloads_allowed(void)
{
	const char *text = secure_getenv("TSCF_TUN_OFFLOADS");

	if (!text)
		return OFFLOADS_ALL;
	return strcmp(text, "tcp") == 0 ? OFFLOADS_TCP : 0;
}

/** @return the TUN_F_* flags that the kernel agreed to. */
static unsigned set_offloads(const struct tscf_tun *tun)
{
	static const unsigned steps[] = {OFFLOADS_ALL, OFFLOADS_TCP, 0};
	unsigned allowed = offloads_allowed();

	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (steps[i] & ~allowed)
			continue;
		if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)steps[i]) == 0)
			return steps[i];
	}
	return 0;
}

/** @return which kinds of packets are joined for the kernel. */
static unsigned kinds_of(unsigned offloads, bool join_udp)
{
	unsigned kinds = 0;

	if (offloads & TUN_F_TSO4)
		kinds |= TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6;
	if (join_udp && (offloads & TUN_F_USO4))
		kinds |= TSCF_COALESCE_UDP;
	return kinds;
}

void tscf_tun_join_udp(struct tscf_tun *tun, bool join)
{
	tscf_coalescer_set_kinds(tun->coalescer, kinds_of(tun->offloads, join));
}

static int make_buffers(struct tscf_tun *tun, unsigned offloads, bool join_udp)
{
	tun->offloads = offloads;
	tun->coalescer = tscf_coalescer_new(kinds_of(offloads, join_udp), TSCF_COALESCE_SEGMENTS);
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

static void clear(struct tscf_tun *tun)
{
	*tun = (struct tscf_tun){.fd = -1, .urgent_fd = -1, .mtu = TSCF_PACKET_MAX};
}

static int set_up(struct tscf_tun *tun[], unsigned count, bool join_udp)
{
	unsigned offloads = set_offloads(tun[0]);
	int err = 0;

	for (unsigned n = 0; n < count && err == 0; n++)
		err = make_buffers(tun[n], offloads, join_udp);
	return err == 0 ? set_up_link(tun[0]) : err;
}

static int open_parts(struct tscf_tun *tun[], unsigned count, const char *name, int index, bool join_udp,
		      const struct tscf_tun_steering *steering)
{
	int err;

	for (unsigned n = 0; n < count; n++)
		clear(tun[n]);
	if (name[0] == '\0' || strlen(name) >= sizeof(tun[0]->name))
		return -EINVAL;
	err = create_device(tun[0], name, index, steering != NULL);
	if (err == 0 && steering)
		err = add_queues(tun, count, steering);
	if (err == 0)
		err = set_up(tun, count, join_udp);
	for (unsigned n = 0; n < count && err < 0; n++)
		tscf_tun_close(tun[n]);
	return err;
}

int tscf_tun_open_parts(struct tscf_tun *tun[], unsigned count, const char *name, int index, bool join_udp,
			const struct tscf_tun_steering *steering)
{
	return open_parts(tun, count, name, index, join_udp, steering);
}

static int open_alone(struct tscf_tun *tun, const char *name, int index, bool join_udp, uint64_t realtime_dscps)
{
	struct tscf_tun_steering steering;
	int err = tscf_tun_steering_open(&steering, realtime_dscps, 1);

	if (err < 0) {
		tscf_debug("%s: urgent packets come with the others: %s", name, strerror(-err));
		return open_parts(&tun, 1, name, index, join_udp, NULL);
	}
	err = open_parts(&tun, 1, name, index, join_udp, &steering);
	tscf_tun_steering_close(&steering);
	return err;
}

int tscf_tun_open(struct tscf_tun *tun, const char *name, bool join_udp, uint64_t realtime_dscps)
{
	return open_alone(tun, name, 0, join_udp, realtime_dscps);
}

const char *tscf_tun_strerror(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return "permission denied: run it as root, or with CAP_NET_ADMIN and the right to open /dev/net/tun";
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "there is no /dev/net/tun: load the kernel module tun, or give the container that device";
	default:
		return strerror(-err);
	}
}

int tscf_tun_open_again(struct tscf_tun *tun, bool join_udp, uint64_t realtime_dscps)
{
	int index = tun->index, err;
	uint32_t mtu = tun->mtu;
	char name[sizeof(tun->name)];

	memcpy(name, tun->name, sizeof(name));
	tscf_tun_close(tun);
	err = open_alone(tun, name, index, join_udp, realtime_dscps);
	if (err == 0)
		tun->mtu = mtu;
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
