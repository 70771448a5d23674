/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * moves.h - the way through which every level change goes.
 *
 * A descriptor comes in, from the library or taken from a running program; the mark is set on it, the server is told,
 * the descriptor is closed.  Order matters, so that a move loses nothing and leaks nothing:
 *
 *     to encrypted:  tell the server (bind), then set the mark.  From the mark on, packets go up encrypted or not at
 * all; those that were under way in clear in the other direction are let through until the server has confirmed and a
 * moment longer (tscf(7), "MOVES"). to plain:      tell the server (release), and set the mark when it has confirmed:
 * until then both ends use the encrypted tunnel.
 */
#ifndef TSCF_CLIENT_MOVES_H
#define TSCF_CLIENT_MOVES_H

#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"

#include <jansson.h>
#include <stdint.h>
#include <time.h>
#include <uthash.h>

struct client;

/** One socket on its way. */
struct move {
	uint64_t id; /**< what others know it by; never used again */
	struct move *next;
	struct change *change;
	struct tscf_socket socket;
	uint32_t value;            /**< to be marked with (level.h) */
	enum tscf_level level;     /**< in it */
	enum tscf_level effective; /**< what that means for the way of its packets */
	pid_t pid;                 /**< whose socket it is, 0 if unknown */
	int fd;                    /**< owned; -1 once the mark is set */
	bool to_plain, done;
	unsigned waits;               /**< a bit for each address family whose confirmation it waits for */
	UT_hash_handle hh, by_socket; /* the latter: unless it is done */
};

/** All sockets of one request to change levels. */
struct change {
	struct change *next;
	struct tscf_control_call_in *call; /**< NULL if the caller went away */
	struct move *moves, **last;
	enum tscf_level level;
	bool by_default;      /**< the level is that of tscf-run: policies come before it */
	unsigned count, open; /**< moves, and those not done */
	bool detailed;        /**< the answer waits for the server, and is JSON that lists the sockets */
	int error;            /**< of the first socket that could not be changed */
	uint64_t deadline;    /**< monotonic ms */
	struct timespec started;
};

struct moves {
	struct tscf_timer timer;
	struct change *changes;
	struct move *by_id;
	struct move *by_socket; /**< those that are not done, by the socket's cookie: at most one of each socket */
	uint64_t last_id;
};

/** How long LEVEL_OF waits at most if the caller does not say. */
#define MOVES_WAIT_MS 10000

/** Begin without any. */
void moves_init(struct client *c);
/** Handle TSCF_CONTROL_SET_LEVEL, _BOUND and _GET_LEVEL. */
void moves_set_level(struct client *c, struct tscf_control_call_in *call);
void moves_bound(struct client *c, struct tscf_control_call_in *call);
void moves_get_level(struct client *c, struct tscf_control_call_in *call);
/** A socket was found before the next listing of all, and wants encryption: the server is told at the end of this turn
 * of the loop. */
void moves_found(struct client *c, const struct tscf_socket *s);
/** A socket bears another mark than @p before, or has a local address now: what the guard has done, or seen. */
void moves_marked(struct client *c, const struct tscf_socket *s, uint32_t before);

/**
 * Begin a change of many sockets: to the level that @p call asks for, which is answered at its end with a list of them.
 *
 * @return the change, for moves_add and moves_end; NULL if there is no such level, or out of memory.
 */
struct change *moves_begin(struct client *c, struct tscf_control_call_in *call);
/** The same to what policies say, or @p level if they say nothing; nobody is told.  @return NULL when out of memory. */
struct change *moves_begin_default(struct client *c, enum tscf_level level);
/** The same to @p level, which their program has asked for without a call; nobody is told.  @return NULL when out of
 * memory. */
struct change *moves_begin_own(struct client *c, enum tscf_level level);
/** Begin to move one socket, of process @p pid; takes the descriptor.  @return 0 or -errno. */
int moves_add(struct client *c, struct change *change, int fd, pid_t pid);
/** All sockets have been added; @p error is what to answer if it is not 0.  The change may be gone afterwards. */
void moves_end(struct client *c, struct change *change, int error);

/** The caller went away: the moves go on. */
void moves_gone(struct client *c, struct tscf_control_call_in *call);

/**
 * The server has confirmed what a move waited for (error 0), or not (-errno); a move that is no more is ignored.
 *
 * @param waiter  what the registry was given with the key; 0: nobody
 */
void moves_acknowledged(struct client *c, uint64_t waiter, int error);
/** @return whether the socket with that cookie is on its way to the plain tunnel, and keeps its mark until the server
 * has confirmed. */
bool moves_is_leaving(const struct client *c, uint64_t cookie);
/** The encrypted tunnel is up: tell the server of the moves that wait for it. */
void moves_tunnel_up(struct client *c);
/** The encrypted tunnel is not to be had now: answer those who wait for it. */
void moves_tunnel_failed(struct client *c);
/** The network is trusted: answer those who wait for the encrypted tunnel for encrypted-preferred sockets. */
void moves_trusted(struct client *c);
/** Answer what waits and free everything. */
void moves_free(struct client *c);

#endif
