/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry.h - which sockets belong in the encrypted tunnel, and what the server knows of them.
 *
 * The kernel is the register of sockets (sockdiag.h); this module keeps only what it has sent to the server: a binding
 * table (binding.h).  A dump of the marked sockets ("resync") is compared with the table: new sockets are bound,
 * sockets that are gone are closed.  The library's reports and the packets themselves only make that happen earlier.
 * Where a guard tells of sockets, a dump only checks what is known.
 *
 * A socket's packets are safe even before the registry knows the socket: the kernel decides by its mark.  After the
 * socket has closed, its entry stays as a tombstone, for packets that the kernel still sends on its behalf (TCP of
 * orphaned sockets, resets, ICMP errors that quote it).
 *
 * tscf(7), "BINDINGS".
 */
#ifndef TSCF_CLIENT_REGISTRY_H
#define TSCF_CLIENT_REGISTRY_H

#include "common/daemon/timers.h"
#include "common/linux/sockdiag.h"
#include "common/packet/binding.h"
#include "common/packet/fragment.h"
#include "common/packet/message.h"
#include "tscf-client/dtte.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/sockets/accept_queue.h"
#include "tscf-client/sockets/device_bound.h"
#include "tscf-client/sockets/known.h"
#include "tscf-client/sockets/preferred.h"
#include "tscf-client/sockets/shares.h"
#include "tscf-client/tunnel/tunnel.h"

#include <stdbool.h>
#include <stdint.h>

/** Shortest and longest time between two dumps while marked sockets exist. */
#define REGISTRY_RESYNC_MIN_MS 100
#define REGISTRY_RESYNC_MAX_MS 5000
/** The longest time while a policy encrypts: no library reports such sockets. */
#define REGISTRY_RESYNC_POLICY_MS 1000
/** Shortest time between two looks for entries that have expired. */
#define REGISTRY_EXPIRY_PAUSE_MS 1000
/** The longest time while a guard tells of sockets: then a listing only checks what is known. */
#define REGISTRY_RECONCILE_MS 30000
/** A change of which the guard has told before it was made has been made by then. */
#define REGISTRY_MOMENT_MS 5
/** A moved socket's clear packets are let through at most this long while the server has not confirmed. */
#define REGISTRY_UNCONFIRMED_MS 3000
/** A waiter for the release of all preferred sockets; any other value identifies a move. */
#define REGISTRY_WAITER_PREFERRED UINT64_MAX
/** After a sign of an encrypted-only socket that no listing shows, it counts so long: two listings are nearer. */
#define REGISTRY_ONLY_MS 12000
/** Room for the reason of a refusal: the name of its code, and a text. */
#define REGISTRY_REFUSAL 240
/** Stands for a cookie: several sockets have the key. */
#define REGISTRY_SEVERAL UINT64_MAX

/** What to send to the server about one socket; `waiter` is notified when the server has answered. */
struct registry_op {
	struct tscf_wire_binding wire;
	uint64_t waiter;
};

/** Events that the registry reports to the modules above it, with the context that its owner has set (events.c). */
struct registry_events {
	/** The server has confirmed what @p waiter waits for (error 0), or cannot (-errno). */
	void (*acknowledged)(void *context, uint64_t waiter, int error);
	/** @return whether the socket with that cookie is on its way to the plain tunnel. */
	bool (*is_leaving)(void *context, uint64_t cookie);
	/** A preferred socket is about to be released, since all are to be plain. */
	void (*releasing)(void *context);
	/** A dump has found this socket, with a level of its own. */
	void (*seen)(void *context, const struct tscf_socket *s, enum tscf_level level);
	/** A dump is complete: sockets that were not seen in it are gone. */
	void (*dumped)(void *context);
	/** The socket with that cookie is gone. */
	void (*gone)(void *context, uint64_t cookie);
	/** What the server knows of some socket has changed. */
	void (*changed)(void *context);
	/** Handle the events of the guard that are there. */
	void (*catch_up)(void *context);
};

/** The owner sets what it uses. */
struct registry {
	const struct client_config *config;
	struct tscf_timers *timers;
	struct dtte *dtte;
	const struct preferred *preferred;
	const struct accept_queue *accept_queue;
	const struct tscf_tun *encrypted_tun;
	struct tunnel *plain, *encrypted; /**< its messages go there */
	const struct registry_events *events;
	void *context; /**< of the events */
	struct tscf_timer timer;
	struct tscf_bindings *table;
	struct tscf_binding_list list; /**< all ACTIVE entries */
	struct tscf_fragments *fragments;
	struct tscf_sockdiag *diag;
	struct device_bound device_bound;
	struct shares shares;
	/** To send at the end of this loop iteration, or when a request under way for the same key has been
	 * answered. */
	struct registry_op *pending;
	unsigned pending_count, pending_size;
	struct tscf_bindings *under_way[2]; /**< keys sent to the server and not yet answered: plain, encrypted */
	uint32_t generation;                /**< of the running or last dump */
	bool dumping;
	bool unannounced; /**< sockets may be encrypted by policy, and only dumps find them */
	bool lists_all;   /**< dumps list sockets without a mark, too */
	bool seen_any;    /**< some socket has been marked since start */
	uint64_t dump_started, resync_at;
	uint64_t expire_at;   /**< when to look for entries that have expired, beside the dumps */
	unsigned counts[4];   /**< marked sockets by level, as of the last dump */
	unsigned counting[4]; /**< in the running dump */
	bool covered;         /**< the server has no room for some socket: the whole address is encrypted instead */
	bool exact;           /**< the guard tells of sockets: the members below are in use */
	bool complete;        /**< all sockets are known, since no event was lost after the last dump began */
	bool lost;            /**< events were lost since the running or last dump began */
	bool asked;           /**< the next dump was asked for; else it only checks what is known */
	bool follow;          /**< the next dump may be too early for a change that the guard has told of */
	bool reconciling;     /**< the running or last dump was not asked for */
	struct known known;
	uint64_t distrust_until; /**< until then, list the sockets as without a guard */
	uint64_t listings;       /**< dumps since the start */
	uint64_t sockets_missed; /**< found by a dump, but by no event */
	uint64_t sockets_stale;  /**< missing in two dumps without a destroy event */
	enum tscf_level stated;  /**< the need that the last request for the tunnel stated */
	unsigned only;           /**< encrypted-only entries as of the last dump: flows of raw sockets included */
	uint64_t only_until;     /**< until then an encrypted-only socket is counted that may be in no listing */
	bool native;             /**< a packet of such a socket, bound to the encrypted address, was seen (decide.h) */
	unsigned guests;         /**< entries with a guest_until (binding.h), as of the last dump */
	bool announcing;         /**< the server is still to be told that the new encrypted tunnel has all sockets */
	bool listed;             /**< announcing: since then a dump has ended, and no entry was found to be unknown */
	bool entries_left;       /**< a tunnel is wanted to end what former ones have left at the server */
	bool quiet;              /**< the server sends nothing down the plain tunnel until the shields are complete */
	char refusal[REGISTRY_REFUSAL]; /**< why the server did not take what it was told last; empty: it knows all */
	unsigned shielding;             /**< shield requests under way */
	bool unshielding;               /**< an unshield request is under way */
	uint8_t shield_key[32], next_shield_key[32]; /**< lifts our shields on the plain tunnel; tscf(7), "SHIELDS" */
};

/** @return 0 or -errno. */
int registry_init(struct registry *r);
/** What it uses is forgotten, too. */
void registry_free(struct registry *r);
/**
 * The configuration has other policies now: bind and release sockets by them, with a dump that is complete when this
 * returns.  Call it before the rules change.
 *
 * @return 0 or -errno.
 */
int registry_policies_changed(struct registry *r);

/**
 * The keys that a socket is bound by: one, or, if it is bound to the any-address of both families, one per family.
 *
 * @return how many; 0 without a port or with an address that is not of the plain tunnel.
 */
unsigned registry_keys(const struct registry *r, const struct tscf_socket *s,
		       struct tscf_binding_key keys[TSCF_FAMILIES]);

/** @return the level of a socket: by its mark, or else by policy; TSCF_LEVEL_DEFAULT if neither gives one. */
enum tscf_level registry_level(const struct registry *r, const struct tscf_socket *s);
/** @return what @p level means for the path of the packets: the default one becomes the level in the configuration. */
enum tscf_level registry_effective(const struct registry *r, enum tscf_level level);

/**
 * The socket with this key is of @p level now (one that wants encryption).  @p moved: it was plain until now, clear
 * packets may be under way.  @p waiter, if not 0, is notified (events->acknowledged) when the server has confirmed.
 */
void registry_bind(struct registry *r, const struct tscf_binding_key *key, enum tscf_level level, uint64_t cookie,
		   bool moved, uint64_t waiter);
/** @return whether @p b binds a socket that wants encryption, other than the one with @p cookie. */
bool registry_is_of_others(const struct tscf_binding *b, uint64_t cookie);
/** The socket moves back to the plain tunnel; @p waiter is notified when the server has confirmed, or at once if the
 * server need not know. */
void registry_release(struct registry *r, const struct tscf_binding_key *key, uint64_t waiter);
/** The socket has the default level again, and the whole address is bound: the socket is no longer an exception. */
void registry_end_exception(struct registry *r, const struct tscf_binding_key *key, uint64_t waiter);
/** The encrypted-preferred sockets are to be plain: move them.  Each is reported to preferred.h before and after. */
void registry_release_preferred(struct registry *r);
/** A packet came by the encrypted device while there is no tunnel, so it is of no preferred socket: request it. */
void registry_request_tunnel(struct registry *r);
/** A packet of an encrypted flow that has no binding: find out later which socket sends it. */
void registry_flow(struct registry *r, const struct tscf_binding_key *flow);

/**
 * A clear packet of a new socket at the key of an encrypted-only one that has closed: the packet must not go in clear,
 * and the encrypted tunnel serves the socket until the tombstone would have expired.
 */
void registry_guest(struct registry *r, const struct tscf_binding_key *flow);
/** The server has no room for a socket: it has made the whole address encrypted, or silent.  The client does the
 * same. */
void registry_cover(struct registry *r);

/** Soon compare the kernel's sockets with the table. */
void registry_resync_soon(struct registry *r);
/** The same for a change that is about to be made: after a moment, and once more after the time without a guard. */
void registry_resync_after(struct registry *r);
/** Compare them before returning, for callers that need a complete table. */
void registry_resync_now(struct registry *r);
/**
 * The guard's events show each socket from now on (@p exact), or do so no more.  While they do, a dump is needed at the
 * start, when events were lost, and rarely to compare (counters socket_listings, sockets_missed, sockets_stale).
 */
void registry_set_exact(struct registry *r, bool exact);
/** Events of the guard were lost: list the sockets. */
void registry_lost(struct registry *r);
/** A socket is as @p s says: it has a port or a level now.  Without a guard, or while something is not known, dump
 * soon. */
void registry_told(struct registry *r, const struct tscf_socket *s);
/**
 * The server has entries of a former encrypted tunnel, perhaps of a former run of the client, that block the ports of
 * sockets in clear.  If no socket wants an encrypted tunnel, one is requested to tell the server which sockets there
 * are, and no longer wanted afterwards.
 */
void registry_entries_left(struct registry *r);
/** The encrypted tunnel is up: send every binding to the server. */
void registry_tunnel_up(struct registry *r);
/** The encrypted tunnel is gone. */
void registry_tunnel_lost(struct registry *r);
/**
 * The plain tunnel is (again) up, or the encrypted one cannot be set up: list all encrypted-only sockets as shields,
 * including those that were just moving, and end the quiet.
 */
void registry_shield_all(struct registry *r);
/** The internal address has changed: forget the sockets that were bound to the old one. */
void registry_forget(struct registry *r);

/** Send the pending operations. */
void registry_flush(struct registry *r);

/** @return whether any socket wants the encrypted tunnel. */
bool registry_demand(const struct registry *r);
/**
 * An encrypted-only socket was seen that listings may not show, since it has no port yet, or is about to be bound.  If
 * the tunnel was refused for preferred sockets, it is requested again at once.
 */
void registry_only_seen(struct registry *r);
/**
 * @return the highest level that the encrypted tunnel is needed for: encrypted-preferred if no sign of an
 * encrypted-only socket was seen of late, else encrypted-only.  A wrong answer errs to encrypted-only.
 */
enum tscf_level registry_need(struct registry *r);
/** @return whether an encrypted-only socket is known. */
bool registry_has_only(const struct registry *r);

#endif
