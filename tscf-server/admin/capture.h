/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture.h - the daemon's half of `tscf-server capture`: one tap in each worker.
 */
#ifndef TSCF_SERVER_CAPTURE_H
#define TSCF_SERVER_CAPTURE_H

#include "common/capture/capture.h"

/** The context is the struct server.  What a capture is of may be some clients (session/who.h). */
extern const struct tscf_capture_taps server_capture_taps;

#endif
