/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_count.h - how many things each outer source has.  A source is an IPv4 address, or the /64 of an IPv6 address
 * (tscf_addr_source), whatever the ports.  So no single source can use up what all unauthenticated sources share.
 */
#ifndef TSCF_SOURCE_COUNT_H
#define TSCF_SOURCE_COUNT_H

#include "common/base/addr.h"
#include "common/base/siphash.h"

struct tscf_source;

/**
 * The sources that have something; zero-initialised except for the secret, which the owner sets
 * (tscf_siphash_key_init).
 */
struct tscf_source_counts {
	struct tscf_source *by_addr;
	const struct tscf_siphash_key *secret;
};

/**
 * Count one more thing of the source of @p outer.  @return the source, or NULL: it has @p most already, or memory is
 * out.
 */
struct tscf_source *tscf_source_hold(struct tscf_source_counts *counts, const union tscf_endpoint *outer,
				     unsigned most);
/** @return how many things the source of @p outer has. */
unsigned tscf_source_count(const struct tscf_source_counts *counts, const union tscf_endpoint *outer);
/** Count one thing less; NULL is allowed. */
void tscf_source_drop(struct tscf_source_counts *counts, struct tscf_source *source);

#endif
