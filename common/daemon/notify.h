/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify.h - reports a daemon's state to the service manager, as sd_notify(3) does, without its library.
 */
#ifndef TSCF_NOTIFY_H
#define TSCF_NOTIFY_H

/**
 * Send @p state, such as "READY=1", to the socket that $NOTIFY_SOCKET names.
 *
 * @return 0 if it was sent or $NOTIFY_SOCKET is not set, or -errno.
 */
int tscf_notify(const char *state);

#endif
