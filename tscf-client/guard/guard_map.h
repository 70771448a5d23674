/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_map.h - what the client writes for the guard and the guard for the client: the values of the BPF maps.
 *
 * Read by the BPF object and by the client, so nothing but the kernel's own types.  Addresses are in network byte order, those
 * of IPv4 mapped into IPv6 (::ffff:a.b.c.d); ports and numbers are in host byte order.  A set of programs and maps belongs to
 * one build of the client (attach.h), so nothing here needs a version.
 */
#ifndef TSCF_CLIENT_GUARD_MAP_H
#define TSCF_CLIENT_GUARD_MAP_H

#include <linux/types.h>

#define GUARD_POLICIES 16
#define GUARD_ROUTES   64
/** Network namespaces that clients have guarded on one host. */
#define GUARD_NETS     1024

/** Why packets were dropped, from `status --json`; "out": of a program, "in": for it. */
#define GUARD_COUNTERS(X) \
	X(guard_out_only)      /* encrypted-only, by another device than the encrypted one and loopback */ \
	X(guard_out_preferred) /* encrypted-preferred and moved, to a service route */ \
	X(guard_out_policy)    /* a policy or the default level says so */ \
	X(guard_out_native)    /* from the encrypted tunnel's own address */ \
	X(guard_in_only)       /* the same, by a device that is not one of ours */ \
	X(guard_in_preferred) \
	X(guard_in_policy) \
	X(guard_in_native) \
	X(guard_marks_kept)    /* no packets: a program set a mark that would have taken the level away */

enum guard_counter {
#define X(name) name,
	GUARD_COUNTERS(X)
#undef X
	GUARD_COUNTERS_END
};

struct guard_counts {
	__u64 of[GUARD_COUNTERS_END];
};

struct guard_prefix {
	__u32 addr[4]; /**< host bits clear */
	__u32 mask[4];
};

#define GUARD_POLICY_UID    1U
#define GUARD_POLICY_REMOTE 2U

/** As struct policy; a range of ports whose upper end is 0 is any. */
struct guard_policy {
	struct guard_prefix remote;
	__u32 uid_low, uid_high;
	__u16 local_low, local_high;
	__u16 remote_low, remote_high;
	__u8 flags;
	__u8 protocol; /**< 0: any */
	__u8 level;
	__u8 number; /**< if not 0, the mark says whether it holds, and the rest need not be looked at */
};

/** One network namespace: its client's settings and what holds there now. */
struct guard_net {
	__u64 since;   /**< of this guard, seconds since the epoch */
	__u64 owner;   /**< inode of the namespace */
	__u32 plain, encrypted; /**< indexes of the devices */
	__u32 mask, shift;      /**< our bits of a mark */
	__u32 client;  /**< thread group whose marks are not ours to question, in the kernel's own numbers; 0: none */
	__u8 preferred; /**< whether encrypted-preferred sockets belong in the encrypted tunnel now */
	__u8 default_level;
	__u16 policy_count, route_count;
	__u16 has_native;
	__u32 native[2][4]; /**< addresses of the encrypted tunnel; all 0: none */
	__u8 token[16];     /**< who knows it is the client */
	char device[16];    /**< name of the encrypted device: whether a client still lives */
	struct guard_policy policies[GUARD_POLICIES];
	struct guard_prefix routes[GUARD_ROUTES];
};

/** What is kept with a socket. */
struct guard_socket {
	__u64 netns;  /**< cookie of its network namespace */
	__u64 cookie; /**< its own; 0: it is older than the guard */
	__u64 asked;  /**< the last guard_event.asked of it */
	__u32 mark;   /**< as it was set last */
	__u32 unused;
};

enum guard_event_kind {
	GUARD_EVENT_BOUND, /**< it has a local port now */
	GUARD_EVENT_LEVEL, /**< its program has raised its level, and it has the mark already */
	GUARD_EVENT_ASKS,  /**< its program wants a level that the client must give */
};

/** What the client is told of a socket. */
struct guard_event {
	__u64 cookie, asked;
	__u32 kind;
	__u32 pid; /**< thread group of the program, in the kernel's own numbers */
	__u32 uid;
	__u32 level;           /**< ASKS: enum tscf_level */
	__u32 mark, mark_before;
	__u32 family, type, protocol, device;
	__u32 local[4], remote[4]; /**< IPv4 in the first word alone */
	__u32 local_port, remote_port;
};

/** Bytes that events of one namespace may fill. */
#define GUARD_RING (64 * 1024)

/** Option of level SOL_SOCKET by which the client says who it is: the value is its token. */
#define GUARD_OPTION_CLIENT 0x7454
/** SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION of tsc.h. */
#define GUARD_OPTION_LEVEL 0x7453

#endif
