/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tsc_get_config(): converts what the daemon reports about its tunnels to the types of tsc.h. */
#include "common/control/control_wire.h"
#include "tscf-client/libtsc/handle.h"

#include <errno.h>
#include <string.h>

_Static_assert(TSC_SERVERS_MAX == TSCF_CONTROL_SERVERS_MAX, "all servers have room");

static union tsc_address address(const struct tscf_control_address *a)
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

static unsigned servers(const struct tscf_control_address *from, union tsc_address *to)
{
	unsigned count = 0;

	while (count < TSCF_CONTROL_SERVERS_MAX && from[count].family != 0) {
		to[count] = address(&from[count]);
		count++;
	}
	return count;
}

/* Do not rely on a NUL at the end of the daemon's texts. */
static void text(char *to, size_t to_size, const char *from, size_t from_size)
{
	size_t length = strnlen(from, from_size);

	if (length >= to_size)
		length = to_size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

static void translate(const struct tscf_control_config *c, tsc_config *out)
{
	memset(out, 0, sizeof(*out));
	out->up = c->plain.up ? tsc_bool_true : tsc_bool_false;
	out->encrypted_up = c->encrypted.up ? tsc_bool_true : tsc_bool_false;
	out->mtu = c->plain.mtu;
	out->encrypted_mtu = c->encrypted.mtu;
	out->internal_ipv4 = address(&c->plain.ipv4);
	out->internal_ipv6 = address(&c->plain.ipv6);
	out->encrypted_ipv4 = address(&c->encrypted.ipv4);
	out->encrypted_ipv6 = address(&c->encrypted.ipv6);
	out->nat = address(&c->nat);
	out->server = address(&c->server);
	out->dns_count = servers(c->dns, out->dns);
	out->sip_server_count = servers(c->sip_servers, out->sip_server);
	text(out->device, sizeof(out->device), c->plain.device, sizeof(c->plain.device));
	text(out->encrypted_device, sizeof(out->encrypted_device), c->encrypted.device, sizeof(c->encrypted.device));
	text(out->transport, sizeof(out->transport), c->plain.transport, sizeof(c->plain.transport));
	text(out->encrypted_transport, sizeof(out->encrypted_transport), c->encrypted.transport,
	     sizeof(c->encrypted.transport));
}

TSC_PUBLIC int tsc_get_config(tsc_handle handle, tsc_config *config)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_GET_CONFIG);
	struct tscf_control_config answer;
	int error;

	if (!handle_check(handle))
		return -1;
	if (!config) {
		errno = EFAULT;
		return -1;
	}
	error = tscf_control_fetch(handle->control, &request, TSC_CALL_MS, &answer, sizeof(answer));
	if (error != 0) {
		errno = error < 0 ? -error : error;
		return -1;
	}
	translate(&answer, config);
	return 0;
}
