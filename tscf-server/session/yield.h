/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * yield.h - encrypted sessions that can be given up for others: encrypted-only is served before encrypted-preferred.
 *
 * A client says by NEED, inside its encrypted tunnel, that the tunnel is for encrypted-preferred sockets at most.  Such
 * a session is a candidate.  When no place for an encrypted tunnel is left and a client needs one for encrypted-only
 * sockets, a candidate is asked to yield (control/room.h chooses among the workers): its client moves its preferred
 * sockets to the plain tunnel and releases the encrypted one.  If the client says meanwhile that it has an
 * encrypted-only socket itself, it keeps the tunnel.  If it does neither for SERVER_YIELD_MS, the session is ended
 * here.
 *
 *      NEED preferred             asked                         released by the client, or SERVER_YIELD_MS over
 *     ----------------> candidate -----> asked ---------------------------------------------------------------> ended
 *                        ^  |              |
 *                        |  | NEED only    | NEED only
 *                        |  v              v
 *                       kept <-------------+
 *
 * All this is said inside encrypted tunnels: nothing that comes by a plain one makes a session a candidate, or ends it.
 * tscf(7), "SHORTAGE".
 */
#ifndef TSCF_SERVER_YIELD_H
#define TSCF_SERVER_YIELD_H

#include <stdbool.h>
#include <stdint.h>

/** How long a client that was asked to yield may take. */
#define SERVER_YIELD_MS 1000
/** The request is sent again after this time, or after one round trip if that is longer; on a stream once only. */
#define SERVER_YIELD_PAUSE_MS 80
/** A client from which something came within this time uses its tunnel: its keepalives are rarer. */
#define SERVER_YIELD_IDLE_MS 5000
/** So many candidates of an interface, the newest, are looked at: what one request costs stays bounded. */
#define SERVER_YIELD_LOOK 256

struct tscf_message;
struct server_interface;
struct server_session;
struct server_state;

enum server_yield_state { SERVER_YIELD_KEPT, SERVER_YIELD_CANDIDATE, SERVER_YIELD_ASKED };

/** Part of an encrypted session. */
struct server_yield {
	enum server_yield_state state;
	uint32_t report_sequence;           /**< of the client's last request with a NEED */
	uint64_t asked, again;              /**< ASKED: when it was asked, and when it is asked again */
	struct server_session *prev, *next; /**< interface->candidates, or sessions->yielding */
};

/** What the choice among candidates depends on.  Times are those of the host: they compare between workers. */
struct server_yield_rank {
	uint64_t heard;   /**< when something came from the client last */
	uint64_t created; /**< when the session began */
};

/**
 * @return whether a session of rank @p a yields rather than one of rank @p b.
 *
 * A call that goes on in clear is worse than an idle phone, so an idle session goes first, the one that has been idle
 * for longest.  Of those in use the newest goes: so it is always the same few that come and go, and whoever has had its
 * tunnel for long keeps it.
 */
bool server_yield_before(const struct server_yield_rank *a, const struct server_yield_rank *b, uint64_t now);

/** @return the candidate of @p i that yields first, with its rank in *rank; NULL: there is none. */
struct server_session *server_yield_first(const struct server_interface *i, uint64_t now,
					  struct server_yield_rank *rank);

/**
 * Take what the client of @p s says of its need in @p m, which came inside the encrypted tunnel; older messages than
 * the last are ignored.
 *
 * @return whether @p s had been asked to yield, and keeps its tunnel now: another one must yield instead.
 */
bool server_yield_take_need(struct server_state *state, struct server_session *s, const struct tscf_message *m);
/** Ask the client of @p s, a candidate, to give the tunnel up. */
void server_yield_ask(struct server_state *state, struct server_session *s, uint64_t now);

/** @return whether server_yield_tick is to be called every SERVER_LIVENESS_TICK_MS. */
bool server_yield_busy(const struct server_state *state);
/** Ask again, and end the sessions that were asked SERVER_YIELD_MS ago; call it at least once a second. */
void server_yield_tick(struct server_state *state, uint64_t now);

/* yield_lists.c */
/** Put @p s into the list of that state; KEPT, as at its end: into none. */
void server_yield_enter(struct server_state *state, struct server_session *s, enum server_yield_state to);

#endif
