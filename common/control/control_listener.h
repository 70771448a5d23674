/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_listener.h - the listening end of a control socket: it accepts connections, and keeps its file in place.
 *
 * If the file or its directory is removed, it is made again at once.  If another file has taken its place, it is made
 * again as soon as that file is gone or its socket is dead.  A live socket of another program is never touched.
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
	bool logged;   /**< it was logged that the place is taken */
	bool is_short; /**< of descriptors, or of memory; it was logged */
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
/** A descriptor has become free: accept a connection that waits for one. */
void tscf_control_listener_resume(struct tscf_control_listener *l);
/** Close, and remove the file unless @p leave_file. */
void tscf_control_listener_close(struct tscf_control_listener *l, bool leave_file);

#endif
