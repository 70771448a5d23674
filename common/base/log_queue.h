/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log_queue.h - log lines wait here for a thread that writes them, so that a log that takes no lines (a pipe that
 * nobody reads, a journal that stands still, a stopped terminal) stops nobody who has something to say.
 *
 * Lines that find no room are counted, and the number is logged when lines are taken again.
 */
#ifndef TSCF_LOG_QUEUE_H
#define TSCF_LOG_QUEUE_H

/** Bytes of lines that may wait: about a thousand lines. */
#define TSCF_LOG_QUEUE_BYTES (128U * 1024)
/** How long the end of the program waits for a log that takes no lines. */
#define TSCF_LOG_QUEUE_END_MS 1000

/** From now on all lines go through the queue.  Its thread has the capabilities of the caller, and ends with the
 * process.  @return 0 or -errno. */
int tscf_log_queue_start(void);

/** Wait until all lines have been written, at most TSCF_LOG_QUEUE_END_MS; later lines are lost.  Without a queue this
 * does nothing. */
void tscf_log_queue_finish(void);

#endif
