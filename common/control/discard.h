/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * discard.h - closing descriptors that came from other programs, without waiting for close().
 *
 * The last close() of a file that another program has sent can take as long as that program likes: a TCP socket with
 * SO_LINGER waits for its peer.  A Unix socket whose queue holds such a descriptor waits, too.  The end of a thread
 * does not wait.  So a short-lived thread takes a copy of the descriptor table; the caller closes its own descriptors,
 * which are then not the last; and the files are closed when the thread ends.
 */
#ifndef TSCF_DISCARD_H
#define TSCF_DISCARD_H

#include <ev.h>

struct tscf_discard;

/** @return NULL when out of memory. */
struct tscf_discard *tscf_discard_new(struct ev_loop *loop);
/**
 * Close @p fd.  It is no longer the caller's.  A UDP or raw socket, whose close() never waits, is closed at once: its
 * port is free then for a program that ends and starts again.  Others are closed soon: within a turn or two of the
 * loop, several at a time.
 */
void tscf_discard_add(struct tscf_discard *d, int fd);
/** Close what is left, and free @p d. */
void tscf_discard_free(struct tscf_discard *d);

#endif
