/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolver.h - resolves host names without blocking the event loop: each look-up is a short-lived thread in
 * getaddrinfo(3).
 */
#ifndef TSCF_CLIENT_RESOLVER_H
#define TSCF_CLIENT_RESOLVER_H

#include "tscf-client/tunnel/endpoints.h"

#include <ev.h>

struct resolver;

/**
 * The end of a look-up of @p tag: addresses in RFC 6724 order, without duplicates; if there are none, @p error says
 * why.  A result that is older than one already reported is not reported.
 */
typedef void (*resolver_done)(void *context, unsigned tag, const struct way_addresses *addresses, const char *error);

/** @return the resolver, or NULL when out of memory. */
struct resolver *resolver_new(struct ev_loop *loop, resolver_done done, void *context);
/** Free the resolver: no look-up is answered any more.  Threads that still wait for a name server end by themselves. */
void resolver_free(struct resolver *r);
/** Most look-ups of one tag at a time. */
#define RESOLVER_AT_ONCE 16
/** Look-ups are told apart by a tag: one for each server of the configuration. */
#define RESOLVER_TAGS CLIENT_SERVERS_MAX

/**
 * Look @p host up.  An address is answered at once, from inside this call; a name from the event loop.
 *
 * A look-up that began while the name server was unreachable may wait half a minute, while a new one gets an answer at
 * once when the server is reachable again.  So up to RESOLVER_AT_ONCE look-ups of one tag may run in parallel; a
 * further one is not started.
 *
 * @param tag  less than RESOLVER_TAGS
 */
void resolver_ask(struct resolver *r, unsigned tag, const char *host);

#endif
