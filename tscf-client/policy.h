/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - levels of sockets that nobody has given a level: what the configuration says of their owner, protocol,
 * ports and remote address.
 *
 * The kernel's rules decide on each packet (routing.h); here the same policies are applied to sockets, so that the
 * server is told of them, and to packets that come down.  The first policy that matches decides.  Pure.
 * tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_POLICY_H
#define TSCF_CLIENT_POLICY_H

#include "common/binding.h"
#include "common/level.h"
#include "common/netlink.h"
#include "common/settings.h"
#include "common/sockdiag.h"

#include <stdbool.h>
#include <stdint.h>

/** Each takes two priorities of the rules. */
#define POLICIES_MAX 16
/** Settings in a section, and the end of their table. */
#define POLICY_SETTINGS 7

/** What is not given matches everything. */
struct policy {
	char name[32];
	struct tscf_uid_range uid;
	uint8_t protocol; /**< IPPROTO_TCP, IPPROTO_UDP; 0: any */
	struct tscf_port_range local_port, remote_port;
	struct tscf_prefix remote; /**< family 0: any */
	enum tscf_level level;     /**< not the default one */
};

struct policies {
	unsigned count;
	struct policy list[POLICIES_MAX];
};

/** They fill a struct policy. */
extern const struct tscf_setting policy_settings[];

/** @return whether a policy may be called so. */
bool policy_name_valid(const char *name);

/**
 * The policy that holds for all packets of a socket without a mark.  Policies for certain remotes do not count for a
 * socket that is not connected: the kernel applies them to each packet, see policy_may_need_encryption.
 *
 * @return NULL if there is none.
 */
const struct policy *policy_of_socket(const struct policies *p, const struct tscf_socket *s);

/**
 * @return whether some packets of this socket, which is not connected, must be encrypted, depending on where they are
 * sent.
 */
bool policy_may_need_encryption(const struct policies *p, const struct tscf_socket *s);

/**
 * @return whether a policy forbids clear packets of @p flow (local and remote ends both set), whoever its owner is: what
 * can be said before the socket is known.
 */
bool policy_forbids_clear(const struct policies *p, const struct tscf_binding_key *flow);

/** @return whether any of them asks for encryption. */
bool policies_want_encryption(const struct policies *p);

#endif
