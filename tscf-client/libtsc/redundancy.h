/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redundancy.h - setsockopt() and getsockopt() of SO_TSC_REDUNDANCY, for libtsc and the preload library.
 *
 * Async-signal-safe, as common/control/socket_level.h.
 */
#ifndef TSCF_LIBTSC_REDUNDANCY_H
#define TSCF_LIBTSC_REDUNDANCY_H

#include <sys/socket.h>

/** @return 0 or -errno: -EOPNOTSUPP for a method that does not exist here, others as tscf_socket_set_level. */
int tsc_redundancy_set(const char *control, int fd, const void *value, socklen_t length);
int tsc_redundancy_get(const char *control, int fd, void *value, socklen_t *length);

#endif
