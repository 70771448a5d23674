/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake.h - taking the descriptors that callers send, outside of the loop.
 *
 * A descriptor that was received has to be closed.  close() of a file on a file system that a program serves (FUSE)
 * waits for that program without limit, and not even SIGKILL ends the wait.  So a thread with its own descriptor table
 * receives them, keeps the internet sockets, and sends a copy of those to the loop, whose close() is then never the
 * last.  A thread that a descriptor holds up is left behind, and a new one is started.  One that only waits for a
 * processor is waited for.
 */
#ifndef TSCF_INTAKE_H
#define TSCF_INTAKE_H

#include <ev.h>
#include <stdint.h>
#include <sys/types.h>

/** Calls that may have a descriptor in the intake at a time. */
#define TSCF_INTAKE_SLOTS 1024U

struct tscf_intake;

struct tscf_intake_events {
	/** What `take` asked for: @p error 0 with @p fd, an internet socket, or a positive errno with -1: ENOTSOCK if
	 * the descriptor is none, EAFNOSUPPORT if it is another kind of socket, EPROTO if none has come. */
	void (*taken)(void *user, int error, int fd);
	/** The intake's copy is closed. */
	void (*dropped)(void *user);
	/** The thread was left behind with this call's descriptor; another descriptor had held it up.  The caller asks
	 * again for what was to be taken, and closes in another way what it holds. */
	void (*lost)(void *user);
	/** This call's descriptor is the one that held the thread up; it is lost. */
	void (*stuck)(void *user);
};

/** @return 0 or -errno. */
int tscf_intake_new(struct ev_loop *loop, const struct tscf_intake_events *events, struct tscf_intake **out);
/**
 * Read one message of @p size bytes, which has arrived, from @p connection, and keep its first descriptor.  `taken`,
 * `lost` or `stuck` follows.
 *
 * @return a slot, or -errno: -EBUSY if all are in use; -EACCES if a descriptor of this user has held a thread up in the
 * last minute.  Root is not held off.
 */
int tscf_intake_take(struct tscf_intake *intake, int connection, uint32_t size, uid_t uid, void *user);
/** Close what is in the slot; the caller has closed its copy.  `dropped`, `lost` or `stuck` follows, and the slot is
 * free. */
void tscf_intake_drop(struct tscf_intake *intake, int slot);
/** The call has ended: report nothing more about it, and close its descriptor. */
void tscf_intake_forget(struct tscf_intake *intake, int slot);
void tscf_intake_free(struct tscf_intake *intake);

#endif
