/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolver.h - host names to addresses, without stopping the event loop: each look-up is a short-lived thread in
 * getaddrinfo(3).
 */
#ifndef TSCF_CLIENT_RESOLVER_H
#define TSCF_CLIENT_RESOLVER_H

#include "tscf-client/tunnel/endpoints.h"

#include <ev.h>

struct resolver;

/** The end of look-up @p tag: addresses in RFC 6724 order, without doubles; none: @p error says why, for a person. */
typedef void (*resolver_done)(void *context, unsigned tag, const struct way_addresses *addresses, const char *error);

/** @return the resolver, or NULL when out of memory. */
struct resolver *resolver_new(struct ev_loop *loop, resolver_done done, void *context);
/** No look-up is answered any more; threads that still wait for a name server end by themselves. */
void resolver_free(struct resolver *r);
/**
 * Look @p host up.  An address is answered at once, from inside this call; a name from the event loop.  One whose
 * answer is still to come is not looked up again.
 *
 * @param tag  less than RESOLVER_TAGS
 */
#define RESOLVER_TAGS CLIENT_SERVERS_MAX
void resolver_ask(struct resolver *r, unsigned tag, const char *host);

#endif
