/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * discard.h - closing descriptors that somebody else may hold dear, without waiting for it.
 *
 * The last close() of a file that another program has handed over can take as long as that program likes: a TCP socket
 * with SO_LINGER waits for its peer.  The same goes for a Unix socket whose queue holds such a descriptor.  A thread
 * that ends does not wait: so a short-lived thread takes a copy of the table of descriptors with it, the caller closes
 * its own, which then are not the last, and the thread's end is the end of the files.
 */
#ifndef TSCF_DISCARD_H
#define TSCF_DISCARD_H

#include <ev.h>

struct tscf_discard;

/** @return NULL when out of memory. */
struct tscf_discard *tscf_discard_new(struct ev_loop *loop);
/** Close @p fd soon: within a turn or two of the loop, several at a time.  It is no longer the caller's. */
void tscf_discard_add(struct tscf_discard *d, int fd);
/** Close what is left, and free @p d. */
void tscf_discard_free(struct tscf_discard *d);

#endif
