/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handle.h - what the files of libtsc know of each other.
 *
 * Three locks, taken in this order if together: a handle's `dispatch`, held while callbacks run; a handle's `lock`, for
 * what it remembers; and the one of the table of sockets, inside sockets.c.  No callback is called with one of the
 * latter two held.
 */
#ifndef TSCF_LIBTSC_HANDLE_H
#define TSCF_LIBTSC_HANDLE_H

#include "common/control/control.h"
#include "tscf-client/libtsc/tsc.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

/** Makes a function visible to the program; everything else in the library is hidden. */
#define TSC_PUBLIC __attribute__((visibility("default")))

/** A daemon that hangs holds a program up this long for each call at most. */
#define TSC_CALL_MS 2000

struct tsc_tunnel {
	char control[sizeof((struct sockaddr_un *)0)->sun_path];
	pid_t pid; /**< of the process that made it */
	unsigned flags;
	struct tsc_tunnel *next; /**< of all handles, the oldest first; sockets.c */

	pthread_mutex_t dispatch; /**< recursive: a callback may disable notifications */
	bool dispatching;         /**< callbacks are running; who sees this with the lock is one of them */

	pthread_mutex_t lock;
	struct tsc_notification_handle *notifications;
	bool fresh; /**< one of them has not been told how things are */
	bool stopping;
	bool threaded;
	pthread_t thread;
	int poll; /**< epoll of the three below */
	int sock; /**< subscribed connection, or -1 */
	int timer, wake;
	/** What the daemon has said last of the plain and the encrypted tunnel; not known before the first word. */
	struct {
		bool known, up;
		char reason[sizeof((struct tscf_control_event *)0)->reason];
	} tunnels[2];
	union {
		struct {
			struct tscf_control_reply reply;
			struct tscf_control_event event;
		} message;
		unsigned char bytes[sizeof(struct tscf_control_reply) + sizeof(struct tscf_control_event)];
	} in;
	size_t in_length;
};

/** @return whether the handle belongs to this process; else errno says why not. */
bool handle_check(tsc_handle handle);
/** @return a request of @p op. */
struct tscf_control_request handle_request(enum tscf_control_op op);

/* --- sockets.c --- */

/** A socket that the program uses in the tunnels. */
struct tsc_socket {
	int fd;
	uint64_t cookie; /**< SO_COOKIE: whether the descriptor is still the same socket */
	tsc_handle handle;
	bool available, enabled; /**< as the program has been told */
};

void sockets_add_handle(tsc_handle handle);
/** Forget the handle and its sockets. */
void sockets_remove_handle(tsc_handle handle);
/** Call @p visit for a copy of each socket of @p handle, without a lock. */
void sockets_each(tsc_handle handle, void (*visit)(void *context, const struct tsc_socket *s), void *context);
/**
 * The daemon says how the socket with @p cookie is.
 *
 * @return whether that is news; *fd is the descriptor then.
 */
bool sockets_told(tsc_handle handle, uint64_t cookie, bool available, bool enabled, int *fd);

/* --- notification.c --- */

int notification_open(tsc_handle handle);
void notification_close(tsc_handle handle);

/* --- watch.c --- */

/** Hear of this socket from now on, and no more. */
void watch_socket(tsc_handle handle, int fd);
void unwatch_socket(tsc_handle handle, uint64_t cookie);

#endif
