/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap.h - where the packets of a capture leave the packet path.
 *
 * A tap belongs to one thread that handles packets.  While it is open, each packet is copied into a ring of
 * fixed size, from which another part, perhaps in another thread, takes it (capture.h).  The packet path never waits:
 * a packet that finds the ring full is only counted.  A closed tap costs one branch.
 */
#ifndef TSCF_TAP_H
#define TSCF_TAP_H

#include "common/base/addr.h"
#include "common/packet/batch.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What happened to a packet.  In a file of pcapng these are the interfaces, in this order. */
enum tscf_tap_place {
	TSCF_TAP_PLAIN,     /**< carried by the plain tunnel */
	TSCF_TAP_ENCRYPTED, /**< carried by the encrypted tunnel */
	TSCF_TAP_HELD,      /**< waits for the encrypted tunnel, and shows there again when it is sent */
	TSCF_TAP_DROPPED,
	TSCF_TAP_PLACES,
};

/** Seen from the end of the tunnel where the tap is. */
enum tscf_tap_direction {
	TSCF_TAP_IN = 1,  /**< came by the tunnel */
	TSCF_TAP_OUT = 2, /**< goes into the tunnel */
};

/** Which packets are wanted. */
struct tscf_tap_filter {
	uint8_t protocol;          /**< IPPROTO_UDP or IPPROTO_TCP; 0: any */
	uint16_t port;             /**< of the client's side; 0: any */
	struct tscf_prefix remote; /**< the other side; family 0: any */
	uint16_t remote_port;      /**< 0: any */
};

/** One packet in the ring; `comment_length` bytes of the comment and `captured` bytes of the packet follow. */
struct tscf_tap_record {
	uint64_t time; /**< nanoseconds since 1970 */
	uint32_t captured, original;
	uint8_t place, direction;
	uint8_t comment_length;
	uint8_t reserved[5];
};

/** Most bytes of a packet that are captured, so that every record fits one message of the control socket. */
#define TSCF_TAP_CAPTURED_MAX 61440U
#define TSCF_TAP_RECORD_MAX   (sizeof(struct tscf_tap_record) + UINT8_MAX + TSCF_TAP_CAPTURED_MAX)

struct tscf_tap_counts {
	uint64_t seen[TSCF_TAP_PLACES]; /**< wanted packets */
	uint64_t lost[TSCF_TAP_PLACES]; /**< of them, those that found the ring full */
};

struct tscf_tap {
	bool open;
	bool client_sends; /**< packets that go into the tunnel come from the client's programs */
	struct tscf_tap_filter filter;
	struct tscf_tap_counts counts;
	uint8_t *ring; /**< NULL: none */
	_Atomic uint64_t written, taken;
};

/**
 * Begin, in the thread of the packets: @p filter holds, all counts are 0.  @p client_sends: the tap is at the client's
 * end of the tunnels.
 *
 * @return 0, -EBUSY if the tap is open, or -ENOMEM.
 */
int tscf_tap_open(struct tscf_tap *tap, const struct tscf_tap_filter *filter, bool client_sends);
/** End, in the thread of the packets; what is in the ring stays. */
void tscf_tap_close(struct tscf_tap *tap);
/** Free the ring of a closed tap, or of one that was never open. */
void tscf_tap_free(struct tscf_tap *tap);

/** Copy whole records into @p out, oldest first.  From any one thread.  @return bytes: 0 if the ring is empty or the
 * next record does not fit; TSCF_TAP_RECORD_MAX always fits one. */
size_t tscf_tap_take(struct tscf_tap *tap, uint8_t *out, size_t size);
/** @return whether the ring is empty. */
bool tscf_tap_empty(const struct tscf_tap *tap);

/** What tscf_tap_packet and tscf_tap_batch do with an open tap. */
void tscf_tap_copy(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
		   const char *comment, const uint8_t *data, uint32_t length);
void tscf_tap_copy_all(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
		       const char *comment, const struct tscf_packet *packets);

/** A packet was handled.  @p comment says more about it, in at most 255 bytes; NULL: nothing. */
static inline void tscf_tap_packet(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
				   const char *comment, const uint8_t *data, uint32_t length)
{
	if (tap->open)
		tscf_tap_copy(tap, place, direction, comment, data, length);
}

/** The same for all packets of a GSO batch. */
static inline void tscf_tap_batch(struct tscf_tap *tap, enum tscf_tap_place place, enum tscf_tap_direction direction,
				  const char *comment, const struct tscf_packet *packets)
{
	if (tap->open)
		tscf_tap_copy_all(tap, place, direction, comment, packets);
}

#endif
