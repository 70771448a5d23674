/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - levels of sockets that were not given one: the configuration decides by their program, cgroup, owner,
 * protocol, ports, DSCP and remote address.
 *
 * Most policies are rules of the kernel, which decide on each packet (routing.h).  This module applies the same
 * policies to sockets, so that the client can announce them to the server, and to packets that come down.  No rule can
 * see a program, its cgroup and its DSCP; the guard or the preload library reports the sockets.  A policy that names
 * them has a number.  The sockets that it matches are marked with the number (level.h), and the policy's rule looks for
 * that.  The first policy that matches decides, of either kind.  Pure.
 *
 * tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_POLICY_H
#define TSCF_CLIENT_POLICY_H

#include "common/base/level.h"
#include "common/daemon/settings.h"
#include "common/linux/netlink.h"
#include "common/linux/sockdiag.h"
#include "common/packet/binding.h"
#include "tscf-client/settings/condition.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Each policy takes two rule priorities. */
#define POLICIES_MAX 16
/** Settings in a section, and the end of their table. */
#define POLICY_SETTINGS 13
/** Room for the name of a program. */
#define POLICY_PROGRAM 256
/** Room for the name of a cgroup, and for patterns. */
#define POLICY_CGROUP 256
/** Conditions of one policy. */
#define POLICY_CONDITIONS_MAX 4

/** All of them must hold; none: the policy always holds. */
struct policy_when {
	unsigned count;
	struct condition list[POLICY_CONDITIONS_MAX];
};

/** What a policy says of a service that sockets ask for (asks.h). */
struct policy_ask {
	uint8_t value;
	bool given; /**< else the policy says nothing */
};

/** A criterion that is not given matches everything. */
struct policy {
	char name[32];
	struct tscf_uid_range uid;
	uint8_t protocol; /**< IPPROTO_TCP, IPPROTO_UDP; 0: any */
	struct tscf_port_range local_port, remote_port;
	struct tscf_prefix remote;    /**< family 0: any */
	char program[POLICY_PROGRAM]; /**< "": any */
	char cgroup[POLICY_CGROUP];   /**< a pattern; "": any */
	uint64_t dscps;               /**< as bits; 0: any */
	enum tscf_level level;        /**< not the default one */
	struct policy_ask redundancy, datagram;
	struct policy_when when;
	unsigned place;  /**< among the policies of the file, from 0 */
	unsigned number; /**< of a policy that names a program, a cgroup or DSCPs, in their order from 1; 0: a rule
			    alone expresses it */
};

/** Those of the file, or those of them that are in force (in_force.h); a policy has the same place and number in both.
 */
struct policies {
	unsigned count;
	unsigned numbers; /**< how many policies of the file have a number */
	struct policy list[POLICIES_MAX];
};

/** The settings of a struct policy. */
extern const struct tscf_setting policy_settings[];

/** @return whether @p name is allowed as the name of a policy. */
bool policy_name_valid(const char *name);

/** Give @p one, the next policy of its list, its number, if it needs one.  @p numbered: how many policies before it
 * have one.  @return how many have one now. */
unsigned policy_number(struct policy *one, unsigned numbered);
/** @return how many policies have a number. */
unsigned policies_numbered(const struct policies *p);
/** @return whether any names a cgroup. */
bool policies_by_cgroup(const struct policies *p);
/** @return how many have none, and are rules. */
unsigned policies_ruled(const struct policies *p);
/** @return the number in the marks of sockets that a policy without a number holds for: the highest under @p mask; 0,
 * as in the marks of tscf-run, if the policies with numbers need them all. */
unsigned policies_rule_number(const struct policies *p, uint32_t mask);

/** How well a cgroup fits a policy's pattern for cgroups. */
enum policy_fit {
	POLICY_FIT_NOT,
	POLICY_FIT_BELOW, /**< a cgroup below it may match */
	POLICY_FIT,       /**< it matches, or a cgroup above it does */
};
enum policy_fit policy_fits_cgroup(const struct policy *p, const char *cgroup);

/** What the library reports of a socket. */
struct policy_subject {
	const struct tscf_socket *socket;
	uint32_t programs;  /**< the policies, as bits, that name its program */
	const char *cgroup; /**< from the root of cgroup v2; "": not known */
	uint8_t dscp;
};
/** @return the policies, as bits, that name the program @p name, absolute and without symbolic links. */
uint32_t policies_of_program(const struct policies *p, const char *name);
/** @return the policy, of either kind, that holds for a socket of the library; NULL if there is none. */
const struct policy *policy_of_subject(const struct policies *p, const struct policy_subject *s);
/** @return the value of a policy that has a number (level.h). */
uint32_t policy_mark(const struct policy *one);
/**
 * @return the value to mark such a socket with under @p mask.
 *
 * A mark of encrypted-only refuses all clear packets.  So a socket that is not connected does not get it from a rule
 * while a rule before that lets packets to some remotes pass: the rules decide on each packet.
 *
 * @param otherwise  the socket's level if no policy gives it one
 */
uint32_t policies_value(const struct policies *p, uint32_t mask, const struct policy_subject *s,
			enum tscf_level otherwise);
/** @return the policy with @p number, not 0; NULL if there is none. */
const struct policy *policy_of_number(const struct policies *p, unsigned number);

/**
 * The rule that holds for all packets of a socket without a mark.  Policies that name a remote do not count for a
 * socket that is not connected: the kernel applies them to each packet, see policy_may_need_encryption.
 *
 * @return NULL if there is none.
 */
const struct policy *policy_of_socket(const struct policies *p, const struct tscf_socket *s);

/** @return the policy that a socket with @p value in its mark has its level from; NULL if none has given it. */
const struct policy *policy_behind(const struct policies *p, const struct tscf_socket *s, uint32_t value);

/**
 * @return whether some packets of this socket, which is not connected, must be encrypted, depending on their
 * destination.  @p number: of the policy in its mark, or 0.
 */
bool policy_may_need_encryption(const struct policies *p, const struct tscf_socket *s, unsigned number);

/**
 * @return whether a policy forbids clear packets of @p flow (local and remote ends both set) for every owner.  This can
 * be decided before the socket is known.
 */
bool policy_forbids_clear(const struct policies *p, const struct tscf_binding_key *flow);

/** @return whether clear packets of @p flow may be forbidden, depending on the socket and so on its owner; true also if
 * they are forbidden in any case. */
bool policy_may_forbid_clear(const struct policies *p, const struct tscf_binding_key *flow);

/** @return whether a policy of either kind says encrypted-only. */
bool policies_forbid_clear(const struct policies *p);
/** @return whether a policy that only the library can apply says encrypted-only. */
bool policies_need_library(const struct policies *p);
/** @return the mode of the control socket, which shows programs the same. */
mode_t policies_control_mode(const struct policies *p);
/** @return whether any rule asks for encryption. */
bool policies_want_encryption(const struct policies *p);

#endif
