/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outer.h - many datagrams per system call, on one outer socket.
 *
 * A reader owns the packets that it fills; a writer only points to what it was given.  Both work on any UDP socket,
 * connected or not, and know nothing of peers.  What the kernel joins or splits on the way (UDP_GRO, UDP_SEGMENT) stays
 * behind this interface.
 */
#ifndef TSCF_OUTER_H
#define TSCF_OUTER_H

#include "common/packet/batch.h"

#include <stdbool.h>

struct tscf_outer_reader;
struct tscf_outer_writer;

/** Most datagrams, or GSO batches of joined ones, that one read takes from the socket. */
#define TSCF_OUTER_READ_MAX 32
/** A read gives about this many bytes of bulk, so that what is more urgent has its turn soon. */
#define TSCF_OUTER_READ_BYTES (64 * 1024)

/**
 * A reader for socket @p fd, for datagrams of up to @p size bytes.
 *
 * @param connected  do not fill in packet->from: there is only one source
 * @return NULL when out of memory.
 */
struct tscf_outer_reader *tscf_outer_reader_new(int fd, uint32_t size, bool connected);
void tscf_outer_reader_free(struct tscf_outer_reader *reader);

/**
 * Take what waits in the socket, at most TSCF_OUTER_READ_MAX datagrams, and give what is urgent, then bulk, into @p
 * batch; the rest of the bulk waits in the reader for the next call.  Packets have data, length, gso_size, tos and from
 * set and are valid until the next call; datagrams of one source that the kernel has joined are a GSO batch.  Empty
 * datagrams, and those that were longer than the reader's size, are left out.
 *
 * @param dscps  what is urgent (dscp.h)
 * @param more  set to whether others may be waiting and there is time for them at once
 * @return how many datagrams or GSO batches were given, dropped ones included (0: none wait), or -errno: what waits is given
 * with the next call.
 */
int tscf_outer_read(struct tscf_outer_reader *reader, uint64_t dscps, struct tscf_batch *batch, bool *more);
/** @return whether datagrams wait in the reader: they make the socket readable no more. */
bool tscf_outer_waiting(const struct tscf_outer_reader *reader);
/** What was lost on receipt. */
struct tscf_outer_losses {
	uint32_t overflow;  /**< the kernel dropped: the socket was full */
	uint32_t shortened; /**< bulk dropped to keep the queue short (aqm.h) */
	uint32_t invalid;   /**< empty, or too long */
};

/** @return what was lost since the last call. */
struct tscf_outer_losses tscf_outer_read_losses(struct tscf_outer_reader *reader);

/** A writer for socket @p fd, with room for copies of datagrams of up to @p copy_size bytes (0: none).  @return NULL:
 * no memory. */
struct tscf_outer_writer *tscf_outer_writer_new(int fd, uint32_t copy_size);
void tscf_outer_writer_free(struct tscf_outer_writer *writer);

/** What is queued from now on leaves from @p local, an address of this host; family 0: from that which the kernel chooses. */
void tscf_outer_write_from(struct tscf_outer_writer *writer, const struct tscf_addr *local);
/**
 * Queue one datagram, or a GSO batch: datagrams of @p gso_size bytes back to back, the last one perhaps shorter.  What @p to and
 * @p data point to must stay as it is until the next flush.
 *
 * @param to   NULL on a connected socket
 * @param gso_size  0: one datagram
 * @param tos  value of the IPv4 TOS or IPv6 traffic class byte
 */
void tscf_outer_write(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
		      uint32_t length, uint32_t gso_size, uint8_t tos);
/** @return room for one datagram of copy_size bytes, for tscf_outer_write_reserved; it is nobody's until then. */
uint8_t *tscf_outer_reserve(struct tscf_outer_writer *writer);
/** Queue the datagram of @p length bytes that is in the room reserved last, with a copy of the address. */
void tscf_outer_write_reserved(struct tscf_outer_writer *writer, const union tscf_endpoint *to, uint32_t length,
			       uint8_t tos);
/** The same for one datagram, with copies of the datagram and the address; a datagram larger than copy_size is dropped.
 */
void tscf_outer_write_copy(struct tscf_outer_writer *writer, const union tscf_endpoint *to, const void *data,
			   uint32_t length, uint8_t tos);

/**
 * Give all that is queued to the kernel; what it does not take is dropped.
 *
 * @param error  set to the last positive errno that says that nobody is there (tscf_outer_is_unreachable), else left
 * alone
 * @return the number of datagrams dropped since the last flush.
 */
unsigned tscf_outer_flush(struct tscf_outer_writer *writer, int *error);

/**
 * Whether datagrams of @p fd have the DF bit.  Without it: inner packets may be larger than the path allows, then the
 * kernel makes fragments of the outer datagram, and ICMP errors that anyone can forge do not make our datagrams
 * smaller.  With it: they are sent whole, or refused if larger than the MTU of the outgoing device; what the kernel has
 * learnt of the path does not count.
 *
 * @return 0 or -errno.
 */
int tscf_outer_set_dont_fragment(int fd, sa_family_t family, bool dont_fragment);

/** @return whether UDP_GRO and UDP_SEGMENT may be used: the environment variable TSCF_UDP_OFFLOADS=none forbids it, for
 * tests. */
bool tscf_outer_offloads_allowed(void);
/** @return whether @p error (positive) is the network saying that the other end cannot be reached. */
bool tscf_outer_is_unreachable(int error);

#endif
