/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reader.h - a thread that reads files for an event loop.
 *
 * A file may be on a file system that does not answer, as NFS whose server is gone.  A loop must not wait for it: so a
 * thread does the jobs of a reader, one after the other, and the loop takes what was read.  A job that takes too long
 * is reported, with the file that it waits for.
 */
#ifndef TSCF_READER_H
#define TSCF_READER_H

#include "common/base/reading.h"

#include <ev.h>
#include <stdbool.h>

struct tscf_reader;

/** A job; the first member of what it belongs to.  The caller sets the members of the first group; the rest is zero at
 * first. */
struct tscf_reader_job {
	/** In the thread: read.  It sees only what belongs to the job, and what stays when the program ends
	 * (tscf_readers_linger). */
	void (*work)(struct tscf_reader_job *job);
	/** In the loop, at most once: `patience` has passed since the job was begun.  @p file: what is waited for. */
	void (*late)(struct tscf_reader_job *job, const char *file);
	/** In the loop: it has worked, perhaps late. */
	void (*over)(struct tscf_reader_job *job);
	/** Anywhere: free it, and what it has. */
	void (*free)(struct tscf_reader_job *job);
	unsigned patience; /**< ms */

	struct tscf_reader *owner; /**< NULL: it was freed */
	struct tscf_reader_job *next;
	struct ev_timer timer;
	struct tscf_reading reading;
	bool running, ended;
	bool is_late; /**< `late` has been called */
};

/** @return a reader without jobs, or NULL when out of memory. */
struct tscf_reader *tscf_reader_new(struct ev_loop *loop);
/** Forget all jobs; one under way ends by itself.  NULL is allowed. */
void tscf_reader_free(struct tscf_reader *reader);

/** Do @p job when those before it are done; it is the reader's from now on. */
void tscf_reader_begin(struct tscf_reader *reader, struct tscf_reader_job *job);
/** @return whether the job under way is late: one more would wait with it. */
bool tscf_reader_hangs(const struct tscf_reader *reader);

/** @return whether a thread of a reader that was freed still works: it may use what its job was given. */
bool tscf_readers_linger(void);

#endif
