/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake_thread.h - the thread of intake.h, and the messages between it and the loop: one datagram each.
 */
#ifndef TSCF_INTAKE_THREAD_H
#define TSCF_INTAKE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

struct intake_thread;

enum intake_op { INTAKE_TAKE = 1, INTAKE_DROP = 2 };

/** Larger than any request. */
#define INTAKE_MESSAGE_MAX 256U

/** To the thread; TAKE has the connection as a descriptor. */
struct intake_order {
	uint64_t number; /**< counts orders, from 1 */
	uint32_t op, slot, size;
};

/** From the thread; what was taken has its descriptor. */
struct intake_report {
	uint32_t op, slot;
	int32_t error; /**< a positive errno */
};

/**
 * Start a thread with a table of descriptors of its own.
 *
 * @return the loop's end of its socket, or -errno; *out is ended by tscf_intake_thread_leave.
 */
int tscf_intake_thread_start(struct intake_thread **out);
/** @return whether the thread has taken up order @p number, and is not done with it. */
bool tscf_intake_thread_is_at(const struct intake_thread *thread, uint64_t number);
/**
 * Leave the thread behind if order @p number holds it up: it reports nothing more, and takes up no other order.
 *
 * @return false if it has not taken up the order, or is done with it: it waits for a processor, and for nothing else.
 */
bool tscf_intake_thread_leave_at(struct intake_thread *thread, uint64_t number);
/** Close the loop's end, @p sock; the thread ends when it is done with its order.  @p thread is no longer valid. */
void tscf_intake_thread_leave(struct intake_thread *thread, int sock);

/** Send @p size bytes with @p fd, if not negative.  @return 0 or -errno. */
int tscf_intake_say(int sock, const void *data, uint32_t size, int fd, int flags);
/** Receive @p size bytes, and a descriptor in *fd, or -1.  @return 0, -EPIPE at the end, or -errno. */
int tscf_intake_hear(int sock, void *data, uint32_t size, int *fd, int flags);

#endif
