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

/** Of each kind. */
#define NETWORKS_MAX 16
/** Room for networks_match. */
#define NETWORKS_TEXT (sizeof("interface ") + TSCF_ADDR_TEXT)

struct networks {
	unsigned prefix_count, interface_count;
	struct tscf_prefix prefixes[NETWORKS_MAX];  /**< of this host's address on the outer path */
	char interfaces[NETWORKS_MAX][IF_NAMESIZE]; /**< by which the outer path leaves this host */
};

/** Each a `parse` of settings.h that adds one to the struct networks at @p field. */
int networks_add_prefix(const struct tscf_setting *s, const char *text, void *field);
int networks_add_interface(const struct tscf_setting *s, const char *text, void *field);

/** @return whether any network is trusted. */
bool networks_any(const struct networks *n);

/**
 * Look for the outer path that leaves by @p interface with the source address @p source.
 *
 * @return whether it is trusted, and by what in @p by (NETWORKS_TEXT bytes), for a person; "" if it is not.
 */
bool networks_match(const struct networks *n, const struct tscf_addr *source, const char *interface, char *by);

#endif
