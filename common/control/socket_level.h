/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socket_level.h - get and set the level and the redundancy of a socket from inside another program: what the preload
 * library and libtsc have in common.
 *
 * The kernel says what the socket is, the daemon at @p control does the rest.  Async-signal-safe, without locks,
 * allocation and calls that the preload library intercepts; errno is kept by all of them.  Nothing is remembered per
 * descriptor: descriptors are duplicated, inherited, passed on and closed in ways that a library does not see.
 */
#ifndef TSCF_SOCKET_LEVEL_H
#define TSCF_SOCKET_LEVEL_H

#include "common/base/level.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/** A daemon that hangs delays a program by at most this for each call. */
#define TSCF_SOCKET_LEVEL_MS 2000

/** @return whether sockets of this address family have levels. */
bool tscf_socket_has_level(int domain);

/** An integer option of level SOL_SOCKET, asked of the kernel itself.  @return 0 or -errno. */
int tscf_socket_ask(int fd, int option, int *value);

/**
 * Tell the daemon the level of @p fd; @p flags as in struct tscf_control_request.
 *
 * @return 0, a positive errno from the daemon, or a negative one if it was not reached.
 */
int tscf_socket_tell_level(const char *control, int fd, enum tscf_level level, uint32_t flags);

/** @return whether the daemon's socket file says that new sockets must be reported (TSCF_CONTROL_MODE_MUST). */
bool tscf_socket_must_tell(const char *control);

/**
 * setsockopt() and getsockopt() of SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION.
 *
 * @return 0 or -errno: -ENOPROTOOPT if there are no levels here (no internet socket, no daemon); other errors come from
 * the kernel or the daemon.
 */
int tscf_socket_set_level(const char *control, int fd, const void *value, socklen_t length);
int tscf_socket_get_level(const char *control, int fd, void *value, socklen_t *length);

/**
 * The socket asks for the redundancy (services.h); @p flags as in struct tscf_control_request.
 *
 * @return 0 or -errno, as tscf_socket_set_level.
 */
int tscf_socket_set_redundancy(const char *control, int fd, uint8_t redundancy, uint32_t flags);
/** What the socket asks for.  @return 0 or -errno, as tscf_socket_get_level. */
int tscf_socket_get_redundancy(const char *control, int fd, uint8_t *redundancy);
/** The same of whether the socket prefers datagrams (datagram.h). */
int tscf_socket_set_datagram(const char *control, int fd, uint8_t datagram, uint32_t flags);
/** What the socket asks for.  @return 0 or -errno, as tscf_socket_get_level. */
int tscf_socket_get_datagram(const char *control, int fd, uint8_t *datagram);

/**
 * Tell the daemon that the socket now has a local address or another DSCP.  So the daemon knows a port that only waits
 * early.  With TSCF_CONTROL_FLAG_DEFAULT in @p flags a policy, or else @p level, may give the socket another level.
 * Otherwise a failure does not matter: the daemon finds out from the kernel later.
 *
 * @return as tscf_socket_tell_level.
 */
int tscf_socket_report(const char *control, int fd, enum tscf_level level, uint32_t flags);

/** The bits of a mark that are the client's.  @return as tscf_socket_tell_level. */
int tscf_socket_mark_mask(const char *control, uint32_t *mask);

#endif
