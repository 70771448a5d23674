/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - what goes over the control socket of a daemon.
 *
 * A Unix stream socket.  A client connects, sends one request, reads one reply, and either side closes.  A request is a
 * fixed struct, with one descriptor (SCM_RIGHTS) for SET_LEVEL, GET_LEVEL, the same of redundancy and of datagrams,
 * BOUND and WATCH, or followed by `text_length` bytes of text for SESSIONS, DISCONNECT and CAPTURE; a reply is a fixed
 * struct followed by `length` bytes: of JSON text, or of the struct that its operation has.  Both ends are on one
 * machine: host byte order.
 *
 * SUBSCRIBE is the exception: its connection stays, the client sends WATCH and UNWATCH requests on it, which have no
 * reply, and gets events, each a reply of error 0 with a struct tscf_control_event.  A reply with another error is the
 * last one.
 *
 * The descriptor-passing half is used by the preload library and must stay free of allocation, of locks, and of calls
 * that the library itself intercepts (it uses raw system calls for socket, connect, sendmsg, recvfrom, close).
 */
#ifndef TSCF_CONTROL_H
#define TSCF_CONTROL_H

#include "common/base/level.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TSCF_CONTROL_MAGIC          0x54534346U /* "TSCF" */
#define TSCF_CLIENT_CONTROL_DEFAULT "/run/tscf/client.sock"
#define TSCF_SERVER_CONTROL_DEFAULT "/run/tscf/server.sock"
/** Mode bit of the socket file.  The sticky bit says to programs that have the library: a policy may want their sockets
 * to be encrypted-only, so a program that cannot ask must not send.  It stays when the client stops. */
#define TSCF_CONTROL_MODE      0666
#define TSCF_CONTROL_MODE_MUST (TSCF_CONTROL_MODE | 01000)
/** Environment of programs under tscf-run: where the daemon is, and the level of their new sockets. */
#define TSCF_ENV_CONTROL "TSCF_CONTROL"
#define TSCF_ENV_LEVEL   "TSCF_LEVEL"
/** The same: the redundancy that they ask for. */
#define TSCF_ENV_REDUNDANCY "TSCF_REDUNDANCY"
#define TSCF_ENV_DATAGRAM   "TSCF_DATAGRAM"
/** Set by the library for children: that bit was seen, which they perhaps cannot see any more. */
#define TSCF_ENV_MUST "TSCF_MUST_ASK"

enum tscf_control_op {
	TSCF_CONTROL_STATUS = 1,
	TSCF_CONTROL_SOCKETS = 2,  /**< client */
	TSCF_CONTROL_SESSIONS = 3, /**< server; with a text: tscf-server/admin/sessions.h */
	TSCF_CONTROL_STOP = 4,
	TSCF_CONTROL_RELOAD = 5,    /**< read the configuration again */
	TSCF_CONTROL_FLUSH = 6,     /**< client: EBUSY, since only what a dead client has left may be removed */
	TSCF_CONTROL_SET_LEVEL = 7, /**< client; with a descriptor: the socket's level is now `level` */
	TSCF_CONTROL_BOUND =
	    8, /**< client; with a descriptor: the socket was bound or connected, or has another DSCP */
	TSCF_CONTROL_LEVEL_OF = 9,   /**< client: change sockets of running programs, by pid or by protocol and port */
	TSCF_CONTROL_WAIT_UP = 10,   /**< client: answer when the plain tunnel is up (and, if the default level asks for
					it, the encrypted one) */
	TSCF_CONTROL_GET_LEVEL = 11, /**< client; with a descriptor: the reply's `level` is the socket's */
	TSCF_CONTROL_GET_CONFIG = 12, /**< client: the reply has a struct tscf_control_config */
	TSCF_CONTROL_SUBSCRIBE = 13,  /**< client: the connection stays, for events */
	TSCF_CONTROL_WATCH = 14,      /**< client, subscribed; with a descriptor: events of that socket too */
	TSCF_CONTROL_UNWATCH = 15,    /**< client, subscribed: no more of the socket with `cookie` */
	TSCF_CONTROL_MARK_MASK = 16,  /**< client: the reply's `level` is the mask of the bits that are its own */
	TSCF_CONTROL_RUN =
	    17, /**< client: sockets that are made in the caller's cgroup, or a new one below, begin with `level` */
	TSCF_CONTROL_DISCONNECT = 18, /**< server; with a text: end the tunnels of the clients that it names */
	TSCF_CONTROL_SET_REDUNDANCY =
	    19, /**< client; with a descriptor: the socket asks for the redundancy `level` (services.h) */
	TSCF_CONTROL_GET_REDUNDANCY =
	    20, /**< client; with a descriptor: the reply's `level` is what the socket asks for */
	TSCF_CONTROL_REDUNDANCY_OF = 21, /**< client: as LEVEL_OF, of sockets of running programs */
	TSCF_CONTROL_CAPTURE = 22, /**< the connection stays, for packets: common/capture/capture.h; a text may say
				      of which: common/capture/selection.h */
	TSCF_CONTROL_CAPTURE_END = 23,
	TSCF_CONTROL_SET_DATAGRAM =
	    24, /**< client; with a descriptor: whether the socket prefers datagrams is now `level` (datagram.h) */
	TSCF_CONTROL_GET_DATAGRAM = 25, /**< client; with a descriptor: the reply's `level` is the same */
	TSCF_CONTROL_DATAGRAM_OF = 26,  /**< client: as REDUNDANCY_OF */
};

/** Most bytes of the text of a request. */
#define TSCF_CONTROL_TEXT_MAX 1024

/** SET_LEVEL, SET_REDUNDANCY, SET_DATAGRAM, BOUND: this is only the default of tscf-run; policy may say otherwise. */
#define TSCF_CONTROL_FLAG_DEFAULT 0x01U

struct tscf_control_request {
	uint32_t magic;
	uint32_t op;    /**< enum tscf_control_op */
	uint32_t level; /**< SET_LEVEL, LEVEL_OF, BOUND; SET_REDUNDANCY, REDUNDANCY_OF, SET_DATAGRAM, DATAGRAM_OF: that;
			   CAPTURE, which may have a text: the port, 0 if not given */
	uint32_t flags;
	int32_t pid;       /**< LEVEL_OF: 0 if not given */
	uint16_t protocol; /**< LEVEL_OF, CAPTURE: IPPROTO_*, 0 if not given */
	union {
		uint16_t port;        /**< LEVEL_OF: local port, 0 if not given */
		uint16_t text_length; /**< requests with a text: how many bytes follow, at most TSCF_CONTROL_TEXT_MAX */
	};
	uint32_t timeout_ms; /**< WAIT_UP, LEVEL_OF: how long the caller waits */
	uint32_t cookie[2];  /**< UNWATCH: SO_COOKIE, low half first */
};

struct tscf_control_reply {
	uint32_t magic;
	int32_t error;   /**< 0, or a positive errno */
	uint32_t length; /**< bytes that follow */
	uint32_t level;  /**< GET_LEVEL, GET_REDUNDANCY, GET_DATAGRAM: that; MARK_MASK: a mask; else 0 */
};

#define TSCF_CONTROL_REASON 160

enum tscf_control_event_type {
	TSCF_CONTROL_EVENT_TUNNEL = 1, /**< a tunnel is up or not; both are reported when the subscription begins */
	TSCF_CONTROL_EVENT_SOCKET = 2, /**< a watched socket; reported when the watch begins, and whenever it changes */
	TSCF_CONTROL_EVENT_REDUNDANCY = 3, /**< the same of the redundancy of a watched socket */
	TSCF_CONTROL_EVENT_DDT = 4,        /**< the same of the datagrams that it prefers */
	TSCF_CONTROL_EVENT_OUTER = 5, /**< the outer socket of the plain tunnel is up, or is another; reported when the
					 subscription begins */
};

/** An address, perhaps with a port. */
struct tscf_control_address {
	uint8_t family; /**< 4, 6, or 0: none */
	uint8_t reserved;
	uint16_t port;
	uint8_t bytes[16];
};

/** An outer socket. */
struct tscf_control_outer {
	struct tscf_control_address local, remote;
	struct tscf_control_address nat; /**< `local` as the server sees it */
	char transport[16];
};

struct tscf_control_event {
	uint32_t type;              /**< enum tscf_control_event_type */
	uint32_t cookie[2];         /**< all but TUNNEL: SO_COOKIE, low half first */
	uint8_t available, enabled; /**< all but TUNNEL: tscf-client/sockets/subscriptions.h */
	uint8_t encrypted, up;      /**< TUNNEL: which, and whether */
	union {
		char reason[TSCF_CONTROL_REASON]; /**< for a person, NUL-terminated; not OUTER */
		struct tscf_control_outer outer;  /**< OUTER */
	};
};

#define TSCF_CONTROL_SERVERS_MAX 4

/** What the client's tunnels are. */
struct tscf_control_config {
	struct tscf_control_tunnel {
		uint32_t up, mtu;
		struct tscf_control_address ipv4, ipv6; /**< internal; none unless up */
		char device[16], transport[16];
	} plain, encrypted;
	struct tscf_control_address server, nat;
	struct tscf_control_address dns[TSCF_CONTROL_SERVERS_MAX], sip_servers[TSCF_CONTROL_SERVERS_MAX];
	struct tscf_control_address local; /**< outer address of this host, of the plain tunnel; none unless up */
};

/**
 * Send @p request (with @p fd if not negative) to the daemon at @p path and read the reply header.  Async-signal-safe
 * and thread-safe; errno is kept.  Waits at most @p timeout_ms for the daemon.
 *
 * @param level filled with the reply's level if the call succeeds (GET_LEVEL); may be NULL.
 *
 * @return 0 or a positive errno from the daemon, or a negative one if the daemon cannot be reached (-ENOENT,
 * -ECONNREFUSED, -ETIMEDOUT ...).
 */
int tscf_control_call(const char *path, const struct tscf_control_request *request, int fd, int timeout_ms,
		      uint32_t *level);

/**
 * The same for the command line: also reads the JSON text, NUL-terminated, into *text (malloc'ed, the caller frees;
 * NULL if there is none).
 */
int tscf_control_query(const char *path, const struct tscf_control_request *request, int timeout_ms, char **text);

/** The same with a @p question, at most TSCF_CONTROL_TEXT_MAX bytes, that goes with the request; NULL: none. */
int tscf_control_ask(const char *path, const struct tscf_control_request *request, const char *question, int timeout_ms,
		     char **text);

/**
 * The same for a request whose reply has a struct: reads it into @p out of @p size bytes.  Members that a daemon of
 * another version does not send are zero; bytes beyond @p size are ignored.
 */
int tscf_control_fetch(const char *path, const struct tscf_control_request *request, int timeout_ms, void *out,
		       size_t size);

/* --- the daemon's side --- */

struct tscf_control_server;
/** One request that waits for its reply.  Valid until tscf_control_answer, or until gone() has been called for it.  A
 * call that is kept is valid until gone() in any case; its `request` and `fd` belong to the request that is being
 * handled. */
struct tscf_control_call_in {
	struct tscf_control_request request;
	int fd;    /**< internet socket that came along, or -1; closed with the call */
	pid_t pid; /**< of the caller (SO_PEERCRED) */
	uid_t uid;
	gid_t gid;
	char *text;     /**< that came with the request, NUL-terminated, or NULL; freed with the call */
	uint32_t level; /**< of the reply: the handler sets it before it answers GET_LEVEL; 0 at first */
	void *user;     /**< the handler's, NULL at first */
};

struct tscf_control_handler {
	/** A request has come; answer now or later.  Those on a call that is kept are not answered. */
	void (*request)(void *context, struct tscf_control_call_in *call);
	/** The caller went away before its answer, or the call was kept and ends; it is freed after this returns.  Not
	 * called for other calls that were answered.  May be NULL. */
	void (*gone)(void *context, struct tscf_control_call_in *call);
	/** @return whether requests of this kind bring a descriptor; others that bring one are hung up on.  NULL: none
	 * does. */
	bool (*brings_descriptor)(uint32_t op);
	/** @return whether a text may come with requests of this kind.  NULL: with none. */
	bool (*brings_text)(uint32_t op);
};

/**
 * Listen at @p path with @p mode (0666: anyone may ask; the handler decides what each user may do).  Missing
 * directories are made (0755).  A stale socket file of a dead daemon is replaced; one with a live daemon behind it is
 * -EADDRINUSE, and a file that is no socket -EEXIST.  If the file goes away it is made again (control_listener.h).  At
 * most 2,048 connections at a time of all users but root, and 256 of one of them, or less if the process may have few
 * descriptors; one that sends no whole request, or does not take its whole reply, within 5 s is closed.  A descriptor
 * must come with a whole request in one piece.  What callers hand in is received and closed where it holds nothing up
 * (intake.h, discard.h).
 *
 * @return 0 with the server in *out, or -errno.
 */
int tscf_control_listen(struct ev_loop *loop, const char *path, mode_t mode, const struct tscf_control_handler *handler,
			void *context, struct tscf_control_server **out);
/** @return why a daemon cannot listen, and what to do, for the -errno of tscf_control_listen; a constant text. */
const char *tscf_control_strerror(int err);
/** Answer with @p error (positive errno or 0) and @p json (may be NULL; copied).  Frees the call.  A call that is kept
 * gets this as its last reply; gone() is called when it has been sent. */
void tscf_control_answer(struct tscf_control_call_in *call, int error, const char *json);
/** The same with @p size bytes at @p data. */
void tscf_control_answer_with(struct tscf_control_call_in *call, int error, const void *data, size_t size);
/** Answer with success, and keep the connection for more requests, and for what is pushed. */
void tscf_control_keep(struct tscf_control_call_in *call);
/** Send @p size bytes at @p data on a call that is kept, as a reply of error 0.  A caller that leaves more than 64 KiB
 * unread gets ENOBUFS as its last reply.  Nothing is called back from here. */
void tscf_control_push(struct tscf_control_call_in *call, const void *data, size_t size);
/** @return how many bytes may be pushed on a call that is kept; 0 if it ends. */
size_t tscf_control_room(const struct tscf_control_call_in *call);
/** Give the socket file another mode. */
void tscf_control_mode(struct tscf_control_server *server, mode_t mode);
/** Close @p fd, which came with @p call and was taken from it, which is not answered yet, without waiting for it. */
void tscf_control_release(struct tscf_control_call_in *call, int fd);
/** Close @p fd, which came from a call that has been answered, or from another process, without waiting for it. */
void tscf_control_discard(struct tscf_control_server *server, int fd);
/** Remove the socket file of a daemon that has left it and is dead. */
void tscf_control_flush(const char *path);
/** Close, remove the socket file unless @p leave_file, and drop every open call without calling the handler. */
void tscf_control_close(struct tscf_control_server *server, bool leave_file);

#endif
