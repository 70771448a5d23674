/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - levels of sockets that nobody has given a level: what the configuration says of their program, owner,
 * protocol, ports, DSCP and remote address.
 *
 * Most policies are rules of the kernel, which decide on each packet (routing.h); here the same are applied to sockets,
 * so that the server is told of them, and to packets that come down.  What no rule can see, the program and its DSCP,
 * the preload library tells of: a policy that names them has a number, and the sockets it matches are marked with that
 * (level.h), which a rule in its place looks for.  The first policy that matches decides, of whatever kind.  Pure.
 * tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_POLICY_H
#define TSCF_CLIENT_POLICY_H

#include "common/base/level.h"
#include "common/daemon/settings.h"
#include "common/linux/netlink.h"
#include "common/linux/sockdiag.h"
#include "common/packet/binding.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Each takes two priorities of the rules. */
#define POLICIES_MAX 16
/** Settings in a section, and the end of their table. */
#define POLICY_SETTINGS 10
/** Room for the name of a program. */
#define POLICY_PROGRAM 256
/** The same of a cgroup's, and of patterns for it. */
#define POLICY_CGROUP 256

/** What is not given matches everything. */
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
	unsigned number; /**< of those that name a program, a cgroup or DSCPs, in their order from 1; 0: a rule says it
			    all */
};

struct policies {
	unsigned count;
	struct policy list[POLICIES_MAX];
};

/** They fill a struct policy. */
extern const struct tscf_setting policy_settings[];

/** @return whether a policy may be called so. */
bool policy_name_valid(const char *name);

/** Give @p one, the next of its list, its number: @p numbered policies before it have one. @return how many have now.
 */
unsigned policy_number(struct policy *one, unsigned numbered);
/** @return how many policies have a number. */
unsigned policies_numbered(const struct policies *p);
/** @return how many have none, and are rules. */
unsigned policies_ruled(const struct policies *p);

/** How a cgroup and a policy's pattern for cgroups fit. */
enum policy_fit {
	POLICY_FIT_NOT,
	POLICY_FIT_BELOW, /**< one below may match */
	POLICY_FIT,       /**< it matches, or one above does */
};
enum policy_fit policy_fits_cgroup(const struct policy *p, const char *cgroup);

/** What the library tells of a socket. */
struct policy_subject {
	const struct tscf_socket *socket;
	const char *program; /**< absolute, without symbolic links */
	const char *cgroup;  /**< from the root of cgroup v2; "": not known */
	uint8_t dscp;
};
/** @return the policy that holds for a socket of the library, of both kinds; NULL if there is none. */
const struct policy *policy_of_subject(const struct policies *p, const struct policy_subject *s);
/** @return the value to mark such a socket with (level.h), its level @p otherwise if no policy holds for it. */
uint32_t policy_mark(const struct policy *one, enum tscf_level otherwise);
/** @return the policy with @p number, not 0; NULL if there is none. */
const struct policy *policy_of_number(const struct policies *p, unsigned number);

/**
 * The rule that holds for all packets of a socket without a mark.  Policies for certain remotes do not count for a
 * socket that is not connected: the kernel applies them to each packet, see policy_may_need_encryption.
 *
 * @return NULL if there is none.
 */
const struct policy *policy_of_socket(const struct policies *p, const struct tscf_socket *s);

/**
 * @return whether some packets of this socket, which is not connected, must be encrypted, depending on where they are
 * sent.  @p number: of the policy it is marked with, or 0.
 */
bool policy_may_need_encryption(const struct policies *p, const struct tscf_socket *s, unsigned number);

/**
 * @return whether a policy forbids clear packets of @p flow (local and remote ends both set), whoever its owner is:
 * what can be said before the socket is known.
 */
bool policy_forbids_clear(const struct policies *p, const struct tscf_binding_key *flow);

/** @return whether it depends on the socket, and so on its owner, whether clear packets of @p flow are forbidden; also
 * if they are in any case. */
bool policy_may_forbid_clear(const struct policies *p, const struct tscf_binding_key *flow);

/** @return whether a policy, of whatever kind, says encrypted-only. */
bool policies_forbid_clear(const struct policies *p);
/** @return whether one of those that only the library can apply does. */
bool policies_need_library(const struct policies *p);
/** @return the mode of the control socket, which says the same to programs. */
mode_t policies_control_mode(const struct policies *p);
/** @return whether any rule asks for encryption. */
bool policies_want_encryption(const struct policies *p);

#endif
