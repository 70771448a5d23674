/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_set.h - the guard's BPF programs and maps in the kernel: found, or loaded and attached.
 *
 * One set of programs is attached to the root of cgroup v2 and serves the whole host: its map `nets` has an entry for
 * each network namespace that has a client, by the namespace's cookie.  In other namespaces the programs do nothing.
 * So, however many clients there are, each packet costs one look-up, and further clients take none of the cgroup's 64
 * places for programs.  A set belongs to one build of the client, whose checksum is the name of that map.  A client of
 * another build attaches its own set beside it, writes its entry there, and then removes its entry from the other one,
 * so the namespace is guarded at every moment.  A set without entries is detached.  The other maps of a set may be made
 * differently in another build, so only clients of its own build remove anything from them (guard_set_sweep).
 *
 * The programs are attached directly (BPF_PROG_ATTACH), not by links: the cgroup then holds them, and they hold the
 * maps, however the client ends.  Links would need pins in a bpffs, which is per mount.  A service with a private
 * bpffs, or `ip netns exec', would lose or miss the pins, and the guard with them.  Attached programs are found again
 * by querying the cgroup (BPF_PROG_QUERY).
 *
 * This takes CAP_SYS_ADMIN, but only until guard_set_open has returned: maps are written by descriptor, and detaching
 * takes CAP_NET_ADMIN only.
 */
#ifndef TSCF_CLIENT_GUARD_SET_H
#define TSCF_CLIENT_GUARD_SET_H

#include "tscf-client/guard/guard_map.h"

#include <stdbool.h>
#include <stdint.h>

#define GUARD_PROGRAMS 14
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
	GUARD_MAP_ASKED,
	GUARD_MAP_QUICK,
	GUARD_MAPS
};

struct guard_set {
	int root;   /**< the cgroup */
	bool fresh; /**< this namespace was not guarded before: there may be older sockets */
	bool ruled; /**< it was, with policies: sockets may have levels from these */
	int maps[GUARD_MAPS];
	int ring;                     /**< of events for this client */
	int programs[GUARD_PROGRAMS]; /**< in the order of their types in guard_set.c */
	uint64_t netns;               /**< cookie of the namespace that this client is in */
};

/** Begin with nothing open; may be closed. */
void guard_set_init(struct guard_set *s);

/** Callbacks of guard_set_open. */
struct guard_set_owner {
	/** Whether to take over the entry @p present.  If false, the entry is left to its owner, and nothing is
	 * changed. */
	bool (*take)(const struct guard_net *present);
	/** @p net is about to become the entry: write whatever must exist before. */
	void (*prepare)(void *context, const struct guard_net *net);
	void *context;
};

/**
 * Guard this network namespace with @p first: attach the programs unless they are attached, and write the entry before
 * any other guard of the namespace removes its own.
 *
 * @return 0, or -errno with the reason: -EBUSY the entry was left to its owner, -EOPNOTSUPP a build without BPF, -EPERM
 * no permission ...
 */
int guard_set_open(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner,
		   char reason[GUARD_REASON]);

/** Register a cgroup.  @return 0 or -errno: -E2BIG there is no room. */
int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group);
/** Remove a cgroup; no effect if it is not registered. */
void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key);
/** Read the entry of a registered cgroup.  @return 0 or -errno. */
int guard_set_group(const struct guard_set *s, const struct guard_group_key *key, struct guard_group *group);
/** Iterate over the cgroups of all namespaces; @p after NULL: the first.  @return 0, or -errno: there are no more. */
int guard_set_next_group(const struct guard_set *s, const struct guard_group_key *after, struct guard_group_key *next);
/** Forget cgroups of this namespace registered for other generations, but not those of tscf-run. */
void guard_set_keep_groups(const struct guard_set *s, uint32_t generation);

/** Replace this namespace's entry atomically for all processors.  @return 0 or -errno. */
int guard_set_write(const struct guard_set *s, const struct guard_net *net);
/** @return 0 or -errno: -ENOENT another process has removed it. */
int guard_set_read(const struct guard_set *s, struct guard_net *net);
/** The counters of this namespace; all 0 if there are none. */
void guard_set_counts(const struct guard_set *s, struct guard_counts *counts);
/** @return whether each program is still attached. */
bool guard_set_attached(const struct guard_set *s);

/** @return the last request for the socket behind @p fd, as `asked` in struct guard_event; 0: none. */
uint64_t guard_set_asked(const struct guard_set *s, int fd);

/** @return whether the socket behind @p fd has sent to a remote for which a policy says encrypted-only. */
bool guard_set_sent(const struct guard_set *s, int fd);

/** The policies give the socket behind @p fd the @p value that its mark has: forget that it might be encrypted-only. */
void guard_set_settle(const struct guard_set *s, int fd, uint32_t value);

/** Store @p about with the socket behind @p fd, if nothing is stored yet.  @return whether that was so. */
bool guard_set_adopt(const struct guard_set *s, int fd, const struct guard_socket *about);

/** Stop the events of this namespace: no client receives them any more. */
void guard_set_deaf(const struct guard_set *s);
/** Remove what this set's maps have about namespaces that are gone or not guarded.  @return whether that was done: not
 * while another client starts or ends. */
bool guard_set_sweep(const struct guard_set *s);
/** Stop guarding this namespace.  If this set guards no other, detach it. */
void guard_set_remove(const struct guard_set *s);
/** Close all descriptors.  The guard stays in force. */
void guard_set_close(struct guard_set *s);

/** Remove every guard of this network namespace, of any build.  @return 0 or -errno. */
int guard_set_flush(void);

#endif
