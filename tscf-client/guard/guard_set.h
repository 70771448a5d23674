/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_set.h - the guard's BPF programs and maps in the kernel: found, or loaded and attached.
 *
 * One set of programs is attached to the root of cgroup v2 and serves the whole host: its map `nets' has an entry for
 * each network namespace that has a client, by the namespace's cookie, and in the others the programs do nothing.  So
 * many clients in many namespaces cost each packet one look-up, and none of the 64 places that a cgroup has.  A set
 * belongs to one build of the client, whose checksum is the name of that map.  A client of another build attaches its
 * own set beside it, writes its entry there, and then takes its entry out of the other one: there is no moment without.
 * A set without entries is detached.
 *
 * The programs are attached as such (BPF_PROG_ATTACH), not by links: the cgroup then holds them, and they hold the
 * maps, however the client ends.  Links would need pins in a bpffs, and that is per mount: a service with a private
 * one, or `ip netns exec', would lose or miss them, and the guard with them.  What is attached is found again by asking
 * the cgroup (BPF_PROG_QUERY).
 *
 * That takes CAP_SYS_ADMIN, only until guard_set_open has returned: maps are written by descriptor, and CAP_NET_ADMIN
 * detaches.
 */
#ifndef TSCF_CLIENT_GUARD_SET_H
#define TSCF_CLIENT_GUARD_SET_H

#include "tscf-client/guard/guard_map.h"

#include <stdbool.h>
#include <stdint.h>

#define GUARD_PROGRAMS 9
/** Room for the reason of a failure. */
#define GUARD_REASON 128

/** The maps of a set. */
enum guard_map {
	GUARD_MAP_NETS,
	GUARD_MAP_COUNTS,
	GUARD_MAP_RINGS,
	GUARD_MAP_SOCKETS,
	GUARD_MAP_GROUPS,
	GUARD_MAP_WAITING,
	GUARD_MAPS
};

struct guard_set {
	int root;   /**< the cgroup */
	bool fresh; /**< this namespace was not guarded before: there may be sockets that are older */
	int maps[GUARD_MAPS];
	int ring;                     /**< of events for this client */
	int programs[GUARD_PROGRAMS]; /**< in the order of their types in guard_set.c */
	uint64_t netns;               /**< cookie of the namespace that this client is in */
};

/** Nothing is open; may be closed. */
void guard_set_init(struct guard_set *s);

/** What guard_set_open asks its caller. */
struct guard_set_owner {
	/** About the entry that there is; by false it is left to its owner, and nothing is changed. */
	bool (*take)(const struct guard_net *present);
	/** @p net is about to become the entry: what must be there before. */
	void (*prepare)(void *context, const struct guard_net *net);
	void *context;
};

/**
 * Guard this network namespace with @p first: attach the programs unless they are, and write the entry before any other
 * guard of the namespace lets go of its own.
 *
 * @return 0, or -errno with the reason: -EBUSY it was left to its owner, -EOPNOTSUPP built without, -EPERM no right ...
 */
int guard_set_open(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner,
		   char reason[GUARD_REASON]);

/** Note a cgroup.  @return 0 or -errno: -E2BIG there is no room. */
int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group);
void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key);
/** What was noted.  @return 0 or -errno. */
int guard_set_group(const struct guard_set *s, const struct guard_group_key *key, struct guard_group *group);
/** One after another, of all namespaces; @p after NULL: the first.  @return 0, or -errno: there is no more. */
int guard_set_next_group(const struct guard_set *s, const struct guard_group_key *after, struct guard_group_key *next);
/** Forget what was noted here for other generations, but not those of tscf-run. */
void guard_set_keep_groups(const struct guard_set *s, uint32_t generation);

/** Replace this namespace's entry at once for all processors.  @return 0 or -errno. */
int guard_set_write(const struct guard_set *s, const struct guard_net *net);
/** @return 0 or -errno: -ENOENT somebody has taken it away. */
int guard_set_read(const struct guard_set *s, struct guard_net *net);
/** What has been counted here; all 0 if there is nothing. */
void guard_set_counts(const struct guard_set *s, struct guard_counts *counts);
/** @return whether each program is still attached. */
bool guard_set_attached(const struct guard_set *s);

/** What was last asked of the socket behind @p fd, as in struct guard_event; 0: nothing. */
uint64_t guard_set_asked(const struct guard_set *s, int fd);

/** Have the guard know of the socket behind @p fd, which may be older than it.  @return whether it was. */
bool guard_set_adopt(const struct guard_set *s, int fd);

/** Nobody listens to this namespace's events any more. */
void guard_set_deaf(const struct guard_set *s);
/** Guard this namespace no longer; if none is left that this set guards, detach it. */
void guard_set_remove(const struct guard_set *s);
/** Close what is open.  The guard goes on. */
void guard_set_close(struct guard_set *s);

/** Remove every guard of this network namespace, whichever build has made it.  @return 0 or -errno. */
int guard_set_flush(void);

#endif
