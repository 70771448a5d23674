/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tun.h"

#include "log.h"
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/** The default, 500, is 6 ms of full-size packets at 1 Gbit/s: a busy machine keeps a reader waiting longer. */
#define QUEUE_PACKETS 1000

/** Make the device of @p fd; IFF_TUN_EXCL refuses every name that is taken, ours of a dead run included. */
static int create_device(struct tscf_tun *tun, const char *name)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL)};

	memcpy(ifr.ifr_name, name, strlen(name));
	if (ioctl(tun->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	memcpy(tun->name, ifr.ifr_name, sizeof(tun->name));
	tun->index = (int)if_nametoindex(tun->name);
	return tun->index > 0 ? 0 : -errno;
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
	if (name[0] == '\0' || strlen(name) >= sizeof(tun->name))
		return -EINVAL;
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return -errno;
	err = create_device(tun, name);
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
	tun->fd = -1;
	tun->index = 0;
}

int tscf_tun_read(struct tscf_tun *tun, struct tscf_ring *ring, struct tscf_batch *batch)
{
	struct tscf_packet *packet;
	ssize_t got;

	batch->count = 0;
	while (batch->count < TSCF_BATCH_MAX) {
		packet = tscf_ring_packet(ring, batch->count);
		got = read(tun->fd, packet->data, packet->room);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			/*
			 * What was read before an error is delivered first; the error comes again with the next call.
			 */
			return errno == EAGAIN || batch->count > 0 ? 0 : -errno;
		}
		if (got == 0)
			return 0;
		packet->length = (uint32_t)got;
		tun->read_packets++;
		tun->read_bytes += (uint64_t)got;
		tscf_batch_add(batch, packet);
	}
	return 0;
}

void tscf_tun_write(struct tscf_tun *tun, struct tscf_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const struct tscf_packet *packet = batch->packet[i];
		ssize_t done = write(tun->fd, packet->data, packet->length);

		if (done < 0) {
			tun->write_errors++;
			continue;
		}
		tun->written_packets++;
		tun->written_bytes += packet->length;
	}
}
