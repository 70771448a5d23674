/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reaper.h - frees closed transports and peers; for the implementations.
 *
 * A handler may close any peer, or the transport itself, from inside any callback, while the transport still works on
 * the batch that it handed up.  So memory is never freed inside a callback.  A closed peer waits in a list until the
 * next pass of the event loop; it sends nothing and has no user.  A closed transport waits until its outermost callback
 * has returned.
 */
#ifndef TSCF_REAPER_H
#define TSCF_REAPER_H

#include "common/transport/transport.h"

/** Prepare @p t for the functions below; its loop and ops are set. */
void tscf_reaper_init(struct tscf_transport *t);

/** Call this before any code that may call the handler: @p t stays in memory until the matching leave. */
void tscf_reaper_enter(struct tscf_transport *t);
/** If @p t has been closed, the outermost leave frees it (ops->free). */
void tscf_reaper_leave(struct tscf_transport *t);

/** Mark a peer closed, set its user to NULL, and free it (ops->peer_free) when that is safe.  Once per peer. */
void tscf_reaper_retire(struct tscf_peer *peer);

/** Free all closed peers now; for ops->free. */
void tscf_reaper_release(struct tscf_transport *t);

#endif
