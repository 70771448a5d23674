/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source.h - how many plain sessions each outer source has: an IPv4 address, or the /64 of an IPv6 one (tscf_addr_source), whatever the
 * ports.
 */
#ifndef TSCF_SERVER_SOURCE_H
#define TSCF_SERVER_SOURCE_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

struct server_source;

struct server_sources {
	struct server_source *by_addr;
	struct tscf_siphash_key secret;
};

/** @return 0, or -errno. */
int server_sources_init(struct server_sources *table);
/** Count one session more of the source of @p outer.  @return the source, or NULL when out of memory. */
struct server_source *server_source_hold(struct server_sources *table, const union tscf_endpoint *outer);
/** Count one less; NULL is allowed. */
void server_source_drop(struct server_sources *table, struct server_source *source);
/** @return how many sessions the source of @p outer has. */
unsigned server_source_sessions(const struct server_sources *table, const union tscf_endpoint *outer);

#endif
