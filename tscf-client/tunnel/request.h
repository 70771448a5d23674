/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request.h - requests of one tunnel that wait for their responses.
 *
 * Datagrams get lost: a request is sent again, with the same sequence number, after 250 ms and then twice as long each
 * time (at most 2 s; other requests at another pace), until it is answered or has been tried often enough.  An urgent one is first sent some times more
 * at short distances, so that a loss costs milliseconds; a large one at longer distances, so that it does not fill the
 * link.  On a stream it is sent once, and given up
 * at the same time.  At most REQUEST_WINDOW are under way at a time, further ones wait their turn in order. tscf(7),
 * "RETRANSMISSION".  No I/O and no clock here: sending is the owner's, time is given.
 */
#ifndef TSCF_CLIENT_REQUEST_H
#define TSCF_CLIENT_REQUEST_H

#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_WINDOW     8
#define REQUEST_FIRST_MS   250
#define REQUEST_LONGEST_MS 2000
/** An urgent request is sent again after this, and a millisecond more for so many bytes of it, REQUEST_QUICK times. */
#define REQUEST_QUICK_MS    5
#define REQUEST_QUICK_BYTES 64
#define REQUEST_QUICK       8
/** As many tries as last until something else ends them. */
#define REQUEST_TRIES_ENDLESS UINT16_MAX

/**
 * The end of a request: @p response is NULL when it was tried in vain (error -ETIMEDOUT) or taken back (-ECANCELED).
 * The callback may add requests and clear the queue.
 */
typedef void (*request_done)(void *context, void *user, const struct tscf_message *response, int error);

struct request;

/** How often a request is sent. */
struct request_pace {
	uint64_t first_ms;   /**< pause before it is sent again; it doubles */
	uint64_t longest_ms; /**< and grows no longer than this */
	uint16_t tries;      /**< it is sent so often at most, apart from */
	uint16_t quick;      /**< so many times in the first moments; 0: it is not urgent */
};

struct requests {
	void (*transmit)(void *context, const uint8_t *data, uint32_t length);
	void *context;
	struct request *first, **last;
	unsigned under_way;
	bool reliable;          /**< what is sent arrives: nothing is sent again */
	uint32_t sequence;      /**< of the newest request */
	uint64_t round_trip_ms; /**< of the last request that was answered at its first try, at least 1; 0: none yet */
};

void requests_init(struct requests *q, void (*transmit)(void *context, const uint8_t *data, uint32_t length),
		   void *context);
/** Take back every request: each one's done is called with -ECANCELED. */
void requests_clear(struct requests *q);

/** @return the sequence number to write into the next request. */
uint32_t requests_sequence(struct requests *q);
/**
 * Queue an encoded request that bears the number requests_sequence() gave last; it is copied and sent as soon as the
 * window allows.
 *
 * @return 0, or -ENOMEM (done is not called).
 */
int requests_add(struct requests *q, const uint8_t *data, uint32_t length, struct request_pace pace,
		 request_done done, void *user, uint64_t now);
/** A response has come.  @return whether it belongs to a request; its done has been called then. */
bool requests_answer(struct requests *q, const struct tscf_message *response, uint64_t now);
/** Send again or give up what is due. */
void requests_tick(struct requests *q, uint64_t now);
/** Another session has taken the place of this one: send every request that waits for its response again, with its id
 * @p tsid. */
void requests_repeat(struct requests *q, uint64_t tsid, uint64_t now);
/** @return whether no request waits for its response. */
bool requests_idle(const struct requests *q);
/** @return when requests_tick is next due, or UINT64_MAX. */
uint64_t requests_next(const struct requests *q);

#endif
