/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events.c - which parts receive the events of the registry of sockets. */
#include "tscf-client/context.h"

static void acknowledged(struct client *c, uint64_t waiter, int error)
{
	if (waiter == REGISTRY_WAITER_TRUST)
		trusted_network_released(c);
	else
		moves_acknowledged(c, waiter, error);
}

const struct registry_events client_registry_events = {
    .acknowledged = acknowledged,
    .is_leaving = moves_is_leaving,
    .releasing = trusted_network_releasing,
    .seen = subscriptions_socket,
    .dumped = subscriptions_dumped,
    .gone = subscriptions_destroyed,
    .changed = subscriptions_changed,
};
