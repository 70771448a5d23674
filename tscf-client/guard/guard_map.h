/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guard_map.h - what the client writes for the guard and the guard for the client: the values of the BPF maps.
 *
 * Both the BPF object and the client include this, so it uses only the kernel's own types.  Addresses are in network
 * byte order, those of IPv4 mapped into IPv6 (::ffff:a.b.c.d); ports and numbers are in host byte order.  A set of
 * programs and maps belongs to one build of the client (guard_set.h), so nothing here needs a version.
 */
#ifndef TSCF_CLIENT_GUARD_MAP_H
#define TSCF_CLIENT_GUARD_MAP_H

#include <linux/types.h>

#define GUARD_POLICIES 16
#define GUARD_ROUTES   64
/** How many bytes of a program's file name are compared, besides its length; a multiple of 8. */
#define GUARD_NAME 64
/** Most network namespaces that clients guard on one host. */
#define GUARD_NETS 1024
/** Most cgroups that these clients have registered. */
#define GUARD_GROUPS 16384
/** How many levels of cgroups the client registers, its root included. */
#define GUARD_DEPTH 16
/** How many levels the guard looks at, from the host's root on: the client's root may lie this much deeper. */
#define GUARD_LEVELS (2 * GUARD_DEPTH)

/** Why packets were dropped, from `status --json`; "out": sent by a program, "in": for a program. */
#define GUARD_COUNTERS(X)                                                                                              \
	X(guard_out_only)      /* encrypted-only, through another device than the encrypted one and loopback */        \
	X(guard_out_preferred) /* encrypted-preferred while these are encrypted, to a service route */                 \
	X(guard_out_policy)    /* a policy or the default level says so */                                             \
	X(guard_out_native)    /* from the encrypted tunnel's own address */                                           \
	X(guard_in_only)       /* the same, received from a device that is not one of ours */                          \
	X(guard_in_preferred)                                                                                          \
	X(guard_in_policy)                                                                                             \
	X(guard_in_native)                                                                                             \
	X(guard_marks_kept)  /* not packets: a program set a mark that would have removed the level */                 \
	X(guard_events_lost) /* not packets: events for which there was no room */

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

#define GUARD_POLICY_UID     1U
#define GUARD_POLICY_REMOTE  2U
#define GUARD_POLICY_PROGRAM 4U
#define GUARD_POLICY_CGROUP  8U

/** A directory as the kernel itself numbers it; all 0: there is none. */
struct guard_place {
	__u64 inode;
	__u32 device; /**< major << 20 | minor */
	__u32 unused;
};

/** The file of a program: its directory and name, so that a new file of the same name counts as the same program. */
struct guard_program {
	struct guard_place place;
	__u64 length;               /**< length of the name in bytes */
	__u64 name[GUARD_NAME / 8]; /**< its first bytes, terminated by a 0 byte; the rest is 0 */
};

/** A cgroup, for the policies of one generation. */
struct guard_group_key {
	__u64 netns;
	__u64 cgroup;     /**< its id */
	__u64 generation; /**< 0: made by tscf-run, independent of the policies */
};

/** Policies as bits: those whose pattern the cgroup matches, and those whose pattern a cgroup below it may match. */
struct guard_group {
	__u32 fits;  /**< for tscf-run: the level */
	__u32 below; /**< for tscf-run: the user that has asked */
};

/** As struct policy; a range of ports whose upper end is 0 means any port. */
struct guard_policy {
	struct guard_program program;
	__u64 dscps; /**< as bits; 0: any */
	struct guard_prefix remote;
	__u32 uid_low, uid_high;
	__u16 local_low, local_high;
	__u16 remote_low, remote_high;
	__u8 flags;
	__u8 protocol; /**< 0: any */
	__u8 level;
	__u8 number; /**< if not 0, the policy is for sockets, which have the number in their marks; else for packets */
	__u32 unused;
};

/** From one generation of policies to the next. */
#define GUARD_GENERATION_STEP 2

/** One network namespace: its client's settings and the current state. */
struct guard_net {
	/* The offsets of these two must not change: other builds read them, too. */
	__u64 since;            /**< of this guard, seconds since the epoch */
	__u64 owner;            /**< inode of the namespace */
	__u32 plain, encrypted; /**< interface indexes */
	__u32 mask, shift;      /**< our bits of a mark */
	__u32 client;           /**< thread group that may set any mark, in the initial pid namespace; 0: none */
	__u8 preferred;         /**< whether encrypted-preferred sockets belong in the encrypted tunnel now */
	__u8 default_level;
	__u16 policy_count, route_count;
	__u16 has_native;
	__u32 numbered;     /**< how many policies have a number */
	__u32 rule_number;  /**< in the marks of sockets that a policy without a number holds for (policy.h) */
	__u32 remotes;      /**< how many policies name a remote and say encrypted-only */
	__u32 generation;   /**< changes with the policies; odd, and so never 0 */
	__u32 grouped;      /**< the policies that name a cgroup, as bits */
	__u32 forbids;      /**< those that say encrypted-only, as bits */
	__u32 runs;         /**< number of tscf-run's cgroups, which have a level of their own */
	__u32 waiting;      /**< whether the map `waiting` has connections to look for */
	__u32 native[2][4]; /**< addresses of the encrypted tunnel, if has_native; a single one twice */
	__u8 token[16];     /**< proves to the guard that a process is the client */
	char device[16];    /**< name of the encrypted device, which shows whether a client still runs */
	struct guard_policy policies[GUARD_POLICIES];
	struct guard_prefix routes[GUARD_ROUTES];
};

/**
 * What the map `quick` has of a namespace at index GUARD_QUICK_SLOT, so that packets in the encrypted tunnel cost no
 * search: its cookie and the index of its encrypted device.  Both are in one word, which the kernel reads and writes as
 * a whole.  0: they do not fit, and the entry alone tells.
 */
static inline __u64 guard_quick_word(__u64 netns, __u32 device)
{
	return device == 0 || netns >> 40 || device >> 24 ? 0 : netns | (__u64)device << 40;
}

/** Namespaces with the same slot take it from each other. */
#define GUARD_QUICK_SLOT(netns) ((__u32)(netns) % GUARD_NETS)

/** A socket, or a connection that waits to be accepted. */
struct guard_key {
	__u64 netns;  /**< cookie of its network namespace */
	__u64 cookie; /**< its own */
};

/** Most connections that wait to be accepted, in all namespaces. */
#define GUARD_WAITING 16384

/** A connection whose mark is not yet right. */
struct guard_waiting {
	__u32 value; /**< the right value under the mask */
	__u32 was;   /**< the present value */
	__u32 port;  /**< the local port */
};

/** Most sockets that ask for services, in all namespaces; of the others programs read that they ask for nothing. */
#define GUARD_ASKED 16384

/** What a socket asks for, whoever says so (asks.h). */
struct guard_asked {
	__u8 redundancy; /**< as in redundancy.h */
	__u8 datagram;   /**< enum tscf_datagram */
};

/** Data stored with a socket. */
struct guard_socket {
	__u64 netns;      /**< cookie of its network namespace */
	__u64 cookie;     /**< the socket's own; 0: the socket is older than the guard */
	__u64 asked;      /**< guard_event.asked of the last request for the socket */
	__u32 mark;       /**< as last set */
	__u32 uid;        /**< of its owner */
	__u32 generation; /**< of the policies that the next members refer to; if another one, they are out of date; 0:
			     the cgroup was not known */
	__u16 subject;    /**< the policies, as bits, whose program and owner the socket has */
	__u8 dscp[2];     /**< as the program set it: IPv4, IPv6 */
	__u32 wanted;     /**< value under the mask that policies give the socket; 0: no policy holds */
	__u32 pid;        /**< thread group that made the socket */
	__u32 found;      /**< subject, while it is being determined */
	__u32 sent;       /**< whether it has sent to a remote for which a policy says encrypted-only */
	__u32 device;     /**< index of the interface that it was bound to at bind(2) */
	__u32 ipv6_only;  /**< at bind(2), as in struct guard_event */
	__u32 asks;       /**< whether its program has asked for redundancy or datagrams */
	__u32 port;       /**< the local port that `wanted` was determined with; 0: the socket had none */
};

enum guard_event_kind {
	GUARD_EVENT_BOUND,      /**< the socket has a local port now */
	GUARD_EVENT_LEVEL,      /**< the program has raised the socket's level, and the mark is set already */
	GUARD_EVENT_ASKS,       /**< the program wants a level that the client must set */
	GUARD_EVENT_GROUP,      /**< a socket was made in a cgroup that the client does not know */
	GUARD_EVENT_CLASS,      /**< policies now give the socket a level that the client must set */
	GUARD_EVENT_LOOK,       /**< a socket is about to change, in a way that only a listing shows a moment later */
	GUARD_EVENT_REDUNDANCY, /**< the program asks for redundancy for the socket */
	GUARD_EVENT_DATAGRAM,   /**< the program says whether the socket prefers datagrams */
};

/** An event about a socket, for the client. */
struct guard_event {
	__u64 cookie; /**< LOOK: 0 unless the socket is about to get its local port and address */
	__u64 asked;
	__u32 kind;
	__u32 pid; /**< thread group of the program, in the initial pid namespace */
	__u32 uid;
	__u32 level; /**< ASKS, CLASS: enum tscf_level; REDUNDANCY, DATAGRAM: as in struct guard_asked */
	__u32 mark, mark_before;
	__u32 family, type, protocol, device;
	__u32 local[4], remote[4]; /**< IPv4: only the first word */
	__u32 local_port, remote_port;
	__u32 ipv6_only; /**< 0, 1 or GUARD_UNKNOWN */
	__u32 unused;
};

#define GUARD_UNKNOWN 2

/** Bytes that events of one namespace may fill: some 9000. */
#define GUARD_RING (1024 * 1024)

/** Where the kernel keeps the file that a process runs and its owner: byte offsets, which differ from kernel to kernel.
 */
struct guard_offsets {
	__u32 task_mm, mm_file, file_dentry, dentry_parent, dentry_inode, dentry_name, dentry_length;
	__u32 inode_number, inode_super, super_device;
	__u32 task_cred, cred_fsuid;
	__u32 sock_ipv6_only; /**< in bits, of struct sock; 0: not known */
};

/** Option of level SOL_SOCKET by which the client identifies itself: the value is its token. */
#define GUARD_OPTION_CLIENT 0x7454
/** TSCF_CGROUP_OPTION of cgroup.h. */
#define GUARD_OPTION_RUN 0x7455
/** SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION of tsc.h. */
#define GUARD_OPTION_LEVEL 0x7453
/** SO_TSC_REDUNDANCY: factor and method, one integer each; and SO_TSC_TUNNEL_TRANSPORT. */
#define GUARD_OPTION_REDUNDANCY 0x7456
#define GUARD_OPTION_DATAGRAM   0x7457

#endif
