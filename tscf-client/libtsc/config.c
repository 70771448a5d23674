/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tsc_get_config() and the like: what the daemon reports about its tunnels, in the types of tsc.h. */
#include "tscf-client/libtsc/address.h"
#include "tscf-client/libtsc/handle.h"

#include <errno.h>
#include <string.h>

_Static_assert(TSC_SERVERS_MAX == TSCF_CONTROL_SERVERS_MAX, "all servers have room");

static unsigned servers(const struct tscf_control_address *from, union tsc_address *to)
{
	unsigned count = 0;

	while (count < TSCF_CONTROL_SERVERS_MAX && from[count].family != 0) {
		to[count] = tsc_address_of(&from[count]);
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
	out->internal_ipv4 = tsc_address_of(&c->plain.ipv4);
	out->internal_ipv6 = tsc_address_of(&c->plain.ipv6);
	out->encrypted_ipv4 = tsc_address_of(&c->encrypted.ipv4);
	out->encrypted_ipv6 = tsc_address_of(&c->encrypted.ipv6);
	out->nat = tsc_address_of(&c->nat);
	out->server = tsc_address_of(&c->server);
	out->dns_count = servers(c->dns, out->dns);
	out->sip_server_count = servers(c->sip_servers, out->sip_server);
	text(out->device, sizeof(out->device), c->plain.device, sizeof(c->plain.device));
	text(out->encrypted_device, sizeof(out->encrypted_device), c->encrypted.device, sizeof(c->encrypted.device));
	text(out->transport, sizeof(out->transport), c->plain.transport, sizeof(c->plain.transport));
	text(out->encrypted_transport, sizeof(out->encrypted_transport), c->encrypted.transport,
	     sizeof(c->encrypted.transport));
}

/* Ask the daemon for a program that wants it in @p out.  @return false, with errno set. */
static bool fetch(tsc_handle handle, const void *out, struct tscf_control_config *answer)
{
	struct tscf_control_request request = handle_request(TSCF_CONTROL_GET_CONFIG);
	int error = out ? 0 : EFAULT;

	if (!handle_check(handle))
		return false;
	if (error == 0)
		error = tscf_control_fetch(handle->control, &request, TSC_CALL_MS, answer, sizeof(*answer));
	errno = error < 0 ? -error : error;
	return error == 0;
}

TSC_PUBLIC int tsc_get_config(tsc_handle handle, tsc_config *config)
{
	struct tscf_control_config answer;

	if (!fetch(handle, config, &answer))
		return -1;
	translate(&answer, config);
	return 0;
}

TSC_PUBLIC int tsc_get_tunnel_socket_info(tsc_handle handle, tsc_tunnel_socket_info *info)
{
	struct tscf_control_config answer;
	struct tscf_control_outer outer;

	if (!fetch(handle, info, &answer))
		return -1;
	if (!answer.plain.up) {
		errno = ENOTCONN;
		return -1;
	}
	outer = (struct tscf_control_outer){.local = answer.local, .remote = answer.server, .nat = answer.nat};
	memcpy(outer.transport, answer.plain.transport, sizeof(outer.transport));
	*info = tsc_socket_info_of(&outer);
	return 0;
}
