/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - requests of one tunnel that wait for their responses.
 *
 * Datagrams get lost: a request is sent again with the same sequence number, after 250 ms and then after twice the last
 * pause (at most 2 s; some requests have another pace), until it is answered or its tries are used up.  An urgent
 * request is first repeated a few times at short intervals, so that a loss costs milliseconds; for a large one the
 * intervals are longer, so that it does not fill the link.  On a stream a request is sent once and given up after the
 * same time.  At most REQUEST_WINDOW requests are under way at a time; further ones wait in order. tscf(7),
 * "RETRANSMISSION".  No I/O and no clock here: the owner sends, and the caller passes the time.
 */
#ifndef TSCF_CLIENT_REQUEST_H
#define TSCF_CLIENT_REQUEST_H

#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_WINDOW     8
#define REQUEST_FIRST_MS   250
#define REQUEST_LONGEST_MS 2000
/** An urgent request is repeated REQUEST_QUICK times after this pause, plus a millisecond for each so many of its
 * bytes. */
#define REQUEST_QUICK_MS    5
#define REQUEST_QUICK_BYTES 64
#define REQUEST_QUICK       8
/** Tries without limit: something else ends the request. */
#define REQUEST_TRIES_ENDLESS UINT16_MAX

/**
 * The end of a request: @p response is NULL when no answer came (error -ETIMEDOUT) or the request was cancelled
 * (-ECANCELED).  The callback may add requests and clear the queue.
 */
typedef void (*request_done)(void *context, void *user, const struct tscf_message *response, int error);

struct request;

/** How often a request is sent. */
struct request_pace {
	uint64_t first_ms;   /**< first pause before the request is sent again; it doubles */
	uint64_t longest_ms; /**< longest pause */
	uint16_t tries;      /**< the most times that it is sent, not counting `quick` */
	uint16_t quick;      /**< extra times that it is sent in the first moments; 0: not urgent */
};

struct requests {
	void (*transmit)(void *context, const uint8_t *data, uint32_t length);
	void *context;
	struct request *first, **last;
	unsigned under_way;
	bool reliable;     /**< the transport is reliable: nothing is sent again */
	uint32_t sequence; /**< of the newest request */
	/** Transmissions of requests that are not urgent, and those of them that repeat one without an answer. */
	uint64_t transmissions, repetitions;
	uint64_t round_trip_ms; /**< of the last request that was answered at its first try, at least 1; 0: none yet */
};

/** No requests yet.  @p transmit sends a message with @p context; it is called for each try. */
void requests_init(struct requests *q, void (*transmit)(void *context, const uint8_t *data, uint32_t length),
		   void *context);
/** Cancel every request: each one's done is called with -ECANCELED. */
void requests_clear(struct requests *q);

/** @return the sequence number to write into the next request. */
uint32_t requests_sequence(struct requests *q);
/**
 * Queue an encoded request with the number that requests_sequence() returned last.  It is copied and sent as soon as
 * the window allows.
 *
 * @return 0, or -ENOMEM (done is not called).
 */
int requests_add(struct requests *q, const uint8_t *data, uint32_t length, struct request_pace pace, request_done done,
		 void *user, uint64_t now);
/** A response has arrived.  @return whether it belongs to a request; then the request's done has been called. */
bool requests_answer(struct requests *q, const struct tscf_message *response, uint64_t now);
/** Repeat or give up the requests that are due. */
void requests_tick(struct requests *q, uint64_t now);
/** Another session has replaced this one: send every request that waits for its response again, with the new session id
 * @p tsid. */
void requests_repeat(struct requests *q, uint64_t tsid, uint64_t now);
/** @return whether no request waits for its response. */
bool requests_idle(const struct requests *q);
/** @return when requests_tick is next due, or UINT64_MAX. */
uint64_t requests_next(const struct requests *q);

#endif
