/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * datagram.h - setsockopt() and getsockopt() of SO_TSC_TUNNEL_TRANSPORT, for libtsc and the preload library.
 *
 * Async-signal-safe, as common/control/socket_level.h.
 */
#ifndef TSCF_LIBTSC_DATAGRAM_H
#define TSCF_LIBTSC_DATAGRAM_H

#include <sys/socket.h>

/** @return 0 or -errno: -EOPNOTSUPP if it is no UDP socket, others as tscf_socket_set_level. */
int tsc_datagram_set(const char *control, int fd, const void *value, socklen_t length);
int tsc_datagram_get(const char *control, int fd, void *value, socklen_t *length);

#endif
