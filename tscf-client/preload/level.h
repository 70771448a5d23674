/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * level.h - what the hooks do with the level of a socket and what it asks for: common/control/socket_level.h with the
 * daemon and the level of the environment.
 */
#ifndef TSCF_PRELOAD_LEVEL_H
#define TSCF_PRELOAD_LEVEL_H

#include <sys/socket.h>

/**
 * Give a new socket the level of a matching policy, or else the level of this process.
 *
 * @return 0 if the socket may be handed to the program, or -EACCES if it may not: it should be encrypted-only, or
 * perhaps should be, and is not.
 */
int preload_level_start(int fd);

/** setsockopt() and getsockopt() of the options of tsc.h (libtsc/option.h).  @return 0 or -errno. */
int preload_option_set(int fd, int option, const void *value, socklen_t length);
int preload_option_get(int fd, int option, void *value, socklen_t *length);

/**
 * Report to the daemon that the socket has a local address or another DSCP now: policies may depend on it, and the
 * daemon learns early of a port that only waits for packets.
 *
 * @return 0, or -EACCES if a policy requires it to be encrypted-only, or perhaps does, and it is not.
 */
int preload_level_report(int fd);

/** The return value of a hook whose real function has returned @p result: that, or -1 with EACCES if the report
 * returned it. */
int preload_reported(int fd, int result);

#endif
