/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binding.h - which inner flows belong to the encrypted tunnel.
 *
 * One table is used at both ends.  At the server it is the binding table of the second dynamic encryption module;
 * at the client it is what the client has told the server.  tscf(7), "BINDINGS".
 *
 * An entry names a socket by its own (the client's) side: protocol, internal address, port, and optionally the
 * remote address and port.  Protocol and ports may be wildcards (0).  The most specific entry decides:
 *
 *     (protocol, local, local port, remote, remote port)
 *     (protocol, local, local port)
 *     (protocol, local)
 *     (local)
 *
 * States of an entry, and what a packet of the flow may do:
 *
 *     ACTIVE     moved: travels encrypted.  In clear only until grace_until, for packets that were under way
 *                when the socket moved.  An ACTIVE entry of level unencrypted is an exception to a wider entry: plain.
 *     RELEASED   moved back a moment ago: plain; encrypted packets still under way do not bind it again.
 *     SHIELD     encrypted-only, and no encrypted tunnel: dropped in both directions.  Ends only by a binding or
 *                release that arrives encrypted, or with the plain tunnel that owns it (it then is a tombstone).
 *     TOMBSTONE  the socket or its tunnel is gone: dropped in both directions until it expires.
 *
 * Expiry is lazy: an expired RELEASED or TOMBSTONE entry is not found; tscf_bindings_expire frees the memory.
 * Times are milliseconds of a monotonic clock that the caller reads once per loop iteration.
 */
#ifndef TSCF_BINDING_H
#define TSCF_BINDING_H

#include "common/base/addr.h"
#include "common/base/level.h"
#include "common/packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

/** How long a tombstone drops. */
#define TSCF_TOMBSTONE_MS 60000
/** How long packets that were under way in clear when a socket moved are still let through. */
#define TSCF_MOVE_GRACE_MS 250
/** How long encrypted packets still under way do not bind a released socket again. */
#define TSCF_RELEASED_MS 2000
/** "Until something else is said." */
#define TSCF_FOREVER UINT64_MAX

struct tscf_binding_key {
	struct tscf_addr local;
	struct tscf_addr remote; /**< family 0: any remote */
	uint16_t local_port;     /**< 0: any */
	uint16_t remote_port;
	uint8_t protocol; /**< 0: any */
};

/** @return whether the key is that of a whole local address, and not of one socket. */
static inline bool tscf_binding_key_is_whole(const struct tscf_binding_key *key)
{
	return key->protocol == 0 && key->local_port == 0;
}

enum tscf_binding_state { TSCF_BINDING_ACTIVE, TSCF_BINDING_RELEASED, TSCF_BINDING_SHIELD, TSCF_BINDING_TOMBSTONE };
#define TSCF_BINDING_STATES 4

struct tscf_binding {
	struct tscf_binding_key key;
	enum tscf_level level;
	enum tscf_binding_state state;
	bool implicit;             /**< made by an encrypted packet, not by a request */
	bool announced;            /**< client: the server holds an entry for this key */
	bool seen;             /**< client: a packet of it has come by the encrypted device */
	uint8_t stored;            /**< server: what its store holds for this key, enum server_stored_binding */
	uint32_t generation;       /**< for mark-and-sweep by the owner of the table */
	uint32_t plain_generation; /**< client: as generation, of plain sockets that have this key too */
	uint32_t request;          /**< server: sequence number of the last request about it ... */
	uint64_t session;          /**< ... and the TSID it came on */
	uint64_t cookie;           /**< client: the socket's SO_COOKIE, 0 if unknown */
	uint64_t guest_until;      /**< client, ACTIVE: a plain socket has it that must not be in clear until then */
	uint64_t grace_until;      /**< ACTIVE: clear packets are let through before this time; 0: never */
	uint64_t expires;          /**< RELEASED, TOMBSTONE: not there from this time on; else TSCF_FOREVER */
	void *owner;               /**< ACTIVE, RELEASED: the encrypted session; SHIELD: the plain session; else NULL */
	struct tscf_binding *owner_next, **owner_link; /**< list of the owner's entries, kept by this module */
};

/** The entries of one owner; zero-initialised, embedded in the owner. */
struct tscf_binding_list {
	struct tscf_binding *first;
	unsigned count;
};

struct tscf_bindings;

/** Called when an entry has been made or has changed, or is about to go. */
typedef void (*tscf_binding_changed)(void *context, struct tscf_binding *b, bool gone);

/** Which end of the flow @p info describes is the client's: the source (packets from the client) or the destination. */
enum tscf_direction { TSCF_FROM_LOCAL, TSCF_TO_LOCAL };

/** @return an empty table, or NULL when out of memory. */
struct tscf_bindings *tscf_bindings_new(void);
void tscf_bindings_free(struct tscf_bindings *table);
/** From now on have @p changed called, which must not change the table; NULL: nothing. */
void tscf_bindings_watch(struct tscf_bindings *table, tscf_binding_changed changed, void *context);
/** @return the number of entries of any state, expired ones that are not freed yet included. */
unsigned tscf_bindings_count(const struct tscf_bindings *table);
/** @return how many of these are in @p state.  O(1). */
unsigned tscf_bindings_in_state(const struct tscf_bindings *table, enum tscf_binding_state state);

/**
 * Find the entry that decides on a packet: the most specific one that covers @p flow (a key without wildcards) and has
 * not expired at @p now.  O(1).  @return NULL if there is none.
 */
struct tscf_binding *tscf_bindings_find(struct tscf_bindings *table, const struct tscf_binding_key *flow, uint64_t now);

/** Find the entry with exactly this key, wildcards meaning themselves, expired or not.  @return it, or NULL. */
struct tscf_binding *tscf_bindings_get(struct tscf_bindings *table, const struct tscf_binding_key *key);

/**
 * Make or change the entry with this key: state ACTIVE, owned by @p owner and on its @p list (NULL: on none).
 * grace_until is left as it was on an ACTIVE entry and is 0 on any other; implicit and cookie become 0.
 *
 * @return the entry, or NULL when out of memory.
 */
struct tscf_binding *tscf_bindings_bind(struct tscf_bindings *table, const struct tscf_binding_key *key,
					enum tscf_level level, void *owner, struct tscf_binding_list *list);

/**
 * As tscf_bindings_bind, with state SHIELD and level encrypted-only, unless the entry is ACTIVE: that is left alone.
 *
 * @return the entry or NULL.
 */
struct tscf_binding *tscf_bindings_shield(struct tscf_bindings *table, const struct tscf_binding_key *key, void *owner,
					  struct tscf_binding_list *list);

/**
 * The socket moved back: RELEASED until @p now + TSCF_RELEASED_MS.  An ACTIVE or RELEASED entry keeps its owner (whose
 * list so bounds its entries), any other has none afterwards.
 */
void tscf_binding_release(struct tscf_binding *b, uint64_t now);

/** The socket or its tunnel is gone: TOMBSTONE until @p now + TSCF_TOMBSTONE_MS, no owner. */
void tscf_binding_bury(struct tscf_binding *b, uint64_t now);

/** Take the entry out of the table and free it. */
void tscf_bindings_remove(struct tscf_bindings *table, struct tscf_binding *b);

/** Free every entry that has expired at @p now.  Bounded work: at most @p most entries are looked at per call. */
void tscf_bindings_expire(struct tscf_bindings *table, uint64_t now, unsigned most);

/** Call @p each for every entry; the callback may remove or change the entry it is given, no other. */
void tscf_bindings_each(struct tscf_bindings *table, void (*each)(void *context, struct tscf_binding *b),
			void *context);

/** @return the number of entries of @p local, expired ones that are not freed yet included. */
unsigned tscf_bindings_of(struct tscf_bindings *table, const struct tscf_addr *local);

/** @return whether any entry, expired or not, covers @p local: the quick way past fragments when nothing is bound. */
bool tscf_bindings_any(struct tscf_bindings *table, const struct tscf_addr *local);

/** The key of the flow that @p info belongs to, seen from @p direction.  For a quote, give the opposite direction. */
void tscf_binding_key_of(const struct tscf_packet_info *info, enum tscf_direction direction,
			 struct tscf_binding_key *key);

/**
 * The key that a socket is bound by when only one of its flows is known: TCP connections by the whole flow, everything
 * else by protocol and local address and port; a flow without local port by the whole flow too, since port 0 would bind
 * all of the protocol.  Clients register with the same keys, so that what was implicit becomes explicit, not double.
 */
void tscf_binding_key_implicit(const struct tscf_binding_key *flow, struct tscf_binding_key *key);

#endif
