/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name_watch.h - notices that names may resolve differently now: watches the files that the C library's resolver reads.
 *
 * A host that boots has no name server at first; later /etc/resolv.conf names one.  That file is often a link to a file
 * of a daemon, and is replaced rather than written.  In a container it is a mounted file that is written from outside.
 * All of these changes are noticed.
 */
#ifndef TSCF_CLIENT_NAME_WATCH_H
#define TSCF_CLIENT_NAME_WATCH_H

#include <ev.h>

struct name_watch {
	int fd; /**< inotify(7); -1: not there */
	ev_io readable;
	struct ev_loop *loop;
	void (*changed)(void *context); /**< called from the event loop; may be called more than once for one change */
	void *context;
};

/** Initialise without watching anything yet. */
void name_watch_init(struct name_watch *w);
/** Begin to watch; logs a line if that fails. */
void name_watch_start(struct name_watch *w, struct ev_loop *loop, void (*changed)(void *context), void *context);
void name_watch_stop(struct name_watch *w);
/** Also watch folders that were created after this program started. */
void name_watch_renew(struct name_watch *w);

#endif
