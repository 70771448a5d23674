/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/address.h"

#include "tscf-client/libtsc/handle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

union tsc_address tsc_address_of(const struct tscf_control_address *a)
{
	union tsc_address out = {.sa.sa_family = AF_UNSPEC};

	if (a->family == 4) {
		out.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&out.in.sin_addr, a->bytes, sizeof(out.in.sin_addr));
	} else if (a->family == 6) {
		out.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
		memcpy(&out.in6.sin6_addr, a->bytes, sizeof(out.in6.sin6_addr));
	}
	return out;
}

static tsc_transport transport_of(const char *name, size_t size)
{
	static const struct {
		const char *name;
		tsc_transport transport;
	} known[] = {{"udp", tsc_transport_udp},
		     {"tcp", tsc_transport_tcp},
		     {"tls", tsc_transport_tls},
		     {"dtls", tsc_transport_dtls}};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(known[i].name, name, size) == 0)
			return known[i].transport;
	return tsc_transport_none;
}

tsc_tunnel_socket_info tsc_socket_info_of(const struct tscf_control_outer *outer)
{
	return (tsc_tunnel_socket_info){.local = tsc_address_of(&outer->local),
					.remote = tsc_address_of(&outer->remote),
					.nat = tsc_address_of(&outer->nat),
					.transport = transport_of(outer->transport, sizeof(outer->transport))};
}

/* --- the program's side --- */

static const char *write_address(const union tsc_address *address, char text[INET6_ADDRSTRLEN])
{
	const void *bytes = address->sa.sa_family == AF_INET6 ? (const void *)&address->in6.sin6_addr
							      : (const void *)&address->in.sin_addr;

	return inet_ntop(address->sa.sa_family, bytes, text, INET6_ADDRSTRLEN);
}

static const char *copy(char *to, size_t size, const char *text)
{
	if (strlen(text) >= size) {
		errno = ENOSPC;
		return NULL;
	}
	return strcpy(to, text);
}

TSC_PUBLIC const char *tsc_ip_address_to_str(const union tsc_address *address, char *to, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	return write_address(address, text) ? copy(to, size, text) : NULL;
}

TSC_PUBLIC const char *tsc_ip_port_address_to_str(const union tsc_address *address, char *to, size_t size)
{
	char text[INET6_ADDRSTRLEN], whole[TSC_ADDR_STR_LEN];

	if (!write_address(address, text))
		return NULL;
	if (address->sa.sa_family == AF_INET6)
		snprintf(whole, sizeof(whole), "[%s]:%u", text, ntohs(address->in6.sin6_port));
	else
		snprintf(whole, sizeof(whole), "%s:%u", text, ntohs(address->in.sin_port));
	return copy(to, size, whole);
}
