/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture.h - the daemon's side of `capture`: brings what the taps hold to the command, over the control socket.
 *
 * CAPTURE opens the taps, and its connection is kept.  Each reply on it has whole records (tap.h).  CAPTURE_END, on the
 * same connection, closes the taps; the last record then has the place TSCF_TAP_PLACES and a struct tscf_tap_counts as
 * its packet.  If the command goes away, the capture ends.  There is one capture at a time.
 */
#ifndef TSCF_CAPTURE_H
#define TSCF_CAPTURE_H

#include "common/capture/tap.h"
#include "common/control/control.h"

#include <ev.h>
#include <stdbool.h>

/** The taps of a daemon. */
struct tscf_capture_taps {
	/** Open all as @p call asks.  @return 0 or -errno: none is open. */
	int (*open)(void *context, const struct tscf_control_call_in *call);
	/** Close all; nothing more comes into their rings. */
	void (*close)(void *context);
	/** @return tap @p n, or NULL if there are not so many. */
	struct tscf_tap *(*tap)(void *context, unsigned n);
};

struct tscf_capture {
	struct ev_loop *loop;
	const struct tscf_capture_taps *taps;
	void *context;
	struct tscf_control_call_in *call; /**< NULL: no capture */
	bool ending;                       /**< the taps are closed */
	uint8_t *buffer;                   /**< TSCF_TAP_RECORD_MAX bytes */
	ev_timer timer;
};

/** @p loop is that of the control socket. */
void tscf_capture_init(struct tscf_capture *capture, struct ev_loop *loop, const struct tscf_capture_taps *taps,
		       void *context);
/** Handle a request of CAPTURE or CAPTURE_END: the call is answered, or kept. */
void tscf_capture_request(struct tscf_capture *capture, struct tscf_control_call_in *call);
/** The daemon stops: end the capture, if there is one.  The taps are still there. */
void tscf_capture_stop(struct tscf_capture *capture);
/** The kept @p call ends; if it is that of a capture, this ends too. */
void tscf_capture_gone(struct tscf_capture *capture, const struct tscf_control_call_in *call);

#endif
