/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun_io.c - packets between a TUN device and memory; super-packets from the kernel are split here, and packets for the
 * kernel are joined.
 */
#include "common/linux/tun.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/** Most packets and bytes in one GSO batch: accepted for one UDP_SEGMENT by every kernel that has it. */
#define GSO_PACKETS 64
#define GSO_BYTES   65000

/** @return bytes of the packet that was read into tun->super, 0 if none waits, or -errno. */
static int read_super(struct tscf_tun *tun, int fd, struct virtio_net_hdr *vnet)
{
	struct iovec iov[] = {{vnet, sizeof(*vnet)}, {tun->super, TSCF_PACKET_MAX}};
	ssize_t got;

	do
		got = readv(fd, iov, 2);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	return got > (ssize_t)sizeof(*vnet) ? (int)(got - (ssize_t)sizeof(*vnet)) : 0;
}

/** Write the next GSO batch of the current super-packet into @p packet.  @return whether there was one. */
static bool next_gso_batch(struct tscf_tun *tun, struct tscf_packet *packet)
{
	struct tscf_gso_batch gso;

	if (!tscf_segment_next(&tun->segmenter, packet->data, packet->room < GSO_BYTES ? packet->room : GSO_BYTES,
			       GSO_PACKETS, &gso))
		return false;
	packet->length = (gso.count - 1) * gso.size + gso.last;
	packet->gso_size = gso.count > 1 ? gso.size : 0;
	if (gso.data != packet->data)
		memcpy(packet->data, gso.data, packet->length);
	tun->read_packets += gso.count;
	tun->read_bytes += packet->length;
	return true;
}

/** Begin with the next packet of a queue.  @return 1 if there is one, 0 if none waits, or -errno. */
static int next_super(struct tscf_tun *tun, int fd)
{
	struct virtio_net_hdr vnet;
	int length = read_super(tun, fd, &vnet);

	if (length <= 0)
		return length;
	if (tscf_segment_begin(&tun->segmenter, &vnet, tun->super, (uint32_t)length, tun->mtu) < 0)
		tun->malformed++;
	else
		tun->splitting = true;
	return 1;
}

/** Add the packets that wait in one queue.  @return 0 or -errno. */
static int read_queue(struct tscf_tun *tun, int fd, struct tscf_ring *ring, struct tscf_batch *batch)
{
	uint32_t bytes = 0;

	/*
	 * Finish a super-packet that was begun, if the batch has room: the event loop would not call again for the rest
	 * of it.
	 */
	while (batch->count < TSCF_BATCH_MAX && (tun->splitting || bytes < TSCF_TUN_READ_BYTES)) {
		struct tscf_packet *packet = tscf_ring_packet(ring, batch->count);
		int more;

		if (tun->splitting && next_gso_batch(tun, packet)) {
			bytes += packet->length;
			tscf_batch_add(batch, packet);
			continue;
		}
		tun->splitting = false;
		if (bytes >= TSCF_TUN_READ_BYTES)
			break;
		more = next_super(tun, fd);
		if (more <= 0)
			return more;
	}
	return 0;
}

int tscf_tun_read(struct tscf_tun *tun, struct tscf_ring *ring, struct tscf_batch *batch)
{
	int err = 0;

	batch->count = 0;
	/* Both queues are read through one buffer, which holds the rest of a super-packet. */
	if (tun->urgent_fd >= 0 && !tun->splitting)
		err = read_queue(tun, tun->urgent_fd, ring, batch);
	if (err == 0 && batch->count < TSCF_BATCH_MAX)
		err = read_queue(tun, tun->fd, ring, batch);
	/* Deliver first what was read before an error; the next call returns the error again. */
	return batch->count > 0 ? 0 : err;
}

bool tscf_tun_more(const struct tscf_tun *tun, const struct tscf_batch *batch)
{
	return tun->splitting || batch->count == TSCF_BATCH_MAX;
}

void tscf_tun_put(struct tscf_tun *tun, uint8_t *data, uint32_t length)
{
	/*
	 * Another program has deleted the device, and it could not be created again: the owner ends once its event loop
	 * has done the rest of its work.
	 */
	if (tun->fd < 0) {
		tun->write_errors++;
		return;
	}
	if (tscf_coalesce_add(tun->coalescer, data, length))
		return;
	tscf_tun_flush(tun);
	tscf_coalesce_add(tun->coalescer, data, length);
}

static void count_written(struct tscf_tun *tun, bool written, unsigned packets, uint64_t bytes)
{
	if (!written) {
		tun->write_errors += packets;
		return;
	}
	tun->written_packets += packets;
	tun->written_bytes += bytes;
}

/* Some releases of Linux (6.6.44 and others of that time) refuse super-packets that all others take. */
static void write_apart(struct tscf_tun *tun, const struct tscf_super *super)
{
	struct virtio_net_hdr none = {0};

	for (unsigned i = 0; i < super->packets; i++) {
		struct iovec iov[] = {{&none, sizeof(none)}, tscf_super_packet(super, i)};

		count_written(tun, writev(tun->fd, iov, 2) >= 0, 1, iov[1].iov_len);
	}
}

void tscf_tun_flush(struct tscf_tun *tun)
{
	const struct tscf_super *writes;
	unsigned count;

	if (tun->fd < 0)
		return;
	count = tscf_coalesce_finish(tun->coalescer, &writes);
	for (unsigned i = 0; i < count; i++) {
		bool written = writev(tun->fd, writes[i].iov, (int)writes[i].iov_count) >= 0;

		if (!written && errno == EINVAL && writes[i].packets > 1)
			write_apart(tun, &writes[i]);
		else
			count_written(tun, written, writes[i].packets, writes[i].bytes);
	}
	tscf_coalesce_begin(tun->coalescer);
}
