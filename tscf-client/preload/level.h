/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * level.h - what the hooks do with the level of a socket: common/socket_level.h, at the daemon and with the level that
 * the environment names.
 */
#ifndef TSCF_PRELOAD_LEVEL_H
#define TSCF_PRELOAD_LEVEL_H

#include <sys/socket.h>

/**
 * Give a socket fresh from socket() the level that a policy names, or else the one that this process is to use.
 *
 * @return 0 if the socket may be handed to the program, or -EACCES if it may not: it was to be encrypted-only and is
 * not, or perhaps was to be.
 */
int preload_level_start(int fd);

/** setsockopt() of SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION.  @return 0 or -errno. */
int preload_level_set(int fd, const void *value, socklen_t length);
/** getsockopt() of SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION.  @return 0 or -errno. */
int preload_level_get(int fd, void *value, socklen_t *length);

/**
 * Tell the daemon that the socket has a local address or another DSCP now: policies may speak of it, and a port that
 * only waits is known early.
 *
 * @return 0, or -EACCES if a policy wants it to be encrypted-only, or perhaps does, and it is not.
 */
int preload_level_report(int fd);

/** What a hook returns when the function behind it has returned @p result: that, or -1 with EACCES after a report that
 * said so. */
int preload_reported(int fd, int result);

#endif
