/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry_entry.h - what the parts of the registry do with single entries: registry.c (entries), registry_dump.c
 * (existing sockets), registry_see.c (one of them), registry_told.c (sockets that come and go between two dumps),
 * registry_cover.c (more sockets than the server has room for), registry_guest.c (plain sockets at the keys of closed
 * ones).
 */
#ifndef TSCF_CLIENT_REGISTRY_ENTRY_H
#define TSCF_CLIENT_REGISTRY_ENTRY_H

#include "tscf-client/sockets/registry.h"

/** @return whether the server has yet to be told of @p b: of a socket that needs an entry there, or no longer does. */
static inline bool registry_is_unknown(const struct tscf_binding *b)
{
	if (b->state != TSCF_BINDING_ACTIVE)
		return b->announced;
	return !b->announced && tscf_level_wants_encryption(b->level);
}

/* registry.c */
/** Send something about @p key to the server at the end of this loop iteration; @p waiter (or 0) is notified of the
 * outcome. */
void registry_queue(struct registry *r, const struct tscf_binding_key *key, enum tscf_bind_action action,
		    enum tscf_level level, bool moved, uint64_t waiter);
/** Release @p b: it stays as RELEASED until the server has confirmed.  @p level: what the socket is now. */
void registry_release_entry(struct registry *r, struct tscf_binding *b, enum tscf_level level, uint64_t waiter);
/** The encrypted-preferred socket of the ACTIVE entry @p b is closed: as registry_release_entry, but what the remote
 * end still sends is to go encrypted. */
void registry_close_preferred(struct registry *r, struct tscf_binding *b);
/** The preferred socket with that cookie is plain until there is a tunnel: @p b (or NULL) no longer binds it. */
void registry_keep_plain(struct registry *r, struct tscf_binding *b, uint64_t cookie);
/** @return whether an entry wider than @p key leads the key's packets to the encrypted tunnel. */
bool registry_wider_entry(struct registry *r, const struct tscf_binding_key *key);
/** @return whether every socket that matters is known, so that no dump is needed. */
bool registry_is_told(const struct registry *r);
/** @return ms from one dump to the next if there is no guard, or something is under way. */
uint64_t registry_pause_without_guard(const struct registry *r);
/** Dump after that time at the latest: something is under way. */
void registry_resync_within(struct registry *r);

/* registry_see.c */
/** A socket as the kernel has it: bind it, or release it, if its level says so.  @p told: by an event, not by a dump.
 */
void registry_see(struct registry *r, const struct tscf_socket *s, bool told);
/** The socket of the ACTIVE entry @p b is gone, and no other has its key. */
void registry_end_entry(struct registry *r, struct tscf_binding *b);

/* registry_told.c; registry_told and registry_flow are in registry.h */
/** The socket with that cookie is gone. */
void registry_gone(struct registry *r, uint64_t cookie);
/** A dump is complete: compare it with what is known. */
void registry_compare(struct registry *r);
/** @return ms from one dump to the next. */
uint64_t registry_pause(struct registry *r);

/* registry_cover.c; registry_cover is in registry.h */
/** @return whether nothing is to be sent to the server, or under way. */
bool registry_is_idle(const struct registry *r);
/** @return whether the server has an entry for every socket that needs one, and none more. */
bool registry_all_known(const struct registry *r);
/** After a dump: once the server has an entry for every socket, nothing is refused any more, and the address as a whole
 * is free again. */
void registry_settle(struct registry *r);

/* registry_guest.c; registry_guest is in registry.h */
/**
 * After a dump, of an entry with a guest_until: it becomes plain when the tombstone that it replaced would have
 * expired.  If it falls silent before, it becomes a tombstone again.
 */
void registry_sweep_guest(struct registry *r, struct tscf_binding *b);

#endif
