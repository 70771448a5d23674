/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * candidates.h - which of several ways to the server a tunnel takes: a race with overlap, as in RFC 8305.
 *
 * A pure state machine like dtte.h: events go in with the time they happened, actions come out through a table of
 * functions.  Only the owner knows what a candidate is (server, address, port, transport).  Here a candidate is a
 * number, its place in the list, and a rank.  A lower rank is better; candidates of equal rank are equally good (two
 * addresses of one server). tscf(7), "CANDIDATES".
 *
 *          start        answered                  turn                 alive
 *     WAITING --> TRYING --------> ANSWERED ------------> CONFIRMING --------> USED
 *        ^          |                 |                       |                 |
 *        +----------+-----------------+--- failed ------------+------ lost -----+
 *
 * While no candidate is used, the machine searches.  It starts the candidate that was used last, then the others in the
 * order of the list.  Each starts CANDIDATES_STAGGER_MS after the one before, or at once when one fails; in a long list
 * the pauses are shorter.  Only one answered candidate is confirmed at a time, because confirming it replaces the
 * tunnel that the server had before.  When it is used, the others are stopped.
 *
 * While a candidate is used and better ones exist, the better ones are tried again from time to time.
 */
#ifndef TSCF_CLIENT_CANDIDATES_H
#define TSCF_CLIENT_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#define CANDIDATES_MAX 128
/** The pause between the starts of two candidates (RFC 8305, "Connection Attempt Delay") ... */
#define CANDIDATES_STAGGER_MS 250
/** ... is shorter if the last candidate of a long list would otherwise start later than this. */
#define CANDIDATES_ALL_MS 7500
/** A try without an answer after this time has failed: while searching, and while another candidate is used. */
#define CANDIDATES_TRY_MS        10000
#define CANDIDATES_RETURN_TRY_MS 3000
/**
 * The least time from the start of a failed try to the next try of the same candidate in one search.  For all
 * candidates but the first it doubles up to the second value, until the network changes.
 */
#define CANDIDATES_RETRY_MS     2000
#define CANDIDATES_RETRY_MAX_MS 30000
/** First and longest pause before better candidates are tried again; it doubles in between. */
#define CANDIDATES_RETURN_MS     5000
#define CANDIDATES_RETURN_MAX_MS 300000
/** A candidate that is lost before it was used for this time does not count as a success: the pause is not reset. */
#define CANDIDATES_STABLE_MS 60000
/**
 * A candidate that is lost sooner than this did not last: a network that changes leaves more time.  It is tried again
 * at once so many times in a row, and then after CANDIDATES_RETRY_MS, which doubles up to CANDIDATES_RETRY_MAX_MS.
 */
#define CANDIDATES_SHORT_MS  1000
#define CANDIDATES_SHORT_MAX 3

enum candidate_state { CANDIDATE_WAITING, CANDIDATE_TRYING, CANDIDATE_ANSWERED, CANDIDATE_CONFIRMING, CANDIDATE_USED };

/** What the machine does.  Each may report an event of the same candidate before it returns. */
struct candidates_actions {
	/** Start a try. */
	void (*start)(void *context, unsigned i);
	/** The candidate was answered and it is its turn: send the keepalive whose answer decides. */
	void (*confirm)(void *context, unsigned i);
	/** The try has failed; list[i].reason says why.  `stop` follows. */
	void (*failed)(void *context, unsigned i);
	/** End the try or the confirmation: it has failed, or another candidate is used. */
	void (*stop)(void *context, unsigned i);
	/** This candidate is used from now on. */
	void (*used)(void *context, unsigned i);
	/** @p i failed, and no other candidate is under way or due; all will be tried again. */
	void (*exhausted)(void *context, unsigned i);
};

struct candidate {
	unsigned rank;
	enum candidate_state state;
	uint64_t since;       /**< when the state was entered */
	uint64_t due;         /**< WAITING: not tried before this; TRYING and ANSWERED: fails at this time */
	uint64_t pause;       /**< from the start of the last failed try to the next try, or 0 */
	unsigned failures;    /**< since it was used last */
	unsigned short_lived; /**< times in a row that it did not last */
	bool hopeless;        /**< the network reports that this try cannot succeed; `reason` says how */
	char reason[160];     /**< why the last try failed, as text; empty: it did not */
};

struct candidates {
	const struct candidates_actions *actions;
	void *context;
	struct candidate list[CANDIDATES_MAX];
	unsigned count;
	int used, confirming, preferred; /**< places in the list, or -1; preferred: used last */
	bool seeking;                    /**< a tunnel is wanted */
	bool returning;                  /**< better candidates are being tried */
	bool starting;                   /**< tries are being started */
	int failed;                      /**< the candidate that has just failed, or -1 */
	uint64_t next_start;             /**< no try starts before this */
	uint64_t return_at;              /**< better candidates are tried again at this time; UINT64_MAX: never */
	unsigned returns;                /**< failed attempts to return, in a row */
};

/** An empty list; no action is called.  Times are monotonic milliseconds. */
void candidates_init(struct candidates *c, const struct candidates_actions *actions, void *context);
/**
 * Replace the list by @p count candidates with these ranks.  Tries that were under way are stopped, and the search
 * starts again if a tunnel is wanted.
 *
 * @param preferred  the candidate to try first, or -1; if a candidate is used, its new place (-1: no longer used)
 */
void candidates_set(struct candidates *c, const unsigned *ranks, unsigned count, int preferred, uint64_t now);

/** A tunnel is wanted: search. */
void candidates_seek(struct candidates *c, uint64_t now);
/** No tunnel is wanted: stop everything, including the candidate that is used. */
void candidates_stop(struct candidates *c, uint64_t now);
/** The server has answered the try. */
void candidates_answered(struct candidates *c, unsigned i, uint64_t now);
/** The candidate that is being confirmed carries packets both ways. */
void candidates_alive(struct candidates *c, unsigned i, uint64_t now);
/** The try or confirmation has failed, and `stop` is called; or the candidate that was used is lost, and the search
 * begins. */
void candidates_failed(struct candidates *c, unsigned i, const char *reason, uint64_t now);
/** The network reports that the try cannot succeed.  The try goes on, since that state may be temporary, but the next
 * candidate need not wait. */
void candidates_hopeless(struct candidates *c, unsigned i, const char *reason, uint64_t now);
/** The network has changed: try failed candidates again now. */
void candidates_hurry(struct candidates *c, uint64_t now);

/** Let time pass: call at candidates_next() or later. */
void candidates_tick(struct candidates *c, uint64_t now);
/** @return when candidates_tick is next due, or UINT64_MAX. */
uint64_t candidates_next(const struct candidates *c);

/** @return whether a candidate is used and no other is under way or due. */
bool candidates_resting(const struct candidates *c);
/** @return whether the list has a better candidate than the one that is used. */
bool candidates_better(const struct candidates *c);
/** @return the state's name as `status` shows it: waiting, trying, answered, confirming, used. */
const char *candidates_state_name(enum candidate_state state);

#endif
