/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name_watch.h - notices that names may mean something else now: the files that the C library's resolver reads.
 *
 * A host that boots has no name server at first; later /etc/resolv.conf names one.  It is often a link to a file of a
 * daemon, and is replaced rather than written; in a container it is a file that is mounted there, and written from
 * outside.  All of these are seen.
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

/** Without anything watched yet. */
void name_watch_init(struct name_watch *w);
/** Begin to watch; a line in the log if that cannot be. */
void name_watch_start(struct name_watch *w, struct ev_loop *loop, void (*changed)(void *context), void *context);
void name_watch_stop(struct name_watch *w);
/** Watch what has come into being since: folders may be made later than this program. */
void name_watch_renew(struct name_watch *w);

#endif
