/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * networks.h - the networks that are trusted: which outer paths are secure enough by themselves for encrypted-preferred
 * sockets.
 *
 * The lists of the configuration, and whether a path is on one of them.  Pure.
 * tscf-client.conf(5), "Trusted networks".
 */
#ifndef TSCF_CLIENT_NETWORKS_H
#define TSCF_CLIENT_NETWORKS_H

#include "common/base/addr.h"
#include "common/daemon/settings.h"

#include <net/if.h>
#include <stdbool.h>

/** Networks of each kind at most. */
#define NETWORKS_MAX 16
/** Room for the text of networks_match. */
#define NETWORKS_TEXT (sizeof("interface ") + TSCF_ADDR_TEXT)

struct networks {
	unsigned prefix_count, interface_count;
	struct tscf_prefix prefixes[NETWORKS_MAX];  /**< of this host's address on the outer path */
	char interfaces[NETWORKS_MAX][IF_NAMESIZE]; /**< through which the outer path leaves this host */
};

/** Each is a `parse` function as in settings.h that adds one network to the struct networks at @p field. */
int networks_add_prefix(const struct tscf_setting *s, const char *text, void *field);
int networks_add_interface(const struct tscf_setting *s, const char *text, void *field);

/** @return whether any network is trusted. */
bool networks_any(const struct networks *n);

/**
 * Look up the outer path that leaves through @p interface with the source address @p source.
 *
 * @return whether the path is trusted.  @p by (NETWORKS_TEXT bytes) gets the match as text for people; "" if there is
 * none.
 */
bool networks_match(const struct networks *n, const struct tscf_addr *source, const char *interface, char *by);

#endif
