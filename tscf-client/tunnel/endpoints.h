/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoints.h - the ways by which the servers are reached: what candidates.h calls candidates, made of the
 * configuration and of what names mean.
 *
 * Pure.  The order is that in which they are tried: by server, then by transport, then by address; addresses of the two
 * families alternate, beginning with the family that the resolver puts first (RFC 8305, section 4).  The transports are
 * UDP and TCP, and last, for where only the encrypted tunnel's port is open, the plain tunnel inside a DTLS or TLS
 * connection to that.
 */
#ifndef TSCF_CLIENT_ENDPOINTS_H
#define TSCF_CLIENT_ENDPOINTS_H

#include "common/base/addr.h"
#include "tscf-client/settings/server_list.h"
#include "tscf-client/tunnel/candidates.h"

/** Most addresses of one name that are used. */
#define ENDPOINTS_ADDRESSES_MAX 32

enum way_kind { WAY_DATAGRAM, WAY_STREAM };

struct way {
	unsigned server; /**< place in the list of servers */
	enum way_kind kind;
	bool inside;                /**< the plain tunnel goes inside a connection to the encrypted port */
	unsigned rank;              /**< as in candidates.h: by server and transport */
	bool proxied;               /**< `remote` is the proxy */
	union tscf_endpoint remote; /**< the plain port; or of the proxy */
};

/** What a name means: addresses, of IPv6 with their zones, without ports, in the resolver's order; none if it is not
 * known (yet). */
struct way_addresses {
	unsigned count;
	union tscf_endpoint list[ENDPOINTS_ADDRESSES_MAX];
};

/**
 * @param addresses  of each server, or, with a proxy, of the proxy alone in the first entry
 * @return the number of ways written to @p out (CANDIDATES_MAX).  If that is too small for all, as many addresses of
 * each server are used as leave room for the other servers.
 */
unsigned endpoints_make(const struct client_servers *servers, const struct client_proxy *proxy,
			const struct way_addresses *addresses, struct way *out);

/** Put @p address first in the list if it is in it, whatever its port. */
void endpoints_prefer(struct way_addresses *list, const union tscf_endpoint *address);

bool way_equal(const struct way *a, const struct way *b);

/** @return whether the plain tunnel goes that way in datagrams of its own, and not by a connection. */
bool way_is_bare(const struct way *w);
/** @return where the plain or the encrypted tunnel connects to: the port of either, or the proxy. */
union tscf_endpoint way_endpoint(const struct way *w, bool encrypted);

/** Room for way_format. */
#define WAY_TEXT 320
/** Write "udp 192.0.2.1:2004" or "tcp sip.example.org:2004 by proxy 192.0.2.1:8888".  @return buf. */
const char *way_format(const struct client_servers *servers, const struct way *w, char *buf);
/** @return "udp" or "tcp"; encrypted: "dtls" or "tls". */
const char *way_transport(enum way_kind kind, bool encrypted);

#endif
