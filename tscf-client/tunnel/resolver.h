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

/**
 * The end of a look-up of @p tag: addresses in RFC 6724 order, without doubles; none: @p error says why, for a person.
 * What is older than an answer that there was already is not told.
 */
typedef void (*resolver_done)(void *context, unsigned tag, const struct way_addresses *addresses, const char *error);

/** @return the resolver, or NULL when out of memory. */
struct resolver *resolver_new(struct ev_loop *loop, resolver_done done, void *context);
/** No look-up is answered any more; threads that still wait for a name server end by themselves. */
void resolver_free(struct resolver *r);
/**
 * Look @p host up.  An address is answered at once, from inside this call; a name from the event loop.
 *
 * A name server that was asked when it was out of reach may be waited for half a minute, and answers another question
 * at once when it has come into reach.  So look-ups of one tag may run beside each other, up to RESOLVER_AT_ONCE; one
 * more is not begun.
 *
 * @param tag  less than RESOLVER_TAGS
 */
#define RESOLVER_AT_ONCE 16
#define RESOLVER_TAGS    CLIENT_SERVERS_MAX
void resolver_ask(struct resolver *r, unsigned tag, const char *host);

#endif
