/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * option.h - the socket options of tsc.h, for libtsc and the preload library.
 *
 * Async-signal-safe, as common/control/socket_level.h.
 */
#ifndef TSCF_LIBTSC_OPTION_H
#define TSCF_LIBTSC_OPTION_H

#include <stdbool.h>
#include <sys/socket.h>

/** @return whether the option is one of those, and not the kernel's. */
bool tsc_option_is(int level, int option);

/**
 * setsockopt() and getsockopt() of such an option, with the daemon at @p control.
 *
 * @return 0 or -errno, as tscf_socket_set_level; -EOPNOTSUPP: not for this socket, or not in this way.
 */
int tsc_option_set(const char *control, int fd, int option, const void *value, socklen_t length);
int tsc_option_get(const char *control, int fd, int option, void *value, socklen_t *length);

#endif
