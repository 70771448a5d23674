/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * moves.h - every level change of a socket passes through here.
 *
 * A descriptor comes in, from the library or copied from a running program.  The client sets the mark on it, informs
 * the server, and closes it.  The order of the steps ensures that a move loses nothing and leaks nothing:
 *
 * To encrypted: send a bind to the server, then set the mark.  From the mark on, packets go up encrypted or not at all.
 * Clear packets under way in the other direction are let through until the server has confirmed, and a moment longer
 * (tscf(7), "MOVES").
 *
 * To plain: send a release to the server, and set the mark when the server has confirmed.  Until then both ends use the
 * encrypted tunnel.
 */
#ifndef TSCF_CLIENT_MOVES_H
#define TSCF_CLIENT_MOVES_H

#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"
#include "tscf-client/sockets/accept_queue.h"
#include "tscf-client/sockets/history.h"
#include "tscf-client/sockets/move_log.h"
#include "tscf-client/sockets/registry.h"
#include "tscf-client/sockets/subscriptions.h"

#include <jansson.h>
#include <stdint.h>
#include <time.h>
#include <uthash.h>

/** One socket on its way. */
struct move {
	uint64_t id; /**< identifies the move to other modules; never reused */
	struct move *next;
	struct change *change;
	struct tscf_socket socket;
	uint32_t before, value;    /**< in the mark (level.h): when the move began, and to be set */
	enum tscf_level level;     /**< the level in value */
	enum tscf_level effective; /**< what that level means for the path of its packets */
	pid_t pid;                 /**< the process that has the socket, 0 if unknown */
	int fd;                    /**< owned; -1 once the mark is set */
	bool to_plain, done;
	bool failed;                  /**< its mark could not be set */
	unsigned waits;               /**< a bit for each address family that the server has yet to confirm */
	UT_hash_handle hh, by_socket; /* by_socket: unless the move is done */
};

/** All sockets of one request to change levels. */
struct change {
	struct change *next;
	struct tscf_control_call_in *call; /**< NULL if the caller went away */
	struct move *moves, **last;
	enum tscf_level level;
	bool by_default;      /**< the level is that of tscf-run: policies take precedence */
	unsigned count, open; /**< all moves, and those not done */
	bool detailed;        /**< the answer waits for the server, and is JSON that lists the sockets */
	int error;            /**< of the first socket that could not be changed */
	struct miss *missed;  /**< sockets that could not be changed (moves_answer.h) */
	unsigned missed_count;
	uint64_t deadline; /**< monotonic ms */
	struct timespec started;
};

/** The owner sets what it uses; the rest is zero at first. */
struct moves {
	const struct client_config *config;
	struct tscf_timers *timers;
	struct dtte *dtte;
	struct registry *registry;
	struct subscriptions *subscriptions;
	struct accept_queue *accept_queue;
	const struct guard *guard;
	const struct preferred *preferred;
	struct tscf_control_server *const *control; /**< is there before the first request */
	/** @return a new reference: one socket, whose mark has @p value, for the answer that lists all. */
	json_t *(*describe)(void *context, const struct tscf_socket *s, uint32_t value, pid_t pid);
	void *context; /**< of describe */
	struct history history;
	struct move_log log, missed_log;
	struct tscf_timer timer;
	struct change *changes;
	struct move *by_id;
	struct move *by_socket; /**< moves that are not done, by the socket's cookie: at most one per socket */
	uint64_t last_id;
};

/** The answer of LEVEL_OF describes so many sockets, all at once, and so many that were missed; it counts the others.
 */
#define MOVES_DESCRIBED 256
/** How long LEVEL_OF waits at most if the caller sets no limit. */
#define MOVES_WAIT_MS 10000

/** Begin without any moves. */
void moves_init(struct moves *moves);
/** Handle TSCF_CONTROL_SET_LEVEL, _BOUND and _GET_LEVEL. */
void moves_set_level(struct moves *moves, struct tscf_control_call_in *call);
void moves_bound(struct moves *moves, struct tscf_control_call_in *call);
void moves_get_level(struct moves *moves, struct tscf_control_call_in *call);
/** A socket that wants encryption was found before the next dump: inform the server at the end of this loop
 * iteration. */
void moves_found(struct moves *moves, const struct tscf_socket *s);
/** The guard has changed a socket's mark from @p before, or has seen that the socket has a local address now. */
void moves_marked(struct moves *moves, const struct tscf_socket *s, uint32_t before);

/**
 * Begin to change many sockets to the level that @p call asks for.  The call is answered at the end, with a list of
 * them.
 *
 * @return the change, for moves_add and moves_end; NULL if there is no such level, or out of memory.
 */
struct change *moves_begin(struct moves *moves, struct tscf_control_call_in *call);
/** The same, to the level that policies give, or to @p level if none matches.  No caller gets an answer.  @return NULL
 * when out of memory. */
struct change *moves_begin_default(struct moves *moves, enum tscf_level level);
/** The same, to @p level, which the program has asked for without a call.  No caller gets an answer.  @return NULL when
 * out of memory. */
struct change *moves_begin_own(struct moves *moves, enum tscf_level level);
/** Begin to move one socket, of process @p pid; takes the descriptor.  @return 0, or -errno, which is noted with the
 * change: -EAFNOSUPPORT, which is not, if it is no inet socket. */
int moves_add(struct moves *moves, struct change *change, int fd, pid_t pid);
/** All sockets have been added.  @p error, if not 0, is the answer to the caller.  The change may be freed
 * afterwards. */
void moves_end(struct moves *moves, struct change *change, int error);

/** The caller went away.  The moves go on. */
void moves_gone(struct tscf_control_call_in *call);

/**
 * The server has confirmed what a move waited for (error 0), or not (-errno); a move that no longer exists is ignored.
 *
 * @param waiter  what the registry was given with the key; 0: no move
 */
void moves_acknowledged(struct moves *moves, uint64_t waiter, int error);
/** @return whether the socket with that cookie is moving to the plain tunnel, and keeps its mark until the server has
 * confirmed. */
bool moves_is_leaving(const struct moves *moves, uint64_t cookie);
/** The encrypted tunnel is up: inform the server of the moves that wait for the tunnel. */
void moves_tunnel_up(struct moves *moves);
/** The encrypted tunnel cannot be set up now: answer the callers that wait for it. */
void moves_tunnel_failed(struct moves *moves);
/** Encrypted-preferred sockets are to be plain: answer the callers that wait for the encrypted tunnel for them. */
void moves_preferred_plain(struct moves *moves);
/** Answer all waiting callers and free everything. */
void moves_free(struct moves *moves);

#endif
