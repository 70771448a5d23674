/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * handle.h - the internal interface between the files of libtsc.
 *
 * There are three locks, always taken in this order: a handle's `dispatch`, held while callbacks run; a handle's
 * `lock`, for its state; and the lock of the socket table in sockets.c.  Neither of the last two is held while a
 * callback runs.
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

/** A daemon that hangs delays each call of a program by at most this time. */
#define TSC_CALL_MS 2000

struct tsc_tunnel {
	char control[sizeof((struct sockaddr_un *)0)->sun_path];
	pid_t pid; /**< of the process that made it */
	unsigned flags;
	struct tsc_tunnel *next; /**< in the list of all handles, oldest first; sockets.c */

	pthread_mutex_t dispatch; /**< recursive: a callback may disable notifications */
	bool dispatching; /**< callbacks are running; code that holds the lock and sees this runs in one of them */

	pthread_mutex_t lock;
	struct tsc_notification_handle *notifications;
	bool fresh; /**< one of them has not received the present state yet */
	bool stopping;
	bool threaded;
	pthread_t thread;
	int poll; /**< epoll of the three below */
	int sock; /**< subscribed connection, or -1 */
	int timer, wake;
	/** The last event of the daemon about the plain and the encrypted tunnel; not `known` before the first one. */
	struct {
		bool known, up;
		char reason[sizeof((struct tscf_control_event *)0)->reason];
	} tunnels[2];
	tsc_tunnel_socket_info outer; /**< of the plain tunnel, as last reported while it is up ... */
	bool outer_known;             /**< ... if it was */
	union {
		struct {
			struct tscf_control_reply reply;
			struct tscf_control_event event;
		} message;
		unsigned char bytes[sizeof(struct tscf_control_reply) + sizeof(struct tscf_control_event)];
	} in;
	size_t in_length;
};

/** @return whether the handle belongs to this process; if not, errno says why. */
bool handle_check(tsc_handle handle);
/** @return a request of @p op. */
struct tscf_control_request handle_request(enum tscf_control_op op);

/* --- sockets.c --- */

/** What a program hears of for each socket. */
enum socket_service { SOCKET_DTTE, SOCKET_REDUNDANCY, SOCKET_DDT, SOCKET_SERVICES };

/** A socket that the program uses in the tunnels. */
struct tsc_socket {
	int fd;
	uint64_t cookie; /**< SO_COOKIE: shows whether the descriptor is still the same socket */
	tsc_handle handle;
	/** As last reported to the program. */
	struct {
		bool available, enabled;
	} of[SOCKET_SERVICES];
};

/** Enter the handle into the table of handles; its sockets are none yet. */
void sockets_add_handle(tsc_handle handle);
/** Forget the handle and its sockets. */
void sockets_remove_handle(tsc_handle handle);
/** Call @p visit with a copy of each socket of @p handle; no lock is held. */
void sockets_each(tsc_handle handle, void (*visit)(void *context, const struct tsc_socket *s), void *context);
/**
 * The daemon has reported the state of @p service for the socket with @p cookie.
 *
 * @return whether the state has changed; then *fd is the descriptor.
 */
bool sockets_told(tsc_handle handle, uint64_t cookie, enum socket_service service, bool available, bool enabled,
		  int *fd);

/* --- deliver.c: `dispatch` is held, `lock` is not; each returns how many callbacks were called --- */

/** Something that a program wants to be notified of. */
struct tsc_notification_handle {
	tsc_handle handle;
	tsc_notification type;
	tsc_notification_cb callback;
	void *opaque;
	bool fresh; /**< has not received the present state yet */
	bool dead;  /**< disabled by a callback: freed when no callback runs */
	struct tsc_notification_handle *next;
};

/** Tell an event of the daemon. */
int deliver_event(tsc_handle handle, struct tscf_control_event *e);
/** There is no daemon, so no packet goes through a tunnel. */
int deliver_no_daemon(tsc_handle handle, const char *reason);
/** Tell the present state to the notifications that are fresh. */
int deliver_present(tsc_handle handle);

/* --- notification.c --- */

/** Open what the notifications wait for.  @return 0, or -errno with nothing left open. */
int notification_open(tsc_handle handle);
void notification_close(tsc_handle handle);

/* --- watch.c --- */

/** Start and stop receiving events for this socket. */
void watch_socket(tsc_handle handle, int fd);
void unwatch_socket(tsc_handle handle, uint64_t cookie);

#endif
