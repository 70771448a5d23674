/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_case.h - the daemon's end of a control socket, in a thread, with a handler that does what the request's op
 * asks for; and callers for it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_CONTROL_CASE_H
#define TSCF_TESTS_CONTROL_CASE_H

#include "common/control/control_wire.h"
#include "tests/unit/thread_loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define LARGE_TEXT   (8U << 20)
#define ANSWER_LEVEL 3U

/* What the handler does, by the op of the request. */
enum {
	OP_FINE = TSCF_CONTROL_STATUS,
	OP_TEXT = TSCF_CONTROL_SOCKETS,
	OP_REFUSE = TSCF_CONTROL_STOP,
	OP_NEVER = TSCF_CONTROL_WAIT_UP,
	OP_LARGE = TSCF_CONTROL_SESSIONS,
	OP_WITH_FD = TSCF_CONTROL_SET_LEVEL,
	OP_LEVEL = TSCF_CONTROL_GET_LEVEL,
	OP_STRUCT = TSCF_CONTROL_GET_CONFIG,
	OP_KEEP = TSCF_CONTROL_SUBSCRIBE,
	OP_ECHO = TSCF_CONTROL_RELOAD, /* brings a text */
	OP_PUSH = TSCF_CONTROL_WATCH,  /* `level` times, on a call that is kept */
	OP_STALL = TSCF_CONTROL_FLUSH, /* of the loop, for `level` milliseconds */
};

/** The daemon's directory and its socket. */
extern char directory[64], path[96];

/** The daemon: a loop in a thread.  What it saw is read by the test only while it knows the loop to be idle. */
extern struct control_daemon {
	struct ev_loop *loop;
	struct tscf_control_server *server;
	struct thread_loop thread;
	_Atomic unsigned int requests, gone;
	struct tscf_control_call_in last;
	_Atomic ino_t fd_inode;
} daemon_end;
/** Its context is daemon_end. */
extern const struct tscf_control_handler handler;
/** What OP_PUSH pushes. */
extern const struct tscf_control_event pushed;

void make_directory(void);
/** Remove socket and directory; fails the test if anything else is in it. */
void remove_directory(void);
void start_daemon(void);
void stop_daemon(void);
/** A checked fixture: the directory, with a daemon in it. */
void with_daemon(void);
void without_daemon(void);

/** @return the inode of @p fd; 0 if it is none. */
ino_t inode_of(int fd);

/** Call the daemon with level 2.  @return as tscf_control_call. */
int ask(unsigned int op, int fd, int timeout_ms);
/** @return a connected socket or -1; allocates nothing. */
int try_connect(void);
/** @return a connected socket; the caller closes it. */
int connect_raw(void);
/** @return whether the daemon hangs up within @p timeout_ms. */
bool hung_up(int sock, int timeout_ms);

#endif
