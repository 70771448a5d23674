/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * roster.h - a list of the sessions of a worker, in pages.
 *
 * The packets of the worker's clients wait while a page is copied, so a page is small, and its text is made elsewhere.
 * Sessions are in the order in which they got their TSIDs; after them come connections without one.  A session that is
 * there all the time is in the list exactly once, unless it is configured or moves to another worker meanwhile.
 */
#ifndef TSCF_SERVER_ROSTER_H
#define TSCF_SERVER_ROSTER_H

#include "tscf-server/session/copy_ways.h"
#include "tscf-server/session/who.h"
#include "tscf-server/state.h"

#include "common/auth/proof.h"

/** Most sessions of a page. */
#define SERVER_ROSTER_SESSIONS 128
/** Most bindings of one session that are listed; the others are counted. */
#define SERVER_ROSTER_BINDINGS_EACH 1000
/** Room for bindings in a page. */
#define SERVER_ROSTER_BINDINGS (2 * SERVER_ROSTER_BINDINGS_EACH)
/** Levels of sockets, enum tscf_level. */
#define SERVER_ROSTER_LEVELS 4

/** Where a page begins, behind the session of that place; all zero: at the first session. */
struct server_roster_place {
	uint64_t order; /**< of this session */
	uint64_t tsid;  /**< its TSID; TSCF_TSID_NONE and `order`: the serial of a connection without one */
};

struct server_roster_binding {
	struct tscf_binding_key key;
	enum tscf_level level;
	enum tscf_binding_state state;
	bool implicit;
};

struct server_roster_side_way {
	const char *transport;
	union tscf_endpoint outer;
	uint64_t age; /**< ms */
	uint64_t received_packets, sent_packets;
};

struct server_roster_entry {
	struct server_roster_place place;
	uint64_t tsid, partner; /**< TSCF_TSID_NONE: none */
	bool encrypted, confirmed, connected;
	bool meant;     /**< its client is, by this tunnel or its partner */
	bool preferred; /**< encrypted: its client has encrypted-preferred sockets at most (yield.h) */
	const char *interface, *transport; /**< valid until the next reload */
	char identity[TSCF_PROOF_NAME];    /**< struct tscf_client_name; "": nothing was proved */
	uint8_t key[32];                   /**< likewise */
	union tscf_endpoint outer;
	struct server_roster_side_way media; /**< its media way; transport NULL: none is open */
	unsigned copy_ways;
	struct server_roster_side_way copy_way[SERVER_COPY_WAYS];
	struct tscf_addr internal[TSCF_FAMILIES];
	uint32_t services;
	uint64_t age, idle; /**< ms */
	uint64_t received_packets, received_bytes, sent_packets, sent_bytes;
	int64_t lost_packets;                  /**< tscf_peer_lost; -1: not known */
	uint64_t over_rate;                    /**< packets over the rates of its client */
	uint64_t inter_client;                 /**< packets to other clients that were refused */
	unsigned levels[SERVER_ROSTER_LEVELS]; /**< entries that are bound or shielded, by level */
	unsigned redundancy;                   /**< sockets that get it */
	uint64_t repaired, repairs_sent;       /**< packets of redundancy.h */
	unsigned first, bindings;              /**< its part of the page's bindings */
	unsigned omitted;                      /**< bindings that are not listed */
};

struct server_roster_page {
	uint64_t now; /**< tscf_clock_now when it was read */
	unsigned count, bindings;
	struct server_roster_entry entry[SERVER_ROSTER_SESSIONS];
	struct server_roster_binding binding[SERVER_ROSTER_BINDINGS];
};

/**
 * Copy the sessions that follow *place into @p page, and move *place behind the last of them.
 *
 * @param who which clients are meant; the others are copied, too.  NULL: all.
 *
 * @return whether there may be more.
 */
bool server_roster_read(const struct server_state *state, const struct server_who *who, uint64_t now,
			struct server_roster_place *place, struct server_roster_page *page);

/** @return the first session with a TSID that follows @p place, or NULL. */
struct server_session *server_roster_next(const struct server_sessions *table, const struct server_roster_place *place);

#endif
