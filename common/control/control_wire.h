/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_wire.h - the caller's side of the control socket, in steps: what tscf_control_call, tscf_control_query
 * and libtsc share.
 *
 * Everything here is async-signal-safe, allocates nothing and uses raw system calls only (control.h says why).  errno
 * is not kept.
 */
#ifndef TSCF_CONTROL_WIRE_H
#define TSCF_CONTROL_WIRE_H

#include "common/control/control.h"

#include <stddef.h>

/** @return the moment @p timeout_ms from now, in ms of CLOCK_MONOTONIC. */
int64_t tscf_control_deadline(int timeout_ms);
/**
 * Connect to @p path.  A full queue of connections is waited for until @p deadline; 0: not at all.
 *
 * @return the connected socket, which does not block, or -errno; -ETIMEDOUT: the queue was full.
 */
int tscf_control_connect(const char *path, int64_t deadline);
/** Connect to @p path and send @p request, with @p fd if not negative.  @return the connected socket, or -errno. */
int tscf_control_dial(const char *path, const struct tscf_control_request *request, int fd, int64_t deadline);
/** The same with a @p text of at most TSCF_CONTROL_TEXT_MAX bytes, which goes with the request; NULL: none. */
int tscf_control_dial_with(const char *path, const struct tscf_control_request *request, const char *text,
			   int64_t deadline);
/** Send @p request, with @p fd if not negative, on a connection that is there.  @return 0 or -errno. */
int tscf_control_send(int sock, const struct tscf_control_request *request, int fd, int64_t deadline);
/**
 * The whole of tscf_control_ask (control.h) on a connection that is there, which the caller closes.  Unlike the rest,
 * this allocates *text.
 */
int tscf_control_ask_on(int sock, const struct tscf_control_request *request, const char *question, int64_t deadline,
			char **text);
/** Read exactly @p size bytes.  @return 0 or -errno (-ECONNRESET if the daemon hung up before). */
int tscf_control_receive(int sock, void *buffer, size_t size, int64_t deadline);
/** Read and check a reply header.  @return 0 or -errno. */
int tscf_control_receive_reply(int sock, struct tscf_control_reply *reply, int64_t deadline);
/** Close the connection, without close() of a library that may stand in between. */
void tscf_control_hang_up(int sock);

#endif
