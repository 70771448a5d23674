/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_limit.h - how many plain sessions each outer source has: an IPv4 address, or the /64 of an IPv6 one
 * (tscf_addr_source), whatever the ports.
 */
#ifndef TSCF_SERVER_SOURCE_LIMIT_H
#define TSCF_SERVER_SOURCE_LIMIT_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

struct server_source_limit;

struct server_source_limit_limits {
	struct server_source_limit *by_addr;
	struct tscf_siphash_key secret;
};

/** @return 0, or -errno. */
int server_source_limit_limits_init(struct server_source_limit_limits *table);
/** Count one session more of the source of @p outer.  @return the source, or NULL when out of memory. */
struct server_source_limit *server_source_limit_hold(struct server_source_limit_limits *table,
						     const union tscf_endpoint *outer);
/** Count one less; NULL is allowed. */
void server_source_limit_drop(struct server_source_limit_limits *table, struct server_source_limit *source);
/** @return how many sessions the source of @p outer has. */
unsigned server_source_limit_sessions(const struct server_source_limit_limits *table, const union tscf_endpoint *outer);

#endif
