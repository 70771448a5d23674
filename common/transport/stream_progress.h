/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_progress.h - whether the other end of a TCP connection gets what is sent in time.
 *
 * For a sender that has several connections: a packet waits at the other end for all that was sent before it by the
 * same one.  The kernel knows how far the other end has acknowledged; it is asked at most every
 * TSCF_STREAM_PROGRESS_MS, whatever the number of packets.
 */
#ifndef TSCF_STREAM_PROGRESS_H
#define TSCF_STREAM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define TSCF_STREAM_PROGRESS_MS 20
/** A receiver may delay an acknowledgement by so many ms (Linux: TCP_DELACK_MIN), beside the round trip. */
#define TSCF_STREAM_DELAYED_ACK_MS 40

/** Of one connection; zero-initialised: the kernel was not asked yet.  Times in ms of a monotonic clock. */
struct tscf_stream_progress {
	bool asked;
	bool late;      /**< as it was then */
	uint64_t at;    /**< when the kernel was asked last */
	uint64_t acked; /**< bytes that were acknowledged then */
	uint64_t since; /**< the first packet that was sent after this time is not acknowledged yet, as far as known */
};

/** What the kernel says of a connection. */
struct tscf_stream_sample {
	uint64_t acked;    /**< bytes that the other end has acknowledged so far */
	bool unacked;      /**< some others were sent */
	bool unsent;       /**< some others wait in the socket: the path takes no more now */
	bool recovers;     /**< segments were lost, and what follows them waits at the other end */
	uint64_t patience; /**< ms in which an acknowledgement comes when nothing is lost */
};

/**
 * @return whether a packet that is sent at @p now by the connection with socket @p fd would come late.  If not, the
 * caller sends one.
 */
bool tscf_stream_progress_is_late(struct tscf_stream_progress *p, int fd, uint64_t now);

/** The same with what the kernel says @p now; a pure function. */
bool tscf_stream_progress_note(struct tscf_stream_progress *p, const struct tscf_stream_sample *sample, uint64_t now);

#endif
