/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binding.h - which inner flows belong to the encrypted tunnel.
 *
 * Both ends use one such table.  At the server it is the binding table of the second dynamic encryption module; at the
 * client it holds what the client has announced to the server.  tscf(7), "BINDINGS".
 *
 * An entry names a socket by the client's side of it: protocol, internal address, port, and optionally the remote
 * address and port.  Protocol and ports may be wildcards (0).  The most specific entry decides (key_table.h).
 *
 * States of an entry, and how its packets are handled:
 *
 *     ACTIVE     moved: sent encrypted.  Clear packets are let through only until grace_until, for packets that
 *                were in transit when the socket moved.  An ACTIVE entry of level unencrypted is an exception to a
 *                wider entry: plain.  That of an encrypted-preferred socket that is closed expires soon.
 *     RELEASED   moved back a moment ago: plain; encrypted packets still in transit do not bind it again.
 *     SHIELD     encrypted-only, and no encrypted tunnel: dropped in both directions.  Ends only by a binding or
 *                release that arrives encrypted, or with the plain tunnel that owns it (it then is a tombstone).
 *     TOMBSTONE  the socket or its tunnel is gone: dropped in both directions until it expires.
 *
 * Expiry is lazy: an expired entry is not found; tscf_bindings_expire frees the memory.  Times
 * are milliseconds of a monotonic clock that the caller reads once per loop iteration.
 */
#ifndef TSCF_BINDING_H
#define TSCF_BINDING_H

#include "common/base/addr.h"
#include "common/base/level.h"
#include "common/packet/key_table.h"
#include "common/packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

/** How long the packets of a tombstone are dropped. */
#define TSCF_TOMBSTONE_MS 60000
/** How long clear packets that were in transit when their socket moved are still let through. */
#define TSCF_MOVE_GRACE_MS 250
/** How long encrypted packets that are still in transit do not bind a released socket again. */
#define TSCF_RELEASED_MS 2000
/** How long packets for an encrypted-preferred socket that is closed still go encrypted. */
#define TSCF_CLOSED_MS 2000
/** Until something else is set. */
#define TSCF_FOREVER UINT64_MAX

/** @return whether the key covers a whole local address, and not one socket. */
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
	bool implicit;       /**< made by an encrypted packet, not by a request */
	bool announced;      /**< client: the server holds an entry for this key */
	bool seen;           /**< client: a packet of the flow has come by the encrypted device */
	bool shielded;       /**< client, an exception: the server may still have a shield for this key */
	bool kept;           /**< client: an encrypted session may still hold an encrypted-only entry for this key */
	bool inherited;      /**< server: of a former session, and not confirmed by its client since */
	uint8_t stored;      /**< server: what its store holds for this key, enum server_stored_binding */
	uint32_t generation; /**< for mark-and-sweep by the owner of the table */
	uint32_t plain_generation; /**< client: like generation, for plain sockets that have the same key */
	uint32_t request;          /**< server: sequence number of the last request about this entry ... */
	uint64_t session;          /**< ... and the TSID of its tunnel */
	uint64_t cookie;           /**< client: the socket's SO_COOKIE, 0 if unknown */
	uint64_t guest_until; /**< client, ACTIVE: a plain socket shares the key; it must not be in clear until then */
	uint64_t grace_until; /**< ACTIVE: clear packets are let through before this time; 0: never */
	uint64_t
	    expires; /**< RELEASED, TOMBSTONE, the socket is closed: ignored from this time on; else TSCF_FOREVER */
	void *owner; /**< ACTIVE, RELEASED: the encrypted session; SHIELD: the plain session; else NULL */
	struct tscf_binding *owner_next, **owner_link; /**< list of the owner's entries, kept by this module */
};

/** The entries of one owner; zero-initialised, embedded in the owner. */
struct tscf_binding_list {
	struct tscf_binding *first;
	unsigned count;
};

struct tscf_bindings;

/** Called when an entry has been made or changed, or is about to be removed. */
typedef void (*tscf_binding_changed)(void *context, struct tscf_binding *b, bool gone);

/** Which end of a flow is the client's: the source (packets from the client) or the destination. */
enum tscf_direction { TSCF_FROM_LOCAL, TSCF_TO_LOCAL };

/** @return an empty table, or NULL when out of memory. */
struct tscf_bindings *tscf_bindings_new(void);
void tscf_bindings_free(struct tscf_bindings *table);
/** Set the callback @p changed, which must not change the table; NULL: none. */
void tscf_bindings_watch(struct tscf_bindings *table, tscf_binding_changed changed, void *context);
/** @return the number of entries of any state, including expired ones that are not freed yet. */
unsigned tscf_bindings_count(const struct tscf_bindings *table);
/** @return the number of entries in @p state, expired ones included in the same way.  O(1). */
unsigned tscf_bindings_in_state(const struct tscf_bindings *table, enum tscf_binding_state state);

/**
 * Find the entry that decides on a packet: the most specific one that covers @p flow (a key without wildcards) and has
 * not expired at @p now.  O(1).  @return NULL if there is none.
 */
struct tscf_binding *tscf_bindings_find(struct tscf_bindings *table, const struct tscf_binding_key *flow, uint64_t now);

/** Find the entry with exactly this key, expired or not; a wildcard only matches a wildcard.  @return it, or NULL. */
struct tscf_binding *tscf_bindings_get(struct tscf_bindings *table, const struct tscf_binding_key *key);

/**
 * Make or change the entry with this key: state ACTIVE, owned by @p owner and on its @p list (NULL: on none).  An
 * ACTIVE entry keeps its grace_until, any other gets 0; implicit and cookie become 0.
 *
 * @return the entry, or NULL when out of memory.
 */
struct tscf_binding *tscf_bindings_bind(struct tscf_bindings *table, const struct tscf_binding_key *key,
					enum tscf_level level, void *owner, struct tscf_binding_list *list);

/**
 * Like tscf_bindings_bind, with state SHIELD and level encrypted-only.  An ACTIVE entry is left alone.
 *
 * @return the entry or NULL.
 */
struct tscf_binding *tscf_bindings_shield(struct tscf_bindings *table, const struct tscf_binding_key *key, void *owner,
					  struct tscf_binding_list *list);

/**
 * The socket moved back: RELEASED until @p now + TSCF_RELEASED_MS.  An ACTIVE or RELEASED entry keeps its owner (so it
 * still counts on the owner's list), any other entry has none afterwards.
 */
void tscf_binding_release(struct tscf_binding *b, uint64_t now);

/**
 * The socket of @p b, which is ACTIVE, is closed, and the next one of its port may be plain: until @p until what the
 * remote end still sends goes encrypted, and clear packets are let through.
 */
void tscf_binding_close(struct tscf_binding *b, uint64_t until);

/** The socket or its tunnel is gone: TOMBSTONE until @p now + TSCF_TOMBSTONE_MS, no owner. */
void tscf_binding_bury(struct tscf_binding *b, uint64_t now);

/** Remove the entry from the table and free it. */
void tscf_bindings_remove(struct tscf_bindings *table, struct tscf_binding *b);

/** Free every entry that has expired at @p now.  Bounded work: at most @p most entries are looked at per call. */
void tscf_bindings_expire(struct tscf_bindings *table, uint64_t now, unsigned most);

/** Call @p each for every entry; the callback may remove or change the entry that it gets, but no other. */
void tscf_bindings_each(struct tscf_bindings *table, void (*each)(void *context, struct tscf_binding *b),
			void *context);

/** The same for every entry of @p local, expired or not.  O(their number). */
void tscf_bindings_each_of(struct tscf_bindings *table, const struct tscf_addr *local,
			   void (*each)(void *context, struct tscf_binding *b), void *context);

/** @return the number of entries of @p local, including expired ones that are not freed yet. */
unsigned tscf_bindings_of(struct tscf_bindings *table, const struct tscf_addr *local);

/** @return whether any entry, expired or not, covers @p local: without one, fragments need no lookup. */
bool tscf_bindings_any(struct tscf_bindings *table, const struct tscf_addr *local);

/**
 * The key of the flow that @p info belongs to, seen from @p direction.  For the packet quoted in an ICMP error, give
 * the opposite direction.
 */
void tscf_binding_key_of(const struct tscf_packet_info *info, enum tscf_direction direction,
			 struct tscf_binding_key *key);

/**
 * The key for a binding of a socket of which only one flow is known.  TCP connections: the whole flow.  Everything
 * else: protocol, local address and local port; but the whole flow if it has no local port, since port 0 would bind the
 * whole protocol.  Clients register with the same keys, so a later request makes an implicit entry explicit instead of
 * adding a second one.
 */
void tscf_binding_key_implicit(const struct tscf_binding_key *flow, struct tscf_binding_key *key);

#endif
