/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_listener.h - the listening end of a control socket: it accepts, and sees to it that its file stays where it
 * is.
 *
 * If the file is removed, or its directory, it is made again at once; if something else has taken its place, as soon as
 * that is gone or dead.  A live socket of somebody else is never touched.
 */
#ifndef TSCF_CONTROL_LISTENER_H
#define TSCF_CONTROL_LISTENER_H

#include "common/control/control_path.h"
#include "common/control/discard.h"

#include <ev.h>
#include <stdbool.h>

struct tscf_control_listener {
	struct ev_loop *loop;
	struct tscf_discard *discard;
	char *path;
	mode_t mode;
	struct tscf_control_file file;
	int sock;
	bool said;     /**< that the place is taken */
	bool is_short; /**< of descriptors, or of memory: said */
	ev_io acceptable;
	ev_timer accept_again, look_again;
	ev_stat watch;
	void (*accepted)(void *context, int sock);
	void *context;
};

/**
 * Listen at @p path, see tscf_control_listen, and call @p accepted for each connection, whose socket is then the
 * callee's: non-blocking, closed on exec.
 *
 * @return 0, or -errno with nothing left to close.
 */
int tscf_control_listener_open(struct tscf_control_listener *l, struct ev_loop *loop, const char *path, mode_t mode,
			       struct tscf_discard *discard, void (*accepted)(void *context, int sock), void *context);
/** Give the file another mode, now and whenever it is made again. */
void tscf_control_listener_mode(struct tscf_control_listener *l, mode_t mode);
/** A descriptor has become free: accept who waits for one. */
void tscf_control_listener_resume(struct tscf_control_listener *l);
/** Close, and remove the file unless @p leave_file. */
void tscf_control_listener_close(struct tscf_control_listener *l, bool leave_file);

#endif
