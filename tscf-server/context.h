/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.h - the running daemon: its state, and everything it does I/O with.
 */
#ifndef TSCF_SERVER_CONTEXT_H
#define TSCF_SERVER_CONTEXT_H

#include "config.h"
#include "state.h"

#include "common/batch.h"
#include "common/control.h"
#include "common/tls.h"
#include "common/tun.h"

#include <ev.h>
#include <stdbool.h>
#include <time.h>

/** One of the two devices. */
struct server_device {
	struct tscf_tun tun;
	struct ev_io readable;
	struct ev_io urgent; /**< its other queue, if there is one */
};

struct server {
	const struct server_config *config;
	struct ev_loop *loop;
	struct server_state *state;

	/* path.c */
	struct server_device plain, encrypted;
	struct tscf_ring *ring; /**< what is read from the devices */

	/* identity.c */
	struct tscf_tls *tls; /**< NULL: no interface has encrypted tunnels */
	char pin[TSCF_PIN_TEXT];

	/* server.c */
	struct tscf_control_server *control;
	struct ev_timer tick;
	struct ev_signal terminate, interrupt, hangup;
	time_t since;
	uint64_t started;
	int error; /**< why the loop ended, if not by a stop */
	struct server_config *(*reread)(void *context);
	void *reread_context;
};

/** @return milliseconds of the monotonic clock. */
uint64_t server_now(void);

#endif
