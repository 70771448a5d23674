/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * asks_call.c - requests of programs over the control socket: what one of their sockets shall have, and what it asks
 * for.
 */
#include "tscf-client/sockets/asks.h"

#include <errno.h>

static int socket_of(const struct tscf_control_call_in *call, struct tscf_socket *s)
{
	return call->fd < 0 ? -EINVAL : tscf_socket_of_own(call->fd, s);
}

bool asks_legal(enum ask_service service, uint32_t value)
{
	return service == ASK_REDUNDANCY ? tscf_redundancy_valid(value) : tscf_datagram_valid(value);
}

void asks_set(struct asks *a, struct tscf_control_call_in *call)
{
	bool by_default = call->request.flags & TSCF_CONTROL_FLAG_DEFAULT;
	enum ask_service service = call->request.op == TSCF_CONTROL_SET_REDUNDANCY ? ASK_REDUNDANCY : ASK_DATAGRAM;
	uint32_t value = call->request.level;
	struct tscf_socket s;
	int error = asks_legal(service, value) ? socket_of(call, &s) : -EINVAL;

	if (error == 0)
		error = asks_put(a, &s, service, (uint8_t)value, by_default ? ASK_BY_DEFAULT : ASK_EXPLICIT);
	tscf_control_answer(call, -error, NULL);
}

void asks_get(const struct asks *a, struct tscf_control_call_in *call)
{
	enum ask_service service = call->request.op == TSCF_CONTROL_GET_REDUNDANCY ? ASK_REDUNDANCY : ASK_DATAGRAM;
	struct tscf_socket s;
	int error = socket_of(call, &s);
	const struct ask *one = error == 0 ? asks_of(a, s.cookie) : NULL;

	call->level = one ? one->of[service].value : 0;
	tscf_control_answer(call, -error, NULL);
}

void asks_bound(struct asks *a, const struct tscf_control_call_in *call)
{
	struct tscf_socket s;

	if (a->count > 0 && socket_of(call, &s) == 0)
		asks_follow(a, &s);
}
