/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * side_way.h - a way beside the stream of a tunnel, by which some of its packets go.
 *
 * There are two kinds: the media way, of datagrams (media.h), and copy ways, which are streams like its own
 * (copy_ways.h).  When the first packet that wants the way goes up, or comes, the client offers it to the server by the
 * stream, and opens it.  While such packets flow it goes on trying.  A way that does not answer is closed, and offered
 * anew; one that nobody wants is closed after the persistence time.
 *
 * The way is a tunnel (tunnel.h) with the session of its stream: the same TSID, keys and addresses.  The packets that
 * come by it undergo the decisions of that tunnel.
 */
#ifndef TSCF_CLIENT_SIDE_WAY_H
#define TSCF_CLIENT_SIDE_WAY_H

#include "tscf-client/tunnel/tunnel.h"

/** The way is tried while the last packet that wants it is not older than this. */
#define SIDE_WAY_FLOWS_MS 2000
/** Pause before the way is offered again after a failure of the offer itself. */
#define SIDE_WAY_OFFER_PAUSE_MS 5000

/** Room for the reason of a refusal: the name of its code, and a text. */
#define SIDE_WAY_REASON 240

enum side_way_state {
	SIDE_WAY_OFF,     /**< not offered; not wanted, or not possible */
	SIDE_WAY_ASKED,   /**< the server was asked by the stream */
	SIDE_WAY_OFFERED, /**< it agrees: the way can be opened */
	SIDE_WAY_TRYING,  /**< it is being opened */
	SIDE_WAY_UP,
};

/** What differs between the kinds. */
struct side_way_kind {
	const char *name; /**< of what goes by it */
	enum way_kind transport;
	enum tscf_service service;
	/** @return whether a tunnel that is up by @p stream can have such a way. */
	bool (*is_possible)(const struct way *stream);
	/** One attempt to open the way takes at most so many round trips of the stream, within these bounds. */
	unsigned round_trips;
	uint64_t try_ms, try_longest_ms;
	uint64_t pause_ms; /**< before a way that was lost is offered again */
};

struct side_way {
	const struct side_way_kind *kind;
	struct tunnel *stream; /**< the tunnel that it belongs to */
	struct tunnel way;     /**< open while SIDE_WAY_TRYING, SIDE_WAY_UP */
	struct tscf_timer timer;
	enum side_way_state state;
	bool refused;                 /**< the server does not offer it for this tunnel */
	char reason[SIDE_WAY_REASON]; /**< why it has refused the way last, offered or opened; empty: it has not */
	uint8_t secret[32];
	uint64_t wanted_at; /**< when the last packet that wants it was sent or came, 0: never, or not any more */
	uint64_t next_at;   /**< when to go on: to offer, to try, to give up an attempt */
	uint64_t since;     /**< when it came up, or was wanted or lost without being up since then */
	uint64_t opened;    /**< how often it came up */
};

/** No way yet beside @p stream. */
void side_way_init(struct side_way *s, const struct side_way_kind *kind, const struct tunnel_host *host,
		   struct tunnel *stream);

/** A packet that wants the way is sent up now, or has come.  @return whether one can go up by it. */
bool side_way_want(struct side_way *s);

/** @return whether the tunnel, as it is now, can have such a way. */
bool side_way_is_possible(const struct side_way *s);

/** The stream's tunnel is closed, or has another transport or session: begin anew. */
void side_way_restart(struct side_way *s);

/** @return whether the tunnel has the way, or wants it, or was refused it. */
bool side_way_is_there(const struct side_way *s);
/** @return "off", "refused", "trying" or "up". */
const char *side_way_state_name(const struct side_way *s);

#endif
