/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * candidates.h - which of several ways to the server a tunnel takes: a race with overlap, as in RFC 8305.
 *
 * A pure state machine like dtte.h: events go in with the time they happened, actions come out through a table of
 * functions.  What a candidate is (server, address, port, transport) is its owner's affair; here it is a number, its
 * place in the list, and a rank: of two candidates the one with the lower rank is better, those of equal rank are as
 * good as each other (two addresses of one server). tscf(7), "CANDIDATES".
 *
 *          start        answered                  turn                 alive
 *     WAITING --> TRYING --------> ANSWERED ------------> CONFIRMING --------> USED
 *        ^          |                 |                       |                 |
 *        +----------+-----------------+--- failed ------------+------ lost -----+
 *
 * Searching, that is, while no candidate is used, one is started after the other: the one that was used last, then in
 * the order of the list, the next one CANDIDATES_STAGGER_MS after the one before, or at once when one fails; in a long
 * list the pauses are shorter.  Of those that were answered only one at a time is confirmed, because at the server the
 * one that is confirmed takes the place of what was there before.  The others are stopped when it is used.
 *
 * While one is used and there are better ones, these are tried again from time to time.
 */
#ifndef TSCF_CLIENT_CANDIDATES_H
#define TSCF_CLIENT_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#define CANDIDATES_MAX 128
/** Between the starts of two candidates (RFC 8305, "Connection Attempt Delay") ... */
#define CANDIDATES_STAGGER_MS 250
/** ... and less if the list is so long that the last one would be begun later than this. */
#define CANDIDATES_ALL_MS 7500
/** A try that was not answered by then has failed: while searching, and beside a candidate that is used. */
#define CANDIDATES_TRY_MS        10000
#define CANDIDATES_RETURN_TRY_MS 3000
/**
 * From the begin of a try that has failed to the next one of the same candidate in one search, at least.  For all but
 * the one that comes first it doubles up to the second figure, until the network changes.
 */
#define CANDIDATES_RETRY_MS     2000
#define CANDIDATES_RETRY_MAX_MS 30000
/** First and longest pause before better ones are tried again; it doubles in between. */
#define CANDIDATES_RETURN_MS     5000
#define CANDIDATES_RETURN_MAX_MS 300000
/** One that was lost before it was used for so long does not count as a success: the pause is not started over. */
#define CANDIDATES_STABLE_MS 60000

enum candidate_state { CANDIDATE_WAITING, CANDIDATE_TRYING, CANDIDATE_ANSWERED, CANDIDATE_CONFIRMING, CANDIDATE_USED };

/** What the machine does.  Each may report an event of the same candidate before it returns. */
struct candidates_actions {
	/** Begin a try. */
	void (*start)(void *context, unsigned i);
	/** It was answered and it is its turn: ask for the sign of life that decides. */
	void (*confirm)(void *context, unsigned i);
	/** The try has failed, list[i].reason says why; `stop` follows. */
	void (*failed)(void *context, unsigned i);
	/** End a try, or the confirmation: it has failed, or another is used. */
	void (*stop)(void *context, unsigned i);
	/** It is the one that is used from now on. */
	void (*used)(void *context, unsigned i);
	/** @p i failed, and no other is under way or due; they will be tried again. */
	void (*exhausted)(void *context, unsigned i);
};

struct candidate {
	unsigned rank;
	enum candidate_state state;
	uint64_t since;    /**< when the state was entered */
	uint64_t due;      /**< WAITING: not to be tried before this; TRYING and ANSWERED: has failed then */
	uint64_t pause;    /**< from the begin of the last try that failed to the next, or 0 */
	unsigned failures; /**< since it was used last */
	bool hopeless;     /**< the network says that this try is in vain: `reason` says how */
	char reason[160];  /**< why the last try failed, for a person; empty: it has not */
};

struct candidates {
	const struct candidates_actions *actions;
	void *context;
	struct candidate list[CANDIDATES_MAX];
	unsigned count;
	int used, confirming, preferred; /**< places in the list, or -1; preferred: used last */
	bool seeking;                    /**< a tunnel is wanted */
	bool returning;                  /**< better ones are being tried */
	bool starting;                   /**< tries are being begun */
	int failed;                      /**< the one that has failed just now, or -1 */
	uint64_t next_start;             /**< no try is begun before this */
	uint64_t return_at;              /**< better ones are tried again at this time; UINT64_MAX: never */
	unsigned returns;                /**< in vain, in a row */
};

/** An empty list; no action is called.  Times are monotonic milliseconds. */
void candidates_init(struct candidates *c, const struct candidates_actions *actions, void *context);
/**
 * Take another list, of @p count candidates with these ranks; what was under way is stopped, and started over if it is
 * wanted.
 *
 * @param preferred  the one to be tried first, or -1; if one is used, its new place (-1: it is not used any more)
 */
void candidates_set(struct candidates *c, const unsigned *ranks, unsigned count, int preferred, uint64_t now);

/** A tunnel is wanted: search. */
void candidates_seek(struct candidates *c, uint64_t now);
/** None is wanted: stop everything, the used one included. */
void candidates_stop(struct candidates *c, uint64_t now);
/** The server has answered the try. */
void candidates_answered(struct candidates *c, unsigned i, uint64_t now);
/** The one that is being confirmed has shown that it carries both ways. */
void candidates_alive(struct candidates *c, unsigned i, uint64_t now);
/** The try or confirmation has failed, or the one that is used is lost: then the search begins.  stop is called for a
 * try and a confirmation. */
void candidates_failed(struct candidates *c, unsigned i, const char *reason, uint64_t now);
/** The network says that the try is in vain.  It goes on, since that may be a passing state, but the next one need not
 * wait. */
void candidates_hopeless(struct candidates *c, unsigned i, const char *reason, uint64_t now);
/** The network has changed: what was tried in vain is worth another try now. */
void candidates_hurry(struct candidates *c, uint64_t now);

/** Let time pass: call at candidates_next() or later. */
void candidates_tick(struct candidates *c, uint64_t now);
/** @return when candidates_tick is next due, or UINT64_MAX. */
uint64_t candidates_next(const struct candidates *c);

/** @return whether one is used and no other is under way or due. */
bool candidates_resting(const struct candidates *c);
/** @return whether a better one than the used one is known. */
bool candidates_better(const struct candidates *c);
/** @return the state's name as `status` shows it: waiting, trying, answered, confirming, used. */
const char *candidates_state_name(enum candidate_state state);

#endif
