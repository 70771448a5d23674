/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify.h - telling the service manager how a daemon is, as in sd_notify(3), without its library.
 */
#ifndef TSCF_NOTIFY_H
#define TSCF_NOTIFY_H

/**
 * Send @p state, such as "READY=1", to the socket that $NOTIFY_SOCKET names.
 *
 * @return 0 if it was sent or nobody wants to know, or -errno.
 */
int tscf_notify(const char *state);

#endif
