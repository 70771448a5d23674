/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoints.h - the ways to the servers (the candidates of candidates.h), made from the configuration and the resolved
 * names.
 *
 * Pure.  Ways are listed in the order in which they are tried: by server, then by transport, then by address.
 * Addresses of the two families alternate, beginning with the family that the resolver puts first (RFC 8305, section
 * 4).  The transports are UDP, TCP, and last the plain tunnel inside a DTLS or TLS connection to the encrypted port,
 * for networks where only that port is open.
 */
#ifndef TSCF_CLIENT_ENDPOINTS_H
#define TSCF_CLIENT_ENDPOINTS_H

#include "common/base/addr.h"
#include "tscf-client/settings/server_list.h"
#include "tscf-client/tunnel/candidates.h"

/** The most addresses of one name that are used. */
#define ENDPOINTS_ADDRESSES_MAX 32

enum way_kind { WAY_DATAGRAM, WAY_STREAM };

struct way {
	unsigned server; /**< place in the list of servers */
	enum way_kind kind;
	bool inside;                /**< the plain tunnel goes inside a connection to the encrypted port */
	unsigned rank;              /**< as in candidates.h: by server and transport */
	bool proxied;               /**< `remote` is the proxy */
	union tscf_endpoint remote; /**< with the plain port; or the proxy's endpoint */
};

/** The addresses of a name, in the resolver's order, without ports, IPv6 addresses with their zones.  None: the name is
 * not resolved (yet). */
struct way_addresses {
	unsigned count;
	union tscf_endpoint list[ENDPOINTS_ADDRESSES_MAX];
};

/**
 * @param addresses  those of each server; with a proxy, only the proxy's, in the first entry
 * @return the number of ways written to @p out (CANDIDATES_MAX).  If they do not all fit, each server gets only as many
 * addresses as leave room for the other servers.
 */
unsigned endpoints_make(const struct client_servers *servers, const struct client_proxy *proxy,
			const struct way_addresses *addresses, struct way *out);

/** If the list contains @p address, move it to the front.  Ports do not matter. */
void endpoints_prefer(struct way_addresses *list, const union tscf_endpoint *address);

/** @return whether both are the same way. */
bool way_equal(const struct way *a, const struct way *b);

/** @return whether the plain tunnel uses datagrams of its own on that way, not a connection. */
bool way_is_bare(const struct way *w);
/** @return where the plain or the encrypted tunnel connects to: the server's port for it, or the proxy. */
union tscf_endpoint way_endpoint(const struct way *w, bool encrypted);

/** Room for way_format. */
#define WAY_TEXT 320
/** Write "udp 192.0.2.1:2004" or "tcp sip.example.org:2004 by proxy 192.0.2.1:8888".  @return buf. */
const char *way_format(const struct client_servers *servers, const struct way *w, char *buf);
/** @return "udp" or "tcp"; encrypted: "dtls" or "tls". */
const char *way_transport(enum way_kind kind, bool encrypted);

/** @return the place of @p w in @p list, or -1. */
int endpoints_place(const struct way *w, const struct way *list, unsigned count);
/** @return whether both lists have the same ways.  Name servers rotate the addresses of a name: the order is no
 * difference. */
bool endpoints_same(const struct way *a, unsigned a_count, const struct way *b, unsigned b_count);

#endif
