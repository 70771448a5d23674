/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - tunnels as the server knows them.
 *
 * A plain session is made by a configuration request and is unconfirmed until the first control message with its TSID
 * comes: anybody can write any source address on a datagram.  If another session lives at the same outer address it is
 * pending meanwhile (`older`), and the other one is not hurt; confirmed, it takes the place of that one, and of the one
 * that had its internal address until then.
 *
 * On a stream nobody can forge a source, but the order is the same: what a client has is taken from it only when the
 * new session has shown its TSID.  There, the connection is the place of the session, and nobody else can be at it.  A
 * plain session whose connection is lost stays, without a peer, to be succeeded or resumed.
 *
 * An encrypted session is made when a DTLS or TLS handshake is done; it has a TSID, addresses and rights only once it
 * is configured.
 *
 * Sessions that are not confirmed or configured within SERVER_CONFIRM_MS are ended, and so are those that nothing was
 * heard of for the persistence time.
 */
#ifndef TSCF_SERVER_SESSION_H
#define TSCF_SERVER_SESSION_H

#include "tscf-server/address/lease.h"
#include "tscf-server/session/hold.h"
#include "tscf-server/session/liveness.h"
#include "tscf-server/session/reply_cache.h"
#include "tscf-server/store/record.h"

#include "common/base/addr.h"
#include "common/base/siphash.h"
#include "common/packet/binding.h"
#include "common/packet/message.h"
#include "common/transport/source_count.h"
#include "common/transport/transport.h"

#include <stdbool.h>
#include <stdint.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SERVER_CONFIRM_MS 10000
/** How long a plain session without a connection stays if silent ones stay for ever. */
#define SERVER_LOST_MS 330000
/** Answers of a plain session that are kept to be repeated: whoever forges requests shall not cost much memory. */
#define SERVER_REPLY_CACHE_PLAIN  8
#define SERVER_RESUME_SECRET_SIZE 32
#define SERVER_RESUME_COOKIE_SIZE 16

struct server_state;
struct tscf_client_name;
struct server_interface;
struct server_listener;
struct server_refusals;
struct server_reservation;

/** What a plain session knows about being resumed (control/resume.h). */
struct server_resume {
	bool locked; /**< there is a lock: the client knows how to resume */
	bool asked;  /**< the key has been shown from `from`, which is to be proven by the cookie */
	uint8_t lock[SERVER_RESUME_LOCK_SIZE];
	uint8_t used[SERVER_RESUME_LOCK_SIZE]; /**< the lock before, that the key of which was shown */
	union tscf_endpoint from;
	uint8_t cookie[SERVER_RESUME_COOKIE_SIZE];
};

struct server_session {
	uint64_t tsid; /**< TSCF_TSID_NONE until configured */
	bool encrypted;
	bool confirmed;  /**< plain: its TSID came back; encrypted: configured */
	bool quiet;      /**< plain: nothing is sent down until the client's shields are complete */
	bool recall;     /**< plain: it is quiet since the server was started; the client must be told */
	bool guarded;    /**< plain: there may be something to forbid (journal.h) */
	uint64_t serial; /**< encrypted: a number that no other of this worker has or had */
	struct server_interface *interface;
	struct server_listener *listener; /**< of the interface: what its peer belongs to */
	struct tscf_peer *peer; /**< NULL on a pending session (it is the older one's), and if the connection is lost */
	union tscf_endpoint outer;
	uint32_t services;            /**< assigned-services when the plain tunnel was established */
	struct server_lease *lease;   /**< its internal addresses */
	struct server_lease *partner; /**< encrypted: the plain addresses it may speak for */
	struct server_session *older; /**< plain, pending: the session at the same outer address */
	struct server_session *pending;
	struct server_reservation *reservation;
	struct tscf_source *source;
	struct tscf_binding_list bindings;
	unsigned burials; /**< since burials_since */
	uint64_t burials_since;
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	struct tscf_client_name *who; /**< who the client has proved to be; NULL: that was not asked */
	uint8_t resume_secret[SERVER_RESUME_SECRET_SIZE]; /**< encrypted: given to the client on this tunnel only */
	struct server_resume resume;                      /**< plain */

	uint8_t share[TSCF_KEY_SHARE_SIZE];       /**< plain: of the request that made it */
	struct server_cached_reply configuration; /**< the answer to its configuration request */
	struct server_reply_cache answers;
	uint32_t sequence;     /**< of the server's own requests */
	uint32_t mtu_sequence; /**< of the request that named the MTU last */
	uint32_t executing;    /**< sequence number of the client's request that is being executed */

	uint64_t ticket; /**< plain: of its last change in the store */
	uint64_t created, heard;
	uint64_t run;      /**< plain: which process of its client it is; 0: not known */
	uint64_t claimed;  /**< plain: when it was asked because of a rival (rival.h); 0: never */
	uint64_t moved_at; /**< encrypted: when it moved last; 0: never */
	uint64_t check_at; /**< when expiry looks at it next */
	uint64_t received_packets, received_bytes, sent_packets, sent_bytes; /**< inner packets that were passed on */
	struct server_refusals *refusals; /**< NULL: none was refused for being for another client */

	struct server_liveness doubt;                 /**< encrypted */
	struct server_hold hold;                      /**< plain */
	struct server_session *hold_prev, *hold_next; /**< list of state->holding */
	struct server_session *prev, *next;           /**< list of sessions->unconfirmed or ->confirmed */
	UT_hash_handle hh;                            /**< by TSID */
};

struct server_sessions {
	struct server_session *by_tsid;
	struct server_session *unconfirmed, *confirmed; /**< in order of check_at */
	struct server_session *doubted;                 /**< liveness.h */
	struct tscf_source_counts sources;
	struct tscf_siphash_key secret;
	uint64_t accepted; /**< encrypted connections there have been */
};

/** @return 0, or -errno. */
int server_sessions_init(struct server_sessions *table);

/** @return the configured session with this TSID, or NULL. */
struct server_session *server_session_find(const struct server_sessions *table, uint64_t tsid);
/** @return a random TSID that no session has and none is reserved for. */
uint64_t server_session_new_tsid(const struct server_state *state);

/** Where a tunnel's messages come from. */
struct server_place {
	struct server_listener *listener;
	struct tscf_peer *connection; /**< NULL: a datagram's source that nothing is known of but its address */
	union tscf_endpoint outer;
	struct tscf_addr local; /**< ours that it came to (tscf_packet.local) */
};

/**
 * Make an unconfirmed plain session at @p place.
 *
 * @param older  the session at that outer address, or NULL: then the address becomes a peer of the plain transport.  A
 * session that is pending there already is ended.  On a connection it is NULL.
 * @param lease  its internal addresses; this takes over one hold, on success, and the place in the interface's
 * allocator that the caller has claimed.
 * @return the session, or NULL when out of memory.
 */
struct server_session *server_session_new_plain(struct server_state *state, const struct server_place *place,
						struct server_session *older, struct server_lease *lease,
						const uint8_t *client_id, uint64_t now);

struct server_record;
/**
 * Make the plain session that @p record tells of, confirmed: it comes from the store or from another worker.  Its
 * bindings are the caller's affair.  @p interface is the one that the record names; NULL: there is none of that name.
 *
 * @return it, or NULL when its interface, addresses or outer address cannot be had.
 */
struct server_session *server_session_import(struct server_state *state, struct server_interface *interface,
					     const struct server_record *record, uint64_t now);

/** @p s is not in doubt any more (liveness.h). */
void server_session_undoubt(struct server_state *state, struct server_session *s);

/** Make a session for the new encrypted connection @p peer, which has yet to configure itself.  @return the session, or
 * NULL. */
struct server_session *server_session_accept(struct server_state *state, struct server_listener *listener,
					     struct tscf_peer *peer, uint64_t now);
/** @return the session of that serial, if it was accepted and is not configured yet; else NULL. */
struct server_session *server_session_accepted(const struct server_sessions *table, uint64_t serial);
/** The connection of an accepted session has become that of a plain tunnel, which is its peer's user now: end the
 * session. */
void server_session_discard(struct server_state *state, struct server_session *accepted, uint64_t now);
/**
 * The connection of @p s is gone; its peer is freed by the caller.  A plain session that is confirmed stays for the
 * persistence time; any other ends.
 */
void server_session_lost(struct server_state *state, struct server_session *s, uint64_t now, const char *why);

/**
 * The outer address of a plain session is proven: from now on data from there is its, and data to its internal address
 * goes there.  What stood in its place is ended.  Nothing happens if that has been done before.
 */
void server_session_confirm(struct server_state *state, struct server_session *s, uint64_t now);

/**
 * An accepted session is configured: give it its TSID and its addresses.  Takes over one hold of @p lease, and the
 * place in the interface's allocator that was claimed for it, and adds one hold to @p partner.  Bindings of its
 * predecessor are the caller's affair.
 *
 * @return 0, or -ENOMEM with nothing changed.
 */
int server_session_configure(struct server_state *state, struct server_session *s, uint64_t tsid,
			     struct server_lease *lease, struct server_lease *partner, uint32_t services, uint64_t now);

/**
 * A confirmed plain session goes on at @p place, which is proven.
 *
 * @param occupant  the session that lives there: it is ended; it may be @p s itself.  NULL: none.  On a connection it
 * is NULL.
 * @return 0, or -ENOMEM with the session where it was.
 */
int server_session_move(struct server_state *state, struct server_session *s, const struct server_place *place,
			struct server_session *occupant, uint64_t now);

/** The peer of the encrypted session @p s is at another outer address (transport.h: peer_moved). */
void server_session_moved(struct server_state *state, struct server_session *s, uint64_t now);

/** End the session @p occupant, and the one that is pending there: its outer address is another's.  NULL is allowed. */
void server_session_evict(struct server_state *state, struct server_session *occupant, uint64_t now);

/** End a session: bindings, addresses, peer, memory.  @p why is for the log. */
void server_session_end(struct server_state *state, struct server_session *s, uint64_t now, const char *why);

/** The client's shields are complete: the quiet is over. */
void server_session_unmute(struct server_state *state, struct server_session *s);

/** Send a keepalive request. */
void server_session_keepalive(struct server_session *s);

/** Send a control message that the server begins.  @p length as tscf_write_finish returned it. */
void server_session_send(struct server_session *s, const uint8_t *data, int length);

/** Tell every client whose session is quiet since the server was started, so that it lists its shields. */
void server_sessions_request_shields(struct server_state *state);
void server_sessions_expire(struct server_state *state, uint64_t now);
void server_sessions_end_all(struct server_state *state, uint64_t now);
/** End every session of @p i, none of which is confirmed. */
void server_sessions_end_at(struct server_state *state, const struct server_interface *i, uint64_t now);

#endif
