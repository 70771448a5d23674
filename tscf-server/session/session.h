/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - the server's view of tunnels.
 *
 * A configuration request makes a plain session.  It is unconfirmed until the first control message with its TSID
 * comes, because anybody can write any source address on a datagram.  If another session uses the same outer address,
 * the new one is pending meanwhile (`older`) and the other session is not affected.  When the new session is confirmed,
 * it replaces that session and the one that had its internal address until then.
 *
 * On a stream nobody can forge a source, but the order is the same: an existing session loses its place only when the
 * new session has shown its TSID. There, the connection is the place of the session, and no other session can use it.
 * A plain session whose connection is lost stays, without a peer, until it is replaced or resumed.
 *
 * An encrypted session is made when a DTLS or TLS handshake is done; it has a TSID, addresses and rights only once it
 * is configured.
 *
 * Sessions that are not confirmed or configured within SERVER_CONFIRM_MS are ended.  So are sessions from which nothing
 * came for the persistence time (expiry.h).
 */
#ifndef TSCF_SERVER_SESSION_H
#define TSCF_SERVER_SESSION_H

#include "tscf-server/address/lease.h"
#include "tscf-server/session/accounting.h"
#include "tscf-server/session/allowance.h"
#include "tscf-server/session/hold.h"
#include "tscf-server/session/liveness.h"
#include "tscf-server/session/networks.h"
#include "tscf-server/session/quota.h"
#include "tscf-server/session/reply_cache.h"
#include "tscf-server/session/yield.h"
#include "tscf-server/store/record.h"

#include "common/auth/seal.h"
#include "common/base/addr.h"
#include "common/base/siphash.h"
#include "common/packet/binding.h"
#include "common/packet/message.h"
#include "common/packet/services.h"
#include "common/redundancy/redundancy.h"
#include "common/transport/source_count.h"
#include "common/transport/transport.h"

#include <stdbool.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SERVER_CONFIRM_MS 10000
/** How long a plain session without a connection stays if the persistence time is without limit. */
#define SERVER_LOST_MS 330000
/** How often a client is told at most that its packets are dropped. */
#define SERVER_TELL_RATE_MS 10000
/** Answers of a plain session that are kept to be repeated: few, so that forged requests do not cost much memory. */
#define SERVER_REPLY_CACHE_PLAIN  8
#define SERVER_RESUME_SECRET_SIZE 32
#define SERVER_RESUME_COOKIE_SIZE 16

struct server_state;
struct tscf_client_name;
struct server_interface;
struct server_listener;
struct server_copy_ways;
struct server_media;
struct server_refusals;
struct server_reservation;

/** State of a plain session for its resumption (control/resume.h). */
struct server_resume {
	bool locked; /**< there is a lock: the client can resume */
	bool asked;  /**< the client has shown the key from `from`; the cookie is to prove that address */
	uint8_t lock[SERVER_RESUME_LOCK_SIZE];
	uint8_t used[SERVER_RESUME_LOCK_SIZE]; /**< the previous lock, whose key was shown */
	union tscf_endpoint from;
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
};

/** How often a session has gone to another worker lately (control/migrate.h). */
struct server_journeys {
	uint64_t since; /**< ms: when `count` began */
	unsigned count;
};

struct server_session {
	uint64_t tsid; /**< TSCF_TSID_NONE until configured */
	bool encrypted;
	bool confirmed;   /**< plain: the client has sent its TSID; encrypted: configured */
	bool quiet;       /**< plain: nothing is sent down until the client's shields are complete */
	bool shields_due; /**< plain: quiet since the server started; the client must be notified */
	bool sockets_due; /**< plain: restored; what its sockets asked for is not known (sockets.h) */
	bool guarded;     /**< plain: it may have entries that forbid clear packets (journal.h) */
	uint64_t serial;  /**< encrypted: a number that no other session of this worker has or had */
	uint64_t order;   /**< a number that grows from one session of this worker that gets a TSID to the next */
	struct server_interface *interface;
	struct server_listener *listener; /**< the listener of the interface that its peer belongs to */
	struct tscf_peer *peer; /**< NULL on a pending session (the older one has it), and if the connection is lost */
	union tscf_endpoint outer;
	uint32_t services;            /**< assigned-services when the plain tunnel was established */
	struct server_lease *lease;   /**< its internal addresses */
	struct server_lease *partner; /**< encrypted: lease of the plain addresses that it may also use and bind */
	struct server_session *older; /**< plain, pending: the session at the same outer address */
	struct server_session *pending;
	struct server_reservation *reservation;
	struct tscf_source *source;
	struct tscf_binding_list bindings;
	struct tscf_service_list sockets; /**< its sockets that ask for redundancy or datagrams */
	struct tscf_redundancy redundant; /**< flows of such sockets that this tunnel carries */
	bool inherits;                    /**< encrypted: it has bindings of another that its client may not know */
	unsigned tombstones;              /**< since tombstones_since */
	uint64_t tombstones_since;
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	struct tscf_client_name *who; /**< the identity that the client has proved; NULL: no proof was asked for */
	uint8_t resume_secret[SERVER_RESUME_SECRET_SIZE]; /**< encrypted: sent to the client on this tunnel only */
	struct server_resume resume;                      /**< plain */
	struct server_journeys journeys;                  /**< plain */

	struct tscf_seal seal;                    /**< plain */
	uint64_t run_sent;                        /**< plain: when this run was last sent to its client (sealing.h) */
	uint8_t share[TSCF_KEY_SHARE_SIZE];       /**< plain: of the request that made it */
	struct server_cached_reply configuration; /**< the answer to its configuration request */
	struct server_reply_cache answers;
	uint32_t sequence;     /**< of the server's own requests */
	uint32_t mtu_sequence; /**< of the request that named the MTU last */
	uint32_t executing;    /**< sequence number of the client's request that is being executed */

	uint64_t ticket; /**< plain: of its last change in the store */
	uint64_t created, heard;
	uint64_t run;      /**< plain: identifies the client's process; 0: not known */
	uint64_t claimed;  /**< plain: when it was last asked because of a rival (rival.h); 0: never */
	uint64_t moved_at; /**< encrypted: when it last moved; 0: never */
	uint64_t check_at; /**< when it is checked next (expiry.h) */
	struct {
		uint64_t at, asked; /**< when it is looked at next, and was asked last */
		struct server_session *prev, *next;
	} refresh;                                                           /**< with server-keepalive */
	uint64_t received_packets, received_bytes, sent_packets, sent_bytes; /**< forwarded inner packets */
	struct server_media *media; /**< on a stream: its media way (media.h); NULL: the client has not asked for one */
	struct server_copy_ways *copy_ways; /**< on a stream: connections beside it (copy_ways.h); NULL: as media */
	struct server_refusals *refusals;   /**< NULL: no packet to another client was refused */

	struct server_quota
	    *quota;         /**< its tunnel is counted there; NULL: no limits are kept, or it has no tunnel yet */
	uint64_t told_rate; /**< when its client was last told that its packets are dropped; 0: never */
	uint64_t over_rate; /**< inner packets that were dropped, being more than the client may send or get */
	struct server_accounting account;
	struct server_allowance allowance;
	struct server_told_networks networks; /**< plain */
	struct server_liveness liveness;      /**< encrypted */
	struct server_yield yield;            /**< encrypted */
	uint64_t room_asked; /**< plain: when others were asked to make room for its encrypted tunnel last; 0: never */
	struct server_hold hold;                      /**< plain */
	struct server_session *hold_prev, *hold_next; /**< list of state->holding */
	struct server_session *prev, *next;           /**< list of sessions->unconfirmed or ->confirmed */
	UT_hash_handle hh;                            /**< by TSID */
};

struct server_sessions {
	struct server_session *by_tsid; /**< uthash keeps them in the order in which they got their TSIDs */
	struct server_session *unconfirmed, *confirmed; /**< in order of check_at */
	struct server_session *refreshed;               /**< with server-keepalive, in order of refresh.at */
	struct server_session *suspected;               /**< liveness.h */
	struct server_session *yielding;                /**< yield.h, ASKED */
	struct tscf_source_counts sources;
	struct tscf_siphash_key secret;
	uint64_t accepted; /**< encrypted connections so far */
	uint64_t ordered;  /**< sessions that have got a TSID so far */
};

/** @return 0, or -errno. */
int server_sessions_init(struct server_sessions *table);

/** @return the other session of the same client: the encrypted one, or the plain one; NULL: none. */
static inline struct server_session *server_session_partner(const struct server_session *s)
{
	if (!s->encrypted)
		return s->lease->encrypted_session;
	return s->partner ? s->partner->plain : NULL;
}

/** @return what was forwarded for @p s so far. */
static inline struct server_traffic server_session_traffic(const struct server_session *s)
{
	return (struct server_traffic){.received_packets = s->received_packets,
				       .received_bytes = s->received_bytes,
				       .sent_packets = s->sent_packets,
				       .sent_bytes = s->sent_bytes};
}

/** @return tscf_peer_lost of the connection of @p s; -1: not known. */
static inline int64_t server_session_packets_lost(const struct server_session *s)
{
	return s->peer ? tscf_peer_lost(s->peer) : -1;
}

/** @return the configured session with this TSID, or NULL. */
struct server_session *server_session_find(const struct server_sessions *table, uint64_t tsid);
/** @return a random TSID that no session has and that is not reserved. */
uint64_t server_session_new_tsid(const struct server_state *state);

/** Where the messages of a tunnel come from. */
struct server_place {
	struct server_listener *listener;
	struct tscf_peer *connection; /**< NULL: the source of a datagram, known by its address only */
	union tscf_endpoint outer;
	struct tscf_addr local; /**< the server's address that it came to (tscf_packet.local) */
};

/**
 * Make an unconfirmed plain session at @p place.
 *
 * @param older the session at that outer address, or NULL: then the address becomes a peer of the plain transport.  A
 * session that is already pending there is ended.  NULL on a connection.
 * @param lease its internal addresses.  On success the session takes over one hold, and the place in the interface's
 * allocator that the caller has claimed.
 * @return the session, or NULL when out of memory.
 */
struct server_session *server_session_new_plain(struct server_state *state, const struct server_place *place,
						struct server_session *older, struct server_lease *lease,
						const uint8_t *client_id, uint64_t now);

/** Give a plain session the connection of @p place, or a new peer at its outer address.  @return its peer, or NULL when
 * out of memory. */
struct tscf_peer *server_session_settle(struct server_state *state, struct server_session *s,
					const struct server_place *place);
/** The session leaves its outer address, because it ends or moves: give that to the session that is pending there, or
 * close it. */
void server_session_leave_peer(struct server_session *s);

struct server_record;
/**
 * Make the plain session that @p record describes, confirmed: it comes from the store or from another worker.  The
 * caller restores its bindings. @p interface is the interface that the record names; NULL: there is none of that name.
 *
 * @return the session, or NULL if its interface, addresses or outer address are not available.
 */
struct server_session *server_session_import(struct server_state *state, struct server_interface *interface,
					     const struct server_record *record, uint64_t now);

/** @p s is not suspected any more (liveness.h). */
void server_session_unsuspect(struct server_state *state, struct server_session *s);

/** Make a session for the new encrypted connection @p peer, which is not configured yet.  @return the session, or
 * NULL. */
struct server_session *server_session_accept(struct server_state *state, struct server_listener *listener,
					     struct tscf_peer *peer, uint64_t now);
/** @return the accepted session of that serial if it is not configured yet; else NULL. */
struct server_session *server_session_accepted(const struct server_sessions *table, uint64_t serial);
/** End an accepted session whose connection now carries a plain tunnel or side way; that session is, or becomes, the
 * user of the peer. */
void server_session_discard(struct server_state *state, struct server_session *accepted, uint64_t now);
/**
 * The connection of @p s is gone; the caller frees its peer.  A confirmed plain session stays for the persistence time;
 * any other session ends.
 */
void server_session_lost(struct server_state *state, struct server_session *s, uint64_t now, const char *why);

/**
 * The outer address of a plain session is proved.  From now on data from that address belongs to the session, and data
 * to its internal address goes there.  The sessions that it replaces are ended.  Does nothing if the session is
 * confirmed already.
 */
void server_session_confirm(struct server_state *state, struct server_session *s, uint64_t now);

/**
 * Configure an accepted session: give it its TSID and its addresses.  Takes over one hold of @p lease and the place in
 * the interface's allocator that was claimed for it, and adds one hold to @p partner.  The caller handles the bindings
 * of its predecessor.
 *
 * @return 0, or -ENOMEM with nothing changed.
 */
int server_session_configure(struct server_state *state, struct server_session *s, uint64_t tsid,
			     struct server_lease *lease, struct server_lease *partner, uint32_t services, uint64_t now);

/** End a session: bindings, addresses, peer, memory.  @p why is logged. */
void server_session_end(struct server_state *state, struct server_session *s, uint64_t now, const char *why);

/** The client's shields are complete: the session is not quiet any more. */
void server_session_unmute(struct server_state *state, struct server_session *s);

/** Send a keepalive request. */
void server_session_keepalive(struct server_session *s);
/** Send one that asks the client to give its encrypted tunnel up (yield.h). */
void server_session_yield(struct server_session *s);

/**
 * @return whether the client of @p s may send or get these packets now; if not, they have been counted, and the client
 * has been told so, at most every SERVER_TELL_RATE_MS.
 */
bool server_session_within_rate(struct server_state *state, struct server_session *s, enum server_direction direction,
				unsigned packets, uint32_t bytes, uint64_t now);

/** Send a control message on the server's own initiative, sealed if it is a plain session that has keys.  @p length is
 * what tscf_write_finish returned; @p data has room for TSCF_SEAL_SIZE more. */
void server_session_send(struct server_session *s, uint8_t *data, int length);

/** Notify every client whose session was restored, so that the client sends its shields, and what its sockets ask for.
 */
void server_sessions_request_shields(struct server_state *state);
/** The server stops: end every session, and tell its client so. */
void server_sessions_end_all(struct server_state *state, uint64_t now);
/** End every session of @p i, none of which is confirmed. */
void server_sessions_end_at(struct server_state *state, const struct server_interface *i, uint64_t now);

#endif
