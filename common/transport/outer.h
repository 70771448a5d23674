/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outer.h - many datagrams per system call, on one outer socket.
 *
 * A reader owns the packets that it fills; a writer only points to the caller's data.  Both work on any UDP socket,
 * connected or not, and know nothing of peers.  They hide from their callers what the kernel joins or splits (UDP_GRO,
 * UDP_SEGMENT).
 */
#ifndef TSCF_OUTER_H
#define TSCF_OUTER_H

#include "common/packet/batch.h"

#include <stdbool.h>

struct tscf_outer_reader;
struct tscf_outer_writer;

/** Most datagrams, or GSO batches of datagrams that the kernel has joined, that one read takes from the socket. */
#define TSCF_OUTER_READ_MAX 32
/** A read returns about this many bytes of bulk, so that more urgent work soon has its turn. */
#define TSCF_OUTER_READ_BYTES (64 * 1024)

/**
 * A reader for socket @p fd, for datagrams of up to @p size bytes.
 *
 * @param connected  do not set packet->from: there is only one source
 * @return NULL when out of memory.
 */
struct tscf_outer_reader *tscf_outer_reader_new(int fd, uint32_t size, bool connected);
void tscf_outer_reader_free(struct tscf_outer_reader *reader);

/**
 * Take the datagrams that wait in the socket, at most TSCF_OUTER_READ_MAX.  Put the urgent ones, then bulk, into @p
 * batch; the rest of the bulk waits in the reader for the next call.  Packets have data, length, gso_size, tos and from
 * set and are valid until the next call; datagrams of one source that the kernel has joined are a GSO batch.  Empty
 * datagrams, and those longer than the reader's size, are left out.
 *
 * @param dscps  DSCPs of urgent packets (dscp.h)
 * @param more  set to whether more may be waiting and may be read at once
 * @return how many datagrams or GSO batches were taken out, dropped ones included (0: none wait), or -errno: datagrams
 * that wait are returned by the next call.
 */
int tscf_outer_read(struct tscf_outer_reader *reader, uint64_t dscps, struct tscf_batch *batch, bool *more);
/** @return whether datagrams wait in the reader; these do not make the socket readable. */
bool tscf_outer_waiting(const struct tscf_outer_reader *reader);
/** Datagrams lost on receipt. */
struct tscf_outer_losses {
	uint32_t overflow;  /**< dropped by the kernel: the receive buffer was full */
	uint32_t shortened; /**< bulk dropped to keep the queue short (aqm.h) */
	uint32_t invalid;   /**< empty, or too long */
};

/** @return the losses since the last call. */
struct tscf_outer_losses tscf_outer_read_losses(struct tscf_outer_reader *reader);

/** A writer for socket @p fd, with room for copies of datagrams of up to @p copy_size bytes (0: none).  @return NULL:
 * no memory. */
struct tscf_outer_writer *tscf_outer_writer_new(int fd, uint32_t copy_size);
void tscf_outer_writer_free(struct tscf_outer_writer *writer);

/**
 * Datagrams queued from now on are sent from @p local, an address of this host; family 0: the kernel chooses the
 * address.
 */
void tscf_outer_write_from(struct tscf_outer_writer *writer, const struct tscf_addr *local);
/**
 * Queue one datagram, or a GSO batch: datagrams of @p gso_size bytes back to back, the last one perhaps shorter.  The
 * memory that @p to and @p data point to must not change until the next flush.
 *
 * @param to   NULL on a connected socket
 * @param gso_size  0: one datagram
 * @param tos  value of the IPv4 TOS or IPv6 traffic class byte
 */
void tscf_outer_write(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
		      uint32_t length, uint32_t gso_size, uint8_t tos);
/**
 * @return room for one datagram of copy_size bytes, to be queued with tscf_outer_write_reserved.  Until then the room
 * is not reserved: another call may return it again.
 */
uint8_t *tscf_outer_reserve(struct tscf_outer_writer *writer);
/**
 * Queue the datagram of @p length bytes in the room that tscf_outer_reserve returned last, with a copy of the address.
 */
void tscf_outer_write_reserved(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t length,
			       uint8_t tos);
/**
 * Like tscf_outer_write for one datagram, but the datagram and the address are copied; a datagram larger than copy_size
 * is dropped.
 */
void tscf_outer_write_copy(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
			   uint32_t length, uint8_t tos);

/**
 * Give everything queued to the kernel; what the kernel refuses is dropped.
 *
 * @param error  set to the last positive errno that says that the other end cannot be reached
 * (tscf_outer_is_unreachable), else unchanged
 * @return the number of datagrams dropped since the last flush.
 */
unsigned tscf_outer_flush(struct tscf_outer_writer *writer, int *error);

/**
 * Set whether datagrams of @p fd have the DF bit.  Without it, the kernel fragments an outer datagram that is larger
 * than the path MTU: inner packets may be larger than the path allows, and ICMP errors, which anyone can forge, do not
 * make our datagrams smaller.  With it, datagrams are sent whole, or refused if larger than the MTU of the outgoing
 * device; the path MTU that the kernel has learnt is ignored.
 *
 * @return 0 or -errno.
 */
int tscf_outer_set_dont_fragment(int fd, sa_family_t family, bool dont_fragment);

/**
 * @return whether UDP_GRO and UDP_SEGMENT may be used: the environment variable TSCF_UDP_OFFLOADS=none forbids them,
 * for tests.
 */
bool tscf_outer_offloads_allowed(void);
/** @return whether @p error (positive) means that the network reports the other end as unreachable. */
bool tscf_outer_is_unreachable(int error);

#endif
